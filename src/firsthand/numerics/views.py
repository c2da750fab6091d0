"""What a metric sees of a dataset: plain arrays, one row an object or a sample."""

from __future__ import annotations

import numpy as np

from firsthand.contracts import BoxesView
from firsthand.numerics.buckets import buckets_of, count_groups
from firsthand.types import Boxes, Dataset, Sample


WHOLE = Boxes(np.zeros(1, np.int32), np.array([[0.5, 0.5, 1.0, 1.0]]))


def boxes_view(dataset: Dataset) -> BoxesView:
    """All labelled objects of a dataset; the class of a whole image is a box that covers it.

    Samples without a label are left out: nothing was said about them, which is not the same as
    holding no object.
    """
    labelled = [sample for sample in dataset.samples if _objects(sample) is not None]
    boxes = [each for sample in labelled if (each := _objects(sample)) is not None]
    counts = np.fromiter((len(each.classes) for each in boxes), np.int64, len(boxes))
    label = np.concatenate([each.classes for each in boxes]) if boxes else np.zeros(0)
    xywh = np.concatenate([each.xywh for each in boxes]) if boxes else np.zeros((0, 4))
    return BoxesView(
        classes=dataset.classes,
        bucket=buckets_of(labelled),
        groups=count_groups(labelled),
        sample=np.repeat(np.arange(len(labelled)), counts),
        label=label.astype(np.int64),
        xywh=xywh.reshape(-1, 4).astype(np.float64),
    )


def _objects(sample: Sample) -> Boxes | None:
    if sample.boxes is not None or sample.category is None:
        return sample.boxes
    return Boxes(np.array([sample.category], np.int32), WHOLE.xywh)
