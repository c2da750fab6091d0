"""Every code as a person reads it, in both languages: a change of wording is seen in a diff."""

from __future__ import annotations

from pathlib import Path

import pytest

import audits
from firsthand.messages import LANGUAGES, _json, catalogue, command, has, text
from firsthand.report.story import retyped
from firsthand.report.words import numbers, part

GOLDEN = Path(__file__).parent / "golden"
GIVEN = {
    "count": 3,
    "total": 364,
    "bound": 0.1,
    "code": "class-lost",
    "owner": "Li Wei",
    "expires": "2027-01-31",
    "reason": "night shots are relabelled in January",
    "expected": "night shots left out on purpose",
    "name": "Basophil",
    "examples": "a.jpg, b.jpg",
    "details": "found = 3",
    "found": 4.2,
    "needed": 10,
    "asked": 8,
    "extra": "text",
    "question": "Which classes are disappearing?",
    "worse": "lower",
    "samples": 8,
    "first": "a first thing",
    "broken": 2,
    "measured": 41,
    "undetermined": 5,
    "needs": "more",
    "view": "texts",
    "embedder": "causal_lm",
    "key": "waivers",
    "generations": 2,
    "classes": 1,
    "draws": 1200.0,
    "lasts": 6.0,
}
FAMILIES = ("verdict", "finding", "undetermined", "skip", "advice", "severity", "provenance")


def lines(lang):
    measured = numbers(audits.LOST, lang)
    given = measured | GIVEN | {"part": part(audits.LOST.slice, lang)}
    held_out = given | {"part": part((("held-out", "val"),), lang)}
    for code in sorted(catalogue(lang)):
        if code.startswith(FAMILIES):
            said = held_out if "leak" in code or "anchor" in code else given
            yield f"{code}: {text(code, lang, **said)}"
    for code in sorted(_json("commands.json")["commands"]):
        yield f"command.{code}: {command(code, retyped(audits.blocked()))}"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_texts(lang, request):
    golden = GOLDEN / f"{lang}.txt"
    written = "\n".join(lines(lang)) + "\n"
    if request.config.getoption("--update-golden", default=False):
        golden.write_text(written, encoding="utf-8")
    assert written == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_documented_parameter_is_left_open(lang):
    for line in lines(lang):
        assert "{" not in line


def test_every_finding_says_what_why_and_what_to_do():
    for code in catalogue("en"):
        if code.startswith("finding.") and code.endswith(".title"):
            assert has(code.replace(".title", ".why"))
        if code.startswith("undetermined.") and code.endswith(".why"):
            assert has(code.replace(".why", ".needs"))
