"""One audit in every format: what each must hold, and what a stranger's names must not do."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import replace
from math import nan
from pathlib import Path

import pytest
from defusedxml.ElementTree import fromstring

import audits
import firsthand.report
from firsthand.report import FORMATS, render, write
from firsthand.report.story import tell
from firsthand.types import Finding, Measurement, Undetermined

LANGS = ("en", "zh")
FOLDER = Path(firsthand.report.__file__).parent


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name", audits.EVERY)
def test_every_audit_renders(name, format, lang):
    written = render(audits.EVERY[name](), format, lang)
    assert written.endswith("\n") or format == "html"
    assert "\x1b" not in written.replace("\\u001b", "")
    assert "\u202e" not in written or format == "json"  # data stay exact in JSON


@pytest.mark.parametrize("lang", LANGS)
def test_text_begins_with_the_verdict_and_follows_the_order(lang):
    audit = audits.blocked()
    story = tell(audit, lang)
    written = render(audit, "text", lang, report="out/report.html")
    assert written.startswith(f"■ {story.word}  {story.sentence}\n")
    names = ("findings", "composition", "undetermined", "skips", "report")
    places = [written.index("\n" + story.say(f"section.{name}")) for name in names]
    assert places == sorted(places)
    assert "out/report.html" in written


def test_text_names_number_interval_null_slice_and_command():
    written = render(audits.blocked(), "text")
    assert "Class Platelets: 70% of its objects are left" in written
    assert "70% [62%, 79%] at 95%; human against human 87% to 114%" in written
    assert "$ firsthand audit 'data/next round' --reference data/human" in written
    assert "2 × label of zero area" in written
    assert "labels/BloodImage_00023.xml:71 (120 120 240 240)" in written


def test_an_explanation_is_said_once_however_many_findings_share_it():
    finding = audits.blocked().findings[0]
    many = replace(
        audits.blocked(), findings=(finding, replace(finding, slice=(("class", "RBC"),)))
    )
    why = tell(many).findings[0].why
    assert render(many, "text").count(why) == 1
    assert render(many, "github").count(why) == 2


def test_cannot_say_says_what_to_declare():
    written = render(audits.cannot_say(), "text")
    first, _, _ = written.partition("\n")
    assert first.startswith("◆ CANNOT SAY")
    assert "the origin of 364 of 364 samples is not declared" in first
    overlap = Finding(code="reference-overlap", severity="note", params={"count": 1, "total": 3})
    for audit in (audits.cannot_say(), replace(audits.cannot_say(), findings=(overlap,))):
        assert "--reference data/human --origin human\n" in render(audit, "text")


def test_what_is_open_in_sets_of_other_sizes_is_not_mixed():
    open_questions = tuple(
        Undetermined(metric=limit, reason="unknown-origin", params={"count": total, "total": total})
        for limit, total in (("origins_known", 8), ("anchor_clean", 4))
    )
    text = render(replace(audits.cannot_say(), undetermined=open_questions), "text")
    assert "8 of 8 samples" in text
    assert "4 of 4 samples" in text


def test_colour_only_when_asked():
    assert "\x1b[1;31m" in render(audits.blocked(), "text", colour=True)
    assert "\x1b" not in render(audits.blocked(), "text")


def test_a_metric_without_texts_shows_by_its_own_facts():
    measured = audits.measurement("somebodys_metric", (), 1.5, unit="bits", worse="up")
    audit = replace(
        audits.blocked(),
        findings=(Finding(code="their-code", severity="watch", measurement=measured),),
    )
    told = tell(audit).findings[0]
    assert told.title == (
        "Outside what two human samples differ by: somebodys_metric, the whole set, 1.5"
    )
    assert "higher" in told.why
    assert told.number.startswith("1.5 [1.32, 1.69]")


def test_json_is_one_strict_document():
    measured = audits.measurement(null_low=nan)
    audit = replace(audits.blocked(), measurements=(measured,))

    def refuse(constant):
        raise AssertionError(constant)

    told = json.loads(render(audit, "json"), parse_constant=refuse)
    assert told["schema"] == "firsthand.audit/1"
    assert told["tool_version"] == "0.1.0"
    assert told["verdict"] == "block"
    assert told["measurements"][0]["slice"] == {"class": "Platelets"}
    assert told["measurements"][0]["null_low"] is None
    assert told["findings"][0]["code"] == "class-lost"
    assert told["findings"][0]["measurement"]["value"] == 0.7
    assert told["findings"][0]["advice"][0]["command"].startswith("firsthand audit")
    assert told["undetermined"][0]["reason"] == "too-few-objects"
    assert told["composition"]["by_class"]["pseudo-label"] == 100
    assert told["skips"]["label-zero-area"]["count"] == 2
    assert set(told["findings"][0]["measurement"]) == set(Measurement.__dataclass_fields__)


def test_json_is_the_same_in_every_language():
    assert render(audits.blocked(), "json", "zh") == render(audits.blocked(), "json", "en")


def test_json_bears_a_file_name_that_is_not_utf8():
    audit = replace(audits.blocked(), candidate={"name": "bad\udcffname"})
    assert json.loads(render(audit, "json"))["candidate"]["name"] == "bad\\udcffname"


@pytest.mark.parametrize(
    ("name", "tag"), [("blocked", "failure"), ("cannot-say", "error"), ("passed", None)]
)
def test_junit_is_green_only_for_pass(name, tag):
    suite = fromstring(render(audits.EVERY[name](), "junit"))
    bad = suite.findall("testcase/failure") + suite.findall("testcase/error")
    assert bool(bad) is (tag is not None)
    if tag:
        assert suite.find("testcase[@name='verdict']").find(tag) is not None
    assert int(suite.get("tests")) == len(suite.findall("testcase"))
    assert int(suite.get("failures")) == len(suite.findall("testcase/failure"))
    assert int(suite.get("skipped")) == len(suite.findall("testcase/skipped"))


def test_github_writes_one_command_a_line():
    written = render(audits.hostile(), "github")
    for line in written.splitlines():
        assert re.match(r"::(error|warning|notice) [^:]*title=[^:]*::", line)


def test_markdown_escapes_data():
    # Inside a fence nothing is markup, and no name can end it: it is one line.
    written = re.sub(r"```sh\n.*\n  ```", "", render(audits.hostile(), "markdown"))
    assert "<script>" not in written
    table = [line for line in written.splitlines() if line.startswith("| ")]
    assert table
    assert all(len(re.findall(r"(?<!\\)\|", line)) == 4 for line in table)


def test_findings_beyond_the_limit_are_counted():
    finding = audits.blocked().findings[0]
    many = tuple(replace(finding, slice=(("class", f"c{at}"),)) for at in range(30))
    assert "and 18 more" in render(replace(audits.blocked(), findings=many), "text")


def test_blocking_limits_are_counted_not_findings():
    finding = audits.blocked().findings[0]
    audit = replace(audits.blocked(), findings=(finding, finding))
    assert "1 limit is broken" in tell(audit).sentence


def test_write_replaces_the_file(tmp_path):
    path = tmp_path / "报告 1.html"
    path.write_text("old", encoding="utf-8")
    assert write(audits.passed(), path) == path
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")


SENTENCE = re.compile(r"[A-Za-z]{2,} [a-z]{2,} [a-z]{2,}")


def sentences(source):
    """String constants of a module that read like a sentence and are no docstring."""
    tree = ast.parse(source)
    spoken = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and isinstance(node.body[0], ast.Expr)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in spoken
        and SENTENCE.search(node.value)
    ]


def test_the_search_for_bare_sentences_can_find_one():
    assert sentences('"""A docstring of the module."""\nx = f"the class {name} is gone from here"')
    assert not sentences('"""A docstring of the module."""')


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.name)
def test_no_bare_sentence_in_the_report(path):
    assert sentences(path.read_text(encoding="utf-8")) == []


def test_no_bare_sentence_in_the_template():
    page = (FOLDER / "report.html").read_text(encoding="utf-8")
    words = re.sub(r"\{%.*?%\}|\{\{.*?\}\}|<[^>]*>", " ", page)
    assert re.findall(r"[A-Za-z]{3,}", words) == []
