"""What a diagnosis says, cause by cause, in both languages: two sentences and a command."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from firsthand.diagnosing import rules
from firsthand.diagnosing.answer import (
    Cause,
    DecodingRule,
    Definition,
    Diagnosis,
    Evidence,
    SamplingBias,
)
from firsthand.messages import LANGUAGES
from firsthand.report import diagnosed
from firsthand.report.collapse_page import page

GOLDEN = Path(__file__).parent / "golden"
SOURCES = {"--reference": "human", "--train": "my next", "--samples": "made"}
BAD = {
    "healthy": "",
    "overfitting": "C:broken D:broken",
    "mode-collapse": "B:broken",
    "biased-sampling": "B:broken I:biased",
    "catastrophic-forgetting": "A:broken",
    "distribution-shift": "A:broken P:broken",
    "model-collapse": "A:broken E:model-made",
    "collapse-like": "A:broken E:unknown",
    "over-dispersion": "F:broken T:broken",
}
SHARE = "share of what a second human sample reaches"


def found(signs=""):
    """A diagnosis of which only the signs that are given are out of the ordinary."""
    said = {sign[0]: sign[2:] for sign in signs.split()}
    usual = dict.fromkeys("APBFTCD", "whole") | {"E": "human", "H": "unknown", "I": "unknown"}
    evidence = tuple(_one(code, state) for code, state in (usual | said).items())
    hypotheses = rules.ranked(evidence)
    given = dict.fromkeys(("samples", "heldout"), True) | {"origin": usual != said}
    given |= dict.fromkeys(("history", "unfiltered"), False)
    given["origin"] = said.get("E") != "unknown"
    return Diagnosis(
        verdict="healthy" if hypotheses and hypotheses[0].cause == "healthy" else "failure",
        hypotheses=hypotheses,
        together=rules.together(hypotheses, evidence),
        evidence=evidence,
        settles=rules.settles(evidence, given, hypotheses),
        profile=(),
        sampling=None,
        undetermined=(),
        sizes=(("reference", 400), ("train", 400), ("samples", 400)),
        level=0.05,
        seed=0,
    )


def _one(code, state):
    if state == "unknown":
        return Evidence(code=code, state=state, reason="no-history" if code == "H" else "unsaid")
    rare = (("stratum", "rarest-tenth"),)
    return Evidence(
        code=code, state=state, value=0.61, null_low=0.9, null_high=1.1, p_value=0.004,
        metric="tail_coverage", slice=rare if code in "AB" else (), unit=SHARE, n=400,
    )  # fmt: skip


def lines(lang):
    for cause, signs in BAD.items():
        told = diagnosed.Told(found(signs), SOURCES, lang)
        assert told.found.cause == cause
        yield f"{diagnosed.head(told)}\n{diagnosed._next(told)}\n"
    none = replace(found("A:unknown B:unknown"), verdict="cannot-say", hypotheses=())
    yield f"{diagnosed.head(diagnosed.Told(none, SOURCES, lang))}\n"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_two_sentences_and_a_command(lang, request):
    golden = GOLDEN / f"diagnosed.{lang}.txt"
    written = "\n".join(lines(lang))
    if request.config.getoption("--update-golden", default=False):
        golden.write_text(written, encoding="utf-8")
    assert written == golden.read_text(encoding="utf-8")


def test_every_cause_has_words_and_a_case():
    assert set(get_args(Cause)) == set(BAD)


@pytest.mark.parametrize("cause", BAD)
def test_sentences_are_two(cause):
    told = diagnosed.Told(found(BAD[cause]), SOURCES)
    said = diagnosed.head(told).split("\n\n")[1]
    assert len(re.findall(r"[.](?= |$)", said)) == 2


@pytest.mark.parametrize(("lang", "word"), [("en", "collapse"), ("zh", "崩溃")])
def test_collapse_is_said_only_with_provenance_or_time(lang, word):
    for cause, signs in BAD.items():
        told = diagnosed.Told(found(signs), SOURCES, lang)
        said = f"{diagnosed.head(told)} {diagnosed._next(told)}"
        allowed = {
            "model-collapse": word,
            "collapse-like": {"en": "collapse-like"}.get(lang, "类似崩溃"),
        }
        rest = said.replace("Collapse", "collapse").replace(allowed.get(cause, "\0"), "")
        assert word not in rest, cause


def test_two_failures_at_once_are_both_in_the_verdict():
    told = diagnosed.Told(found("A:broken C:broken D:broken E:model-made"), SOURCES)
    first = diagnosed.render(told).splitlines()[0]
    assert "overfitting" in first
    assert "model collapse" in first


@pytest.mark.parametrize(
    ("lang", "between"), [("en", "loss, overfitting and "), ("zh", "、过拟合")]
)
def test_three_failures_are_told_as_a_list(lang, between):
    three = ("mode-collapse", "overfitting", "over-dispersion")
    told = diagnosed.Told(replace(found(BAD["mode-collapse"]), together=three), SOURCES, lang)
    first = diagnosed.head(told).splitlines()[0].replace(" in one training", "")
    assert between in first


def test_data_are_not_markup():
    bias = SamplingBias(
        exponent=1.2, low=1.1, high=1.3, lost=0.05, lost_low=0.04, lost_high=0.06, kept_after=0.6,
        fair_after=0.8, moved_after=0.3, generations=10, kinds=2, counted="classes",
        kept=(("a\x1b[31m", 0.4),),
    )  # fmt: skip
    strange = Definition(
        name="tails", state="seen", value=0.4, metric="class_survival", slice=(("class", "<b>"),)
    )
    one = replace(found(BAD["biased-sampling"]), sampling=bias, profile=(strange,))
    told = diagnosed.Told(one, SOURCES)
    assert "\x1b" not in diagnosed.render(told)
    assert "<b>" not in page(told)
    assert "firsthand label" in diagnosed.render(told)


@pytest.mark.parametrize("name", ["fair", "temperature", "top-p", "both"])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_rule_of_words_is_told_with_its_forecast(name, lang):
    rule = DecodingRule(
        name=name, top_p=0.9, top_p_low=0.88, top_p_high=0.93, order=2, words=4321, capped=True,
        kept_low=0.55, kept_high=0.65, shares_exponent=1.05,
    )  # fmt: skip
    bias = SamplingBias(
        exponent=1.23, low=1.19, high=1.27, lost=0.05, lost_low=0.04, lost_high=0.06,
        kept_after=0.6, fair_after=0.8, moved_after=0.3, generations=10, kinds=2,
        counted="tokens", rule=rule,
    )  # fmt: skip
    told = diagnosed.Told(replace(found(BAD["biased-sampling"]), sampling=bias), SOURCES, lang)
    said = diagnosed.render(told)
    for each in ("1.23", "1.19", "1.27", "55%", "65%", "4,321", "30%"):
        assert each in said
    assert ("0.88" in said) == (name in {"top-p", "both"})
    assert "{" not in said
    assert json.loads(diagnosed.document(told))["sampling"]["rule"]["top_p_low"] == 0.88


def test_the_picture_has_a_panel_for_every_number_with_a_null():
    drawn = diagnosed.picture(diagnosed.Told(found(BAD["mode-collapse"]), SOURCES))
    assert drawn.count('class="band"') == 8
    assert drawn.startswith("<svg")
