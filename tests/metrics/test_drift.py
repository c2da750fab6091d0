"""Drift: hand-checked distances, missing values, absent columns, and rates by simulation."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import pytest

from firsthand import registry
from firsthand.contracts import CategoriesView, Column, ColumnsView, Draws
from firsthand.measure import measure
from firsthand.numerics import drift
from firsthand.numerics.columns import columns_view
from firsthand.numerics.multiplicity import family_wise
from firsthand.numerics.resampling import Pair, draw, make_splits
from firsthand.types import Boxes, Dataset, Sample, Shared


def table(*columns: Column) -> ColumnsView:
    n = len(columns[0].values)
    return ColumnsView(np.arange(n) % 64, n, columns)


def numbers(name: str, values: Sequence[float] | np.ndarray) -> Column:
    return Column(name, "number", np.asarray(values, dtype=float))


def words(name: str, values: Sequence[str] | np.ndarray) -> Column:
    return Column(name, "category", np.asarray(values, dtype=np.str_))


def compare(reference: ColumnsView, candidate: ColumnsView, seed: int = 0) -> Draws:
    plan = make_splits(seed, Shared(len(reference.bucket), len(candidate.bucket), 0), 499)
    return registry.load("metrics", "column_drift").compare(reference, candidate, plan)


def chance(draws: Draws) -> np.ndarray:
    return family_wise(draws.value, draws.null).family


def test_categories_by_hand() -> None:
    """A third of the rows went from `a` to `b`; a tenth lost the value."""
    human = words("c", ["a"] * 60 + ["b"] * 30)
    candidate = words("c", ["a"] * 30 + ["b"] * 51 + [""] * 9)
    draws = compare(table(human), table(candidate))
    # With ten rows more, where the reference shows too few: no value, and other values.
    assert draws.value == pytest.approx([30 / 110])
    assert chance(draws) <= 0.01


def test_numbers_that_move_to_the_middle_are_seen_in_full() -> None:
    """Kolmogorov and Smirnov see half of it, because as much comes from above as from below."""
    rng = np.random.default_rng(1)
    wide, narrow = rng.normal(size=20000), rng.normal(size=20000) / 2
    draws = compare(table(numbers("x", wide)), table(numbers("x", narrow)))
    grid = np.linspace(-4, 4, 2001)
    gap = np.array([(narrow <= at).mean() - (wide <= at).mean() for at in grid])
    assert draws.value[0] == pytest.approx(gap.max() - gap.min(), abs=0.02)
    assert draws.value[0] > 1.9 * np.abs(gap).max()


def test_a_few_values_of_a_number_are_categories(rng: np.random.Generator) -> None:
    human = numbers("stars", rng.choice(5, 600))
    without = numbers("stars", human.values[human.values != 3])
    buckets = tuple(np.arange(len(each.values)) % 64 for each in (human, without))
    counted = drift.count(human, without, buckets)
    assert not counted.ordered
    assert counted.reference.shape[1] == 7


def test_missing_values_are_a_value(rng: np.random.Generator) -> None:
    values = rng.normal(size=600)
    gone = np.where(rng.random(600) < 0.2, np.nan, rng.normal(size=600))
    same = compare(table(numbers("x", values)), table(numbers("x", rng.normal(size=600))))
    less = compare(table(numbers("x", values)), table(numbers("x", gone)))
    assert chance(same) > 0.05
    assert less.value[0] > 0.15
    assert chance(less) <= 0.01


def test_text_in_a_column_of_numbers_is_no_value(rng: np.random.Generator) -> None:
    human = numbers("x", rng.normal(size=300))
    broken = words("x", [f"{value:.6f}" for value in human.values[:200]] + ["n/a"] * 100)
    draws = compare(table(human), table(broken))
    assert draws.value[0] == pytest.approx(100 / 310, abs=0.03)


def test_absent_columns_are_named_and_never_lost(rng: np.random.Generator) -> None:
    x, y, z = (numbers(name, rng.normal(size=200)) for name in "xyz")
    draws = compare(table(x, y), table(x, z))
    assert draws.slices == ((("column", "x"),),)
    named = {note.slice: note.reason for note in draws.undetermined}
    assert named == {(("column", "y"),): "column-absent", (("column", "z"),): "column-new"}


def test_only_absent_columns_are_undetermined(rng: np.random.Generator) -> None:
    draws = compare(table(numbers("x", rng.normal(size=99))), table(words("y", ["a"] * 99)))
    assert draws.slices == ()
    assert len(draws.undetermined) == 2


def test_a_column_of_names_is_undetermined() -> None:
    sides = [table(words("name", [f"{side}{at}" for at in range(300)])) for side in "ab"]
    draws = compare(*sides)
    assert draws.slices == ()
    assert [note.reason for note in draws.undetermined] == ["too-few-objects"]


def test_a_constant_column(rng: np.random.Generator) -> None:
    """The same constant is no drift, one stray value is chance, another constant is all of it."""
    human = table(numbers("x", np.full(300, 5.0)))
    assert compare(human, human).value == 0
    stray = numbers("x", np.where(np.arange(300) == 7, 6.0, 5.0))
    assert chance(compare(human, table(stray))) > 0.05
    other = compare(human, table(numbers("x", np.full(300, 6.0))))
    assert other.value[0] > 0.9
    assert chance(other) <= 0.01


def test_a_value_that_is_missing_by_chance_is_no_drift(rng: np.random.Generator) -> None:
    """No value was missing in the reference, two are in the candidate."""
    human, candidate = rng.normal(size=300), rng.normal(size=300)
    candidate[:2] = np.nan
    assert chance(compare(table(numbers("x", human)), table(numbers("x", candidate)))) > 0.05


def test_family_wise_rate_over_many_columns() -> None:
    """Twenty related columns of one table, some with missing values: 5 % within 3 errors."""

    def rows(rng: np.random.Generator) -> ColumnsView:
        hidden = rng.normal(size=(300, 4))
        mixed = hidden @ np.random.default_rng(0).normal(size=(4, 20)) + rng.normal(size=(300, 20))
        mixed[rng.random((300, 20)) < 0.03] = np.nan
        cut = np.digitize(mixed, [-2, 0, 2]).astype(str)
        each = [
            numbers(f"{at:02}", mixed[:, at]) if at % 2 else words(f"{at:02}", cut[:, at])
            for at in range(20)
        ]
        return table(*each)

    alarms = []
    for seed in range(100):
        rng = np.random.default_rng([seed, 7])
        alarms.append(chance(compare(rows(rng), rows(rng), seed)).min() <= 0.05)
    assert np.mean(alarms) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 100)


def test_tables_become_columns() -> None:
    rows = [
        {"id": at, "code": f"{at % 3:03}", "age": at, "note": "x" * 60 + str(at % 2), "ok": at > 5}
        for at in range(10)
    ]
    samples = tuple(Sample(str(at), bytes([at] * 32), row=row) for at, row in enumerate(rows))
    view = columns_view(Dataset("made", "table", (), samples))
    kinds = {column.name: column.kind for column in view.columns}
    assert kinds == {"age": "number", "code": "category", "note": "category", "ok": "category"}
    note = next(column for column in view.columns if column.name == "note")
    assert len(set(note.values.tolist())) == 2
    assert max(map(len, note.values.tolist())) <= 40


def classes(label: np.ndarray, names: Sequence[str] = ("a", "b", "c")) -> CategoriesView:
    bucket = np.arange(len(label)) % 64
    return CategoriesView(bucket, len(label), np.array(names), label.astype(np.int64))


def mix(reference: CategoriesView, candidate: CategoriesView) -> Draws:
    metric = registry.load("metrics", "class_drift")
    shared = Shared(len(reference.label), len(candidate.label), 0)
    profiles = (metric.profile(side) for side in (reference, candidate))
    return draw(metric, Pair(*profiles, shared), make_splits(0, shared, 499))


def test_class_shares_by_hand() -> None:
    human = classes(np.repeat([0, 1, 2], [300, 200, 100]))
    candidate = classes(np.repeat([0, 1, 2], [300, 260, 40]))
    draws = mix(human, candidate)
    assert draws.slices == ((("class", "a"),), (("class", "b"),), (("class", "c"),), ())
    assert draws.value == pytest.approx([0, 0.1, 0.1, 0.1])


def test_a_new_class_and_rare_ones_count_in_the_mix_only() -> None:
    human = classes(np.repeat([0, 1], [400, 5]), ("a", "b"))
    candidate = classes(np.repeat([0, 1], [300, 105]), ("a", "new"))
    draws = mix(human, candidate)
    assert draws.slices == ((("class", "a"),), ())
    assert draws.value == pytest.approx([100 / 405, 100 / 405])


def test_a_set_of_one_class_has_no_mix() -> None:
    one = classes(np.zeros(300, int), ("a",))
    assert [note.reason for note in mix(one, one).undetermined] == ["nothing-to-compare"]


def labelled(name: str, labels: np.ndarray) -> Dataset:
    """The same media each time, each of one class."""
    whole = np.array([[0.5, 0.5, 1.0, 1.0]])
    samples = tuple(
        Sample(
            key=f"{at}.jpg",
            media=hashlib.sha256(b"%d" % at).digest(),
            label=hashlib.sha256(b"%d %d" % (at, label)).digest(),
            boxes=Boxes(np.array([label], np.int32), whole),
        )
        for at, label in enumerate(labels.tolist())
    )
    return Dataset(name, "detect", ("a", "b", "c"), samples)


def test_two_annotators_who_err_alike_are_no_drift(rng: np.random.Generator) -> None:
    """Their labels of the same media differ by chance, which is not the chance of sampling."""
    shares = [0.5, 0.3, 0.2]
    true = rng.choice(3, 600, p=shares)
    alarms = 0
    for _ in range(8):
        sides = [
            np.where(rng.random(600) < 0.15, rng.choice(3, 600, p=shares), true) for _ in range(2)
        ]
        pair = [labelled(name, side) for name, side in zip(("one", "two"), sides, strict=True)]
        found = measure(*pair, metrics=["class_drift"], splits=199).measurements
        alarms += min(each.adjusted_p for each in found) <= 0.05
    assert alarms <= 3  # chance alone exceeds it once in 2,700 times
