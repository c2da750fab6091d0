"""Candidates side by side: cells, tables that fit, and the sheet of charts."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from defusedxml.ElementTree import fromstring

import audits
from firsthand.measure import Measured
from firsthand.report import multiples, table
from firsthand.report.side_by_side import Column, Compared, Side, cell, short_names, slices
from firsthand.report.words import width
from firsthand.types import Shared, Undetermined

CLASS = (("class", "Platelets"),)
MISSING = Undetermined(
    metric="class_survival", reason="too-few-groups", params={"found": 3, "needed": 20}
)


def side(name):
    return Side(name, f"runs/{name}/data.yaml", {"samples": 364})


def compared(*answers, lang="en"):
    """One candidate for each list of answers."""
    columns = [
        Column(
            side(f"gen{at}"),
            Measured(
                tuple(each for each in given if not isinstance(each, Undetermined)),
                tuple(each for each in given if isinstance(each, Undetermined)),
                Shared(364, 364, 0),
            ),
        )
        for at, given in enumerate(answers, start=1)
    ]
    return Compared(side("human"), tuple(columns), 0, 0.05, lang)


LOST = audits.measurement()
KEPT = audits.measurement(value=1.0, adjusted_p=1.0)


def test_names_are_what_tells_sources_apart():
    assert short_names(["a/g1/data.yaml", "a/g2/data.yaml"]) == ["g1", "g2"]
    assert short_names(["v1", "v2", "v3"]) == ["v1", "v2", "v3"]
    assert short_names(["a", "a/b"]) == ["a", "a/b"]
    assert short_names(["a/b", "a/b"]) == ["a/b", "a/b"]
    assert short_names(["x/a/1/d", "x/b/1/d"]) == ["a", "b"]
    assert short_names(["x/a/1/d", "x/b/2/d"]) == ["a/1", "b/2"]


def test_a_metric_that_failed_as_a_whole_says_so_in_every_slice():
    two = compared([LOST], [MISSING])
    assert slices(two) == {"class_survival": [CLASS]}
    found = cell(two, two.columns[1], "class_survival", CLASS)
    assert found.words == "cannot say: too few independent groups of samples"
    assert found.number is None


def test_a_doubt_beside_numbers_keeps_its_row():
    one = compared([LOST, MISSING])
    assert slices(one) == {"class_survival": [CLASS, ()]}
    assert "cannot say" in table.render(one)


def test_no_answer_at_all_is_no_zero():
    two = compared([LOST], [])
    assert cell(two, two.columns[1], "class_survival", CLASS).words == "not determined"


def test_marks_follow_the_adjusted_p():
    two = compared([LOST], [replace(LOST, adjusted_p=0.051)])
    marked, plain = (cell(two, each, "class_survival", CLASS) for each in two.columns)
    assert marked.words == "▲ " + plain.words == "▲ 70% [62%, 79%]"


def test_a_common_null_stands_once_and_different_ones_under_each_value():
    alike = table.render(compared([LOST], [KEPT]))
    assert alike.count("87% – 114%") == 1
    differing = table.render(compared([LOST], [replace(KEPT, null_low=0.5)]))
    assert "(87% – 114%)" in differing
    assert "(50% – 114%)" in differing
    assert "In brackets" in differing
    assert "In brackets" not in alike


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("count", [1, 2, 5, 12])
@pytest.mark.parametrize("name", ["Platelets", "很长的名字" * 12, "a" * 90])
def test_no_line_is_wider_than_100_columns(count, lang, name):
    long = replace(LOST, slice=(("class", name), ("size", "small")))
    page = table.render(compared(*[[long, LOST]] * (count - 1), [MISSING], lang=lang))
    assert max(width(line) for line in page.splitlines()) <= 100
    numbers = re.findall(r"70% \[62%, 79%\]", page)
    assert len(numbers) == 2 * (count - 1)
    assert all(f"gen{at}" in page for at in range(1, count + 1))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_sheet_says_what_it_shows_and_fetches_nothing(lang):
    written = multiples.render(compared([LOST], [KEPT], [MISSING], lang=lang))
    svg = fromstring(written)
    names = [each.tag.rpartition("}")[2] for each in svg]
    assert names[:3] == ["title", "desc", "style"]
    assert "gen1, gen2, gen3" in svg[1].text
    assert "prefers-color-scheme: dark" in svg[2].text
    assert not re.search(r"\b(nan|inf)\b|<script|@import|url\(", written)
    assert set(re.findall(r"https?://[^\"' <]+", written)) == {"http://www.w3.org/2000/svg"}
    ids = re.findall(r'\bid="([^"]+)"', written)
    assert len(ids) == len(set(ids))
    assert written.count("▲ 70% [62%, 79%]</text>") == 1


def test_charts_of_one_metric_share_their_axis():
    other = (("class", "RBC"),)
    both = compared([LOST, replace(KEPT, slice=other)], [LOST, replace(KEPT, slice=other)])
    ticks = re.findall(r'<path d="M([\d.]+) [\d.]+v3" class="axis"/>', multiples.render(both))
    half = len(ticks) // 2
    assert half
    assert ticks[:half] == ticks[half:]


def test_what_was_left_out_and_what_is_shared_is_said():
    one = compared([LOST])
    column = one.columns[0]
    given = column.side._replace(skips=audits.blocked().skips)
    measured = column.measured._replace(shared=Shared(364, 364, 364))
    page = table.render(replace(one, columns=(Column(given, measured),)))
    assert "364 of them are in the reference too" in page
    assert "labels/lost.txt" in page
    assert "  2 × " in page
    bare = table.render(one)
    assert "reference too" not in bare
    assert "Left out" not in bare


def test_a_sheet_without_numbers_says_so():
    written = multiples.render(compared([MISSING]))
    assert "nothing could be compared with the reference" in written


def test_a_metric_without_numbers_has_its_chart_and_no_axis():
    written = multiples.render(compared([LOST, replace(MISSING, metric="tail_coverage")]))
    titles = re.findall(r'class="label number">(tail_coverage|class_survival)<', written)
    assert titles == ["class_survival", "tail_coverage"]
    chart = written[written.index(">tail_coverage<") :]
    assert "too few independent groups" in chart
    assert 'class="axis"' not in chart


def test_long_names_break_where_their_parts_meet():
    one = compared([LOST], [LOST], [LOST])
    columns = [
        replace(each, side=each.side._replace(name=f"experiment_with_long_name_{at}/weights"))
        for at, each in enumerate(one.columns)
    ]
    page = table.render(replace(one, columns=tuple(columns)))
    head = [line for line in page.splitlines() if "experiment" in line and "data.yaml" not in line]
    assert head
    assert all(re.search(r"[-_/.](\s|$)", line) for line in head)


def test_names_of_strangers_are_harmless():
    hostile = replace(LOST, slice=(("class", "<script>\x1b[31m{x}"),))
    for one in (compared([hostile]), compared([hostile], [hostile])):
        assert "\x1b" not in table.render(one)
        drawn = multiples.render(one)
        assert "<script>" not in drawn
        fromstring(drawn)
