"""The diagnosis inside an audit: the words of `diagnose`, in text, HTML and JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from html import unescape
from itertools import product
from pathlib import Path

import pytest

import audits
from firsthand.diagnosing import rules
from firsthand.diagnosing.answer import Diagnosis, Evidence
from firsthand.messages import LANGUAGES, text
from firsthand.report import diagnosed, render
from firsthand.types import Finding

GOLDEN = Path(__file__).parent / "golden"

ORIGINS = {"human": "catastrophic-forgetting", "model-made": "model-collapse"}
ORIGINS |= {"unknown": "collapse-like"}


def lost(origin, lost="broken"):
    """A training set that lacks a class, made by whom `origin` says."""
    kept = 0.0 if lost == "broken" else 0.97
    evidence = (
        Evidence(
            code="A",
            state=lost,
            value=kept,
            null_low=0.76,
            null_high=1.27,
            p_value=0.001,
            metric="class_survival",
            slice=(("class", "Platelets"),),
            unit="objects per sample, candidate over reference",
        ),
        Evidence(code="P", state="whole", value=1.0, null_low=0.8, null_high=1.2, p_value=0.5),
        Evidence(code="E", state=origin, value=None if origin == "unknown" else 1.0),
        *(Evidence(code=code, state="unknown", reason="no-samples") for code in "BFTCDI"),
        Evidence(code="H", state="unknown", reason="no-history"),
    )
    found = rules.ranked(evidence)
    return Diagnosis(
        verdict="failure" if lost == "broken" else "healthy",
        hypotheses=found,
        together=rules.together(found, evidence),
        evidence=evidence,
        settles=rules.settles(evidence, dict.fromkeys(GIVEN, False), found),
        profile=(),
        sampling=None,
        undetermined=(),
        sizes=(("reference", 364), ("train", 364)),
        level=0.05,
        seed=0,
    )


GIVEN = ("samples", "heldout", "history", "unfiltered", "origin")


def audited(origin, lost_="broken"):
    return replace(audits.blocked(), diagnosis=lost(origin, lost_))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_whole_audit_with_its_diagnosis(lang, request):
    """Golden texts: what it prints, and what a pull request shows, for each origin."""
    written = ""
    for origin, form in product(ORIGINS, ("text", "markdown")):
        written += f"== {origin}, {form} ==\n{render(audited(origin), form, lang)}\n"
    golden = GOLDEN / f"caused.{lang}.txt"
    if request.config.getoption("--update-golden", default=False):
        golden.write_text(written, encoding="utf-8")
    assert written == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("form", ["text", "markdown", "html", "github", "junit"])
def test_a_gate_reads_cause_and_command(form):
    said = unescape(render(audited("model-made"), form))
    assert text("section.diagnosis") in said
    assert "MODEL COLLAPSE" in said.upper()
    assert "firsthand plan" in said


@pytest.mark.parametrize("form", ["text", "markdown", "html", "github", "junit"])
def test_whose_models_is_open_where_no_lineage_is_known(form):
    """A note says that another source would differ too: the diagnosis must not contradict it."""
    known = audited("model-made")
    note = Finding(code="other-source", severity="note")
    unknown = replace(known, findings=(*known.findings, note))
    line = text("diagnose.lineage").partition(":")[0]
    assert line in render(unknown, form)
    assert line not in render(known, form)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("origin", ORIGINS)
def test_text_says_what_diagnose_says_and_a_command(origin, lang):
    result = audited(origin)
    assert result.diagnosis.cause == ORIGINS[origin]
    said = render(result, "text", lang)
    told = diagnosed.Told(
        result.diagnosis, {"--reference": "data/human", "--train": "data/next"}, lang
    )
    for line in filter(None, diagnosed.head(told).splitlines()):
        assert line in said
    assert text("section.diagnosis", lang) in said
    assert all(command.split()[1] in said for _, command in diagnosed.commands(told))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_has_evidence_for_and_against(lang):
    said = render(audited("human"), "html", lang)
    for code in ("cause", "for", "against", "question.A", "question.E"):
        assert text(f"diagnose.{code}", lang) in said
    assert text("diagnose.question.D", lang) not in said  # of the model nobody asked


@pytest.mark.parametrize("format", ["text", "html"])
def test_collapse_is_not_said_of_what_people_made(format):
    said = render(audited("human"), format).rpartition("</style>")[2]
    assert "collapse" not in said.lower()


def test_json_has_the_object_of_diagnose():
    found = json.loads(render(audited("model-made"), "json"))["diagnosis"]
    told = diagnosed.Told(lost("model-made"), {"--reference": "r", "--train": "t"})
    alone = json.loads(diagnosed.document(told))
    assert found.keys() == alone.keys()
    assert found["schema"] == "firsthand.diagnose/1"
    assert found["hypotheses"] == alone["hypotheses"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_loss_within_tolerance_gets_one_line_and_no_cause(lang):
    said = render(audited("human", "whole"), "text", lang)
    assert text("diagnose.small", lang) in said
    assert text("diagnose.verdict.healthy", lang) not in said.splitlines()


@pytest.mark.parametrize("format", ["text", "html", "json"])
def test_nothing_lost_nothing_said(format):
    said = render(audits.blocked(), format)
    assert text("section.diagnosis") not in said
    assert "diagnosis" not in said
