"""How a label is kept: one JSON document for each label digest, class names in clear.

    {"category": "cat"}
    {"boxes": [["RBC", 0.5, 0.5, 0.1, 0.2]], "outlines": [[[0.1, 0.1], ...]]}

Names stand in the document, not indices, so a label means the same in every dataset.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import numpy as np

from firsthand.composition import held
from firsthand.types import Boxes, Sample

_JSON = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)  # json.dumps makes one a call


def encode(sample: Sample, classes: Sequence[str]) -> str:
    """The label of a sample as JSON; numbers are written so that they are read back exactly.

    >>> encode(Sample("a", b"", category=0), ["cat"])
    '{"category":"cat"}'
    """
    document: dict[str, object] = {}
    if sample.category is not None:
        document["category"] = classes[sample.category]
    if sample.boxes is not None:
        rows = zip(sample.boxes.classes.tolist(), sample.boxes.xywh.tolist(), strict=True)
        document["boxes"] = [[classes[index], *xywh] for index, xywh in rows]
        if sample.boxes.outlines:
            document["outlines"] = [outline.tolist() for outline in sample.boxes.outlines]
    return _JSON.encode(document)


def names(sample: Sample, classes: Sequence[str]) -> tuple[str, ...]:
    """Which classes does the label hold? Sorted, each once."""
    return tuple(sorted(classes[index] for index in held(sample)))


def decode(payload: str, index: Mapping[str, int]) -> tuple[int | None, Boxes | None]:
    """Category and boxes of a label, as indices into the dataset's classes."""
    document = json.loads(payload)
    category = index[document["category"]] if "category" in document else None
    rows = document.get("boxes")
    if rows is None:
        return category, None
    return category, Boxes(
        np.array([index[row[0]] for row in rows], np.int32),
        np.array([row[1:] for row in rows], np.float64).reshape(-1, 4),
        tuple(
            np.array(outline, np.float64).reshape(-1, 2) for outline in document.get("outlines", ())
        ),
    )
