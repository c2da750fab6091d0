"""Known damage to labels, and halves of a dataset, for tests on real data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from firsthand.content import boxes_digest
from firsthand.types import HUMAN, Boxes, Dataset, Sample

MODEL_LABELLED = replace(HUMAN, label_origin="model", generation=1, generation_declared=True)


def halves(whole: Dataset, seed: int) -> tuple[Dataset, Dataset]:
    """Two disjoint random halves by image."""
    order = np.random.default_rng(seed).permutation(len(whole.samples))
    cut = len(order) // 2
    return part(whole, order[:cut]), part(whole, order[cut:])


def part(whole: Dataset, index: np.ndarray) -> Dataset:
    """Some samples of a dataset."""
    return replace(whole, samples=tuple(whole.samples[at] for at in index), skips=())


def smallest_dropped(data: Dataset, name: str, share: float) -> Dataset:
    """Without the smallest boxes of one class, as a model that misses them would label it."""
    wanted = data.classes.index(name)
    areas = [
        each.boxes.xywh[each.boxes.classes == wanted, 2:].prod(axis=1)
        for each in data.samples
        if each.boxes is not None
    ]
    cut = np.quantile(np.concatenate(areas), share)
    return relabelled(
        data, lambda boxes: (boxes.classes != wanted) | (boxes.xywh[:, 2:].prod(axis=1) >= cut)
    )


def unlabelled_in_a_third(data: Dataset, name: str, rng: np.random.Generator) -> Dataset:
    """Without one class's labels in a third of the images."""
    wanted = data.classes.index(name)
    return relabelled(data, lambda boxes: (boxes.classes != wanted) | (rng.random() >= 1 / 3))


def relabelled(data: Dataset, keep: Callable[[Boxes], np.ndarray]) -> Dataset:
    """Labels that a model made, with only the boxes that it kept."""

    def change(sample: Sample) -> Sample:
        assert sample.boxes is not None
        kept = np.broadcast_to(keep(sample.boxes), sample.boxes.classes.shape)
        boxes = Boxes(sample.boxes.classes[kept], sample.boxes.xywh[kept])
        label = boxes_digest(boxes, data.classes, None)
        return replace(sample, boxes=boxes, label=label, provenance=MODEL_LABELLED)

    return replace(data, samples=tuple(change(sample) for sample in data.samples), skips=())
