"""Each survival metric against counts made by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from firsthand import registry
from firsthand.contracts import BoxesView, Metric, Part
from firsthand.measure import measure
from firsthand.numerics.resampling import with_columns_of
from firsthand.types import Boxes, Dataset, Sample, slice_text

View = Callable[[Sequence[Sequence[tuple[int, float, float, float, float]]]], BoxesView]

DOT = (0, 0.1, 0.1, 0.01, 0.01)
CAR = (0, 0.5, 0.5, 0.2, 0.2)
TALL = (1, 0.9, 0.9, 0.02, 0.2)
WIDE = (2, 0.5, 0.1, 0.6, 0.1)


def values(metric: Metric, reference: BoxesView, candidate: BoxesView) -> dict[str, float]:
    """The metric on whole sets, without limits on how few objects there are."""
    assert metric.profile is not None
    assert metric.frame is not None
    assert metric.value is not None
    ours, alone = metric.profile(candidate), metric.profile(reference)
    theirs = with_columns_of(ours, alone)
    frame = metric.frame(theirs)
    weights = np.eye(len(frame.columns)) if frame.strata is None else frame.strata
    parts = [
        Part(each.aligned(frame.columns).sum(axis=0) @ weights, each.samples.sum())
        for each in (theirs, ours)
    ]
    found = np.asarray(metric.value(frame, *parts)).reshape(-1)
    return {slice_text(part): float(at) for part, at in zip(frame.slices, found, strict=True)}


def test_class_survival_counts_objects_an_image(view: View) -> None:
    metric = registry.load("metrics", "class_survival")
    reference = view([[CAR, CAR], [CAR, TALL], [WIDE], [CAR]])
    candidate = view([[CAR], [CAR]])
    assert values(metric, reference, candidate) == {"class=a": 1.0, "class=b": 0.0, "class=c": 0.0}


def test_size_survival_finds_the_small_ones_gone(view: View) -> None:
    metric = registry.load("metrics", "size_survival")
    images = [[DOT, CAR, CAR, CAR, CAR, CAR, WIDE, WIDE, WIDE, WIDE] for _ in range(10)]
    damaged = [[row for row in image if row is not DOT] for image in images]
    found = values(metric, view(images), view(damaged))
    assert found["size=tiny"] == 0.0
    assert found["size=large"] == 1.0


@pytest.mark.parametrize("name", ["size_survival", "shape_survival"])
@pytest.mark.parametrize("times", [0.5, 0.93, 1.07, 2.0])
def test_an_object_of_a_size_that_the_reference_has_not_is_not_lost(
    view: View, name: str, times: float
) -> None:
    metric = registry.load("metrics", name)
    images = [[(at % 2, 0.5, 0.5, side, 0.1) for at, side in enumerate((0.05, 0.1, 0.2))]] * 10
    other = [[(1 - kind, x, y, times * w, h) for kind, x, y, w, h in image] for image in images]
    found = values(metric, view(images), view(other))
    overall = [value for part, value in found.items() if "class" not in part]
    assert sum(overall) == pytest.approx(len(overall))


def test_a_second_human_sample_of_many_classes_loses_no_size(rng: np.random.Generator) -> None:
    first, second = (many_classes(rng, name) for name in ("one", "two"))
    measured = measure(first, second, metrics=["size_survival"], splits=200)
    overall = [each for each in measured.measurements if len(each.slice) == 1]
    assert len(overall) == 4
    assert all(each.value > 0.6 for each in overall)


def many_classes(rng: np.random.Generator, name: str) -> Dataset:
    samples = []
    for at in range(200):
        sides = rng.uniform(0.02, 0.5, (5, 2))
        xywh = np.hstack([np.full((5, 2), 0.5), sides])
        boxes = Boxes(rng.integers(80, size=5).astype(np.int32), xywh)
        samples.append(Sample(f"{name}{at}", rng.bytes(32), label=bytes(32), boxes=boxes))
    return Dataset(name, "detect", tuple(f"c{at}" for at in range(80)), tuple(samples))


def test_objects_per_image_is_a_ratio_of_means(view: View) -> None:
    metric = registry.load("metrics", "objects_per_image")
    found = values(metric, view([[CAR, CAR], [CAR]]), view([[CAR], []]))
    assert found == {"all": pytest.approx(0.5 / 1.5)}


def test_empty_images_is_a_difference_of_shares(view: View) -> None:
    metric = registry.load("metrics", "empty_images")
    found = values(metric, view([[CAR], [CAR], [CAR], []]), view([[], [CAR]]))
    assert found == {"all": pytest.approx(0.25)}


def test_pair_survival_looks_at_samples_that_hold_both(view: View) -> None:
    metric = registry.load("metrics", "pair_survival")
    both, alone = [CAR, CAR, TALL], [CAR]
    found = values(metric, view([both] * 12 + [alone] * 12), view([both] * 3 + [alone] * 9))
    assert found == {"pair=a + b": pytest.approx(0.5)}


def test_pairs_that_nearly_every_sample_holds_are_no_tail(view: View) -> None:
    metric = registry.load("metrics", "pair_survival")
    assert values(metric, view([[CAR, TALL]] * 30), view([[CAR, TALL]] * 30)) == {}


def test_shape_survival_finds_tall_objects_gone(view: View) -> None:
    metric = registry.load("metrics", "shape_survival")
    images = [[TALL, *[CAR] * 8, WIDE] for _ in range(10)]
    damaged = [image[1:] for image in images]
    found = values(metric, view(images), view(damaged))
    assert found["shape=tallest-tenth"] == 0.0
    assert found["shape=widest-tenth"] == 1.0


def test_position_survival_finds_a_corner_gone(view: View) -> None:
    metric = registry.load("metrics", "position_survival")
    found = values(metric, view([[CAR, TALL]] * 4), view([[CAR]] * 4))
    assert found == {"position=bottom right": 0.0, "position=middle centre": 1.0}


def test_images_without_a_label_are_not_empty(view: View) -> None:
    from firsthand.numerics.views import boxes_view
    from firsthand.types import Dataset, Sample

    unlabelled = Sample("x", bytes(32))
    assert len(boxes_view(Dataset("d", "detect", ("a",), (unlabelled,))).bucket) == 0
