"""Both catalogues say the same things, and every code of the program is in them."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from firsthand import messages, registry
from firsthand.config import DEFAULTS
from firsthand.errors import InputError
from firsthand.messages import LANGUAGES, catalogue, text

SOURCE = Path(messages.__file__).parents[1]
TRANSLATIONS = ("metric.", "limit.")  # facts whose English is declared in code
PARAMETER = re.compile(r"\{(\w+)")


def codes(lang):
    return {code for code in catalogue(lang) if not code.startswith(TRANSLATIONS)}


def test_both_languages_have_the_same_codes():
    assert codes("en") == codes("zh")


@pytest.mark.parametrize("code", sorted(codes("en")))
def test_both_languages_use_the_same_parameters(code):
    assert set(PARAMETER.findall(catalogue("en")[code])) == set(
        PARAMETER.findall(catalogue("zh")[code])
    )


def test_no_pattern_is_malformed():
    for lang in LANGUAGES:
        for code, pattern in catalogue(lang).items():
            rest = messages._FIELD.sub("", pattern)
            assert "{" not in rest, f"{lang} {code}"
            assert "}" not in rest, f"{lang} {code}"


def test_facts_are_translated_of_what_exists():
    metrics = set(registry.names("metrics"))
    limits = {limit.name for limit in DEFAULTS}
    for code in catalogue("zh"):
        if code.startswith("metric."):
            assert code.split(".")[1] in metrics
        if code.startswith("limit."):
            assert code.removeprefix("limit.") in limits


def test_every_metric_is_translated():
    for name, metric in registry.load_all("metrics").items():
        for fact, said in (("question", metric.question), ("unit", metric.unit)):
            assert f"metric.{name}.{fact}" in catalogue("zh"), said
        if metric.absolute_unit:
            assert f"metric.{name}.absolute" in catalogue("zh"), metric.absolute_unit


def test_every_limit_is_translated():
    for limit in DEFAULTS:
        assert f"limit.{limit.name}" in catalogue("zh")


def used(call, keyword, position=None):
    """String constants that the program gives as this argument of this call."""
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            if call not in (getattr(node.func, "id", ""), getattr(node.func, "attr", "")):
                continue
            given = [each.value for each in node.keywords if each.arg == keyword]
            if position is not None:
                given += node.args[position : position + 1]
            for argument in given:
                chosen = (
                    [argument.body, argument.orelse]
                    if isinstance(argument, ast.IfExp)
                    else [argument]
                )
                yield from (
                    (path.name, leaf.value) for leaf in chosen if isinstance(leaf, ast.Constant)
                )


@pytest.mark.parametrize(
    ("call", "keyword", "position", "family"),
    [
        ("Finding", "code", None, "finding.{}.title"),
        ("Metric", "finding", None, "finding.{}.title"),
        ("Undetermined", "reason", None, "undetermined.{}.why"),
        ("Skip", "code", 0, "skip.{}"),
        ("skip", "code", 0, "skip.{}"),
    ],
)
def test_every_code_of_the_program_has_a_text(call, keyword, position, family):
    found = list(used(call, keyword, position))
    assert found
    missing = [each for each in found if not messages.has(family.format(each[1]))]
    assert not missing


def test_advice_points_at_texts_and_findings_that_exist():
    table = messages._json("commands.json")
    for finding, advices in table["advice"].items():
        assert finding == "default" or messages.has(f"finding.{finding}.title")
        assert all(messages.has(f"advice.{advice}") for advice in advices)
    for reason, advices in table["undetermined"].items():
        assert messages.has(f"undetermined.{reason}.why")
        assert all(messages.has(f"advice.{advice}") for advice in advices)
    assert all(messages.has(f"advice.{advice}") for advice in table["commands"])


def test_parameters_are_data_and_are_put_in_once():
    shown = text("finding.new-class.title", "en", name="{count, integer} <b>")
    assert shown == "Class {count, integer} <b> is not in the reference"


def test_plural_and_number_formats():
    assert text("unit.samples", "en", count=1) == "1 sample"
    assert text("unit.samples", "en", count=12345) == "12,345 samples"
    assert text("label.ancestry", "en", ancestry=0.5) == "Traced back to human data: 50%"


def test_a_missing_parameter_is_seen():
    assert "{name}" in text("finding.new-class.title", "en")


def test_commands_are_quoted_for_a_shell():
    typed = messages.command("see-report", ["firsthand", "audit", "a; rm -rf b", "$(x)"])
    assert typed == "firsthand audit 'a; rm -rf b' '$(x)' --report report.html"


def used_in_source(code):
    """Does a module or the template ask for this code, or build it from its family?"""
    told = "".join(
        path.read_text(encoding="utf-8")
        for path in (*SOURCE.rglob("*.py"), *SOURCE.rglob("report.html"))
    )
    return re.search(rf"[\"']{re.escape(code)}[\"']", told) is not None


@pytest.mark.parametrize("family", ["label", "section", "chart"])
def test_no_text_of_the_layout_is_unused(family):
    unused = [
        code
        for code in catalogue("en")
        if code.startswith(f"{family}.")
        and not used_in_source(code)
        and not used_in_source(code.removeprefix(f"{family}."))
    ]
    assert unused == []


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"LC_ALL": "zh_TW.UTF-8", "LANG": "en_US"}, "zh"),
        ({"LC_ALL": "en_US.UTF-8", "LANG": "zh_CN"}, "en"),
        ({"LANG": "C"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({}, "en"),
    ],
)
def test_language_follows_the_locale(environ, expected):
    assert messages.language(None, environ) == expected


def test_a_language_that_is_asked_for_and_unknown_is_an_error():
    with pytest.raises(InputError, match="one of en, zh"):
        messages.language("fr")


@pytest.mark.parametrize("family", ["advice", "finding", "skip", "slice", "undetermined"])
def test_nothing_is_said_that_nobody_asks_for(family):
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in SOURCE.rglob("*.py")]
    nodes = (node for tree in trees for node in ast.walk(tree))
    written = {node.value for node in nodes if isinstance(node, ast.Constant)}
    written |= set(re.findall(r'"([^"]+)"', (SOURCE / "messages/commands.json").read_text()))
    said = {code for code in codes("en") if code.startswith(f"{family}.")}
    assert not {code for code in said if not {code, code.split(".")[1]} & {*written, "other"}}
