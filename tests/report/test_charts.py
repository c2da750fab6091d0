"""Charts without a browser: they parse, hold no NaN, and no label is clipped or covered."""

from __future__ import annotations

import re
from itertools import pairwise
from math import inf, nan

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st

import audits
from firsthand.report import charts, curves, render
from firsthand.report.svg import ticks

NAMES = ("class Platelets", "类别 血小板，小目标", "a" * 90, "很长的名字" * 12, "<b>&'\"")


def row(label="x", value=0.7, spread=0.1, null=(0.9, 1.1), severity=""):
    return charts.Interval(
        label, f"{value:.3g}", value, value - spread, value + spread, *null, severity
    )


def wide(words):
    """Width of 11 px text, estimated apart from the code under test."""
    return sum(11 if ord(letter) > 0x2E7F else 6.2 for letter in words)


def boxes(svg):
    for text in svg.iter("text"):
        x, y = float(text.get("x")), float(text.get("y"))
        across = wide(text.text or "")
        left = {"start": x, "middle": x - across / 2, "end": x - across}[text.get("text-anchor")]
        yield left, y - 9, left + across, y + 2, text.text


def check(written):
    drawn = re.sub(r"<(title|desc|text)\b.*?</\1>", "", written)
    assert not re.search(r"\b(nan|inf)\b", drawn)
    svg = fromstring(written)
    _, _, width, height = map(float, svg.get("viewBox").split())
    found = list(boxes(svg))
    for left, top, right, bottom, words in found:
        assert left >= -1, words
        assert right <= width + 1, words
        assert top >= -1, words
        assert bottom <= height + 1, words
    for at, one in enumerate(found):
        for other in found[at + 1 :]:
            apart = (
                one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
            )
            assert apart, (one, other)
    for rect in svg.iter("rect"):
        if rect.get("x"):
            assert float(rect.get("x")) + float(rect.get("width")) <= width + 0.1
    assert svg.find("title").text
    assert svg.find("desc").text
    return svg


@pytest.mark.parametrize("name", NAMES)
def test_labels_fit(name):
    check(
        charts.intervals([row(name), row(name, 1.2, severity="block")], "t", "d", charts.Scale(1.0))
    )


@pytest.mark.parametrize(
    "rows",
    [
        [row(value=1.0, spread=0.0, null=(1.0, 1.0))],
        [row(value=0.0, spread=0.0, null=(0.0, 0.0))],
        [row(value=1e-9), row(value=1e6)],
        [row(value=0.5, spread=1e12)],
        [row(null=(nan, nan))],
        [charts.Interval("x", "0.5", 0.5, nan, nan, 0.4, inf)],
        [row(value=-3.0)],
    ],
)
def test_odd_numbers_are_drawn(rows):
    check(charts.intervals(rows, "t", "d", charts.Scale(None)))


@given(
    st.floats(-1e6, 1e6),
    st.floats(0, 1e6),
    st.floats(-1e6, 1e6),
    st.sampled_from([None, 0.0, 1.0]),
)
def test_any_interval_is_drawn(value, spread, null, neutral):
    rows = [row(value=value, spread=spread, null=(null, null + spread))]
    check(charts.intervals(rows, "t", "d", charts.Scale(neutral)))


@given(st.floats(-1e9, 1e9), st.floats(1e-5, 1e9))
def test_ticks_are_few_and_inside(low, share):
    span = share * max(abs(low), 1e-9)  # a narrower axis is never asked for
    high = low + span
    found = ticks(low, high)
    assert len(found) <= 5
    assert all(low - span * 1e-6 <= tick <= high + span * 1e-6 for tick in found)
    assert all(first < second for first, second in pairwise(found))


def test_severity_is_told_by_shape_as_well_as_colour():
    drawn = [
        charts.intervals([row(severity=each)], "t", "d", charts.Scale()) for each in ("", "block")
    ]
    assert "<circle" in drawn[0]
    assert "<circle" not in drawn[1]


def test_bar_fills_the_width_in_the_order_of_distance():
    parts = [("real", 1), ("pseudo-label", 2), ("own-output", 997), ("unknown", 3)]
    svg = check(charts.composition(parts, "t", "d"))
    drawn = [rect for rect in svg.iter("rect") if "part" in (rect.get("class") or "")]
    assert [rect.get("class").split()[0] for rect in drawn] == [f"p-{name}" for name, _ in parts]
    assert sum(float(rect.get("width")) for rect in drawn) == pytest.approx(360, abs=0.1)
    hatched = [rect for rect in svg.iter("rect") if (rect.get("fill") or "").startswith("url(#")]
    assert len(hatched) == 2


def point(x, value, spread=0.1):
    return curves.Point(x, value, value - spread, value + spread, 0.9, 1.1)


@pytest.mark.parametrize(
    "points",
    [
        [point(0, 1.0)],
        [point(at, 1 - at / 10) for at in range(10)],
        [point(at, 1.0, 0.0) for at in range(200)],
        [point(3, 0.5), point(1, 0.9), point(2, nan)],
        [curves.Point(0, 1.0, nan, nan, nan, nan), curves.Point(1, 0.5, nan, nan, nan, nan)],
    ],
)
def test_curves_are_drawn(points):
    series = [curves.Curve("replace", tuple(points)), curves.Curve("anchor", tuple(points))]
    check(curves.curves(series, "t", "d", ("generation", "{:g}".format)))


def test_points_come_in_order_of_generation():
    shuffled = (point(3, 0.5), point(1, 0.9))
    written = curves.curves([curves.Curve("a", shuffled)], "t", "d", ("generation", str))
    path = re.search(r'<path d="M([\d.]+) [\d.]+L([\d.]+) [\d.]+" class="line', written)
    assert float(path[1]) < float(path[2])


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", audits.EVERY)
def test_charts_of_reports(name, lang):
    written = render(audits.EVERY[name](), "html", lang)
    found = re.findall(r'<svg class="chart".*?</svg>', written, re.S)
    assert found
    for each in found:
        check(each)
    ids = re.findall(r' id="([^"]+)"', written)
    assert len(ids) == len(set(ids))
