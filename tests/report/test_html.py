"""The report file: offline, scriptless, small, and safe with any name."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser

import pytest

import audits
from firsthand.report import notebook, render
from firsthand.report.story import tell
from firsthand.trajectory import Row

PAGES = [(name, lang) for name in audits.EVERY for lang in ("en", "zh")]
VOID = {"meta", "br", "link", "img", "input", "hr"}


class Page(HTMLParser):
    """Collects tags and attributes, and checks that tags close in order."""

    def __init__(self, written):
        super().__init__()
        self.open, self.tags, self.attributes, self.words = [], [], [], []
        self.feed(written)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


@pytest.mark.parametrize(("name", "lang"), PAGES)
def test_pages_are_well_formed_and_fetch_nothing(name, lang):
    page = Page(render(audits.EVERY[name](), "html", lang))
    assert not {"script", "link", "iframe", "object", "embed", "img", "form"} & set(page.tags)
    for key, value in page.attributes:
        assert not key.startswith("on")
        assert key not in {"style", "src", "href", "srcset", "action"}
        assert "://" not in (value or "")
    assert dict(page.attributes)["lang"] == {"en": "en", "zh": "zh-CN"}[lang]


@pytest.mark.parametrize(("name", "lang"), PAGES)
def test_policy_allows_this_style_and_nothing_else(name, lang):
    written = render(audits.EVERY[name](), "html", lang)
    style = re.search(r"<style>(.*?)</style>", written, re.S)[1]
    policy = dict(
        rule.strip().split(" ", 1)
        for rule in re.search(r'Policy" content="([^"]*)"', written)[1]
        .replace("&#39;", "'")
        .split(";")
    )
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert policy == {
        "default-src": "'none'",
        "style-src": f"'sha256-{digest}'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert "url(" not in style
    assert "@import" not in style
    assert "<" not in style


def test_hostile_names_stay_words():
    page = Page(render(audits.hostile(), "html"))
    assert "script" not in page.tags
    assert any("<script>alert(1)</script>" in words for words in page.words)
    assert not any(words == "49" for words in page.words)  # {{7*7}} was not computed


def test_verdict_number_is_the_number_in_the_chart():
    audit = audits.blocked()
    story = tell(audit)
    said = re.search(r"[\d.]+%", story.sentence)[0]
    written = render(audit, "html")
    chart = re.search(r"<g><title>class Platelets: ([^<]*)</title>", written)[1]
    assert chart == said == "70%"


def test_a_large_audit_stays_within_the_budget():
    measured = tuple(
        audits.measurement(metric, (("class", f"class number {at}"), ("size", size)))
        for metric in ("class_survival", "size_survival", "pair_survival")
        for at in range(300)
        for size in ("small", "large")
    )
    made = audits.blocked()
    many = {f"class number {at}": {"real": 9, "unknown": 1} for at in range(1000)}
    audit = replace(
        made,
        measurements=measured,
        findings=tuple(
            replace(made.findings[0], slice=each.slice, measurement=each) for each in measured[:300]
        ),
        undetermined=made.undetermined * 300,
        skips=made.skips * 1000,
        composition=replace(made.composition, by_label=many),
    )
    assert len(render(audit, "html").encode()) <= 400_000


def rows():
    for policy in ("replace", "anchor"):
        for generation in range(6):
            value = 1 - 0.12 * generation * (policy == "replace")
            yield Row(
                *("demo", 0, policy, generation, "class_survival", (("class", "a<b"),)),
                *(value, value - 0.05, value + 0.05, 0.9, 1.1, audits.RATE, 100, 0),
            )
    nothing = (None, None, None, None, None)
    yield Row(
        "demo", 0, "replace", 6, "class_survival", (("class", "a<b"),), *nothing, "", 3, 0, "x"
    )


def test_a_trajectory_is_drawn_with_its_table():
    written = render(audits.blocked(), "html", trajectory=tuple(rows()))
    page = Page(written)
    assert "class_survival, class a<b over generations" in page.words
    assert written.count('class="line s') == 2
    assert "replace 100% to 40%" in written


def test_print_and_dark_rules_are_there():
    written = render(audits.passed(), "html")
    assert "@media print" in written
    assert "prefers-color-scheme: dark" in written


def test_a_notebook_cell_is_one_sandboxed_frame():
    page = Page(notebook(audits.hostile(), "zh"))
    assert page.tags == ["iframe"]
    given = dict(page.attributes)
    assert given["sandbox"] == ""  # nothing is allowed
    assert given["srcdoc"] == render(audits.hostile(), "html", "zh")


def test_an_audit_shows_itself_in_a_notebook(monkeypatch):
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert audits.blocked()._repr_html_() == notebook(audits.blocked(), "zh")


def test_a_limit_that_nothing_was_held_against_is_not_called_kept():
    audit = audits.blocked()
    used = {"class_survival": audits.LIMIT, "type_survival": audits.LIMIT}
    page = render(replace(audit, limits={"limits": used}), "html", "en")
    row = re.search(r"<tr>\s*<t[dh][^>]*>type_survival.*?</tr>", page, re.DOTALL)
    assert row
    assert "not asked here" in row[0]
    assert "inside the limit" not in row[0]
