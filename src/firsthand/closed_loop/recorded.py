"""Generations in a ledger: a training set is a version on its chain's branch, a detector a model.

A label keeps its maker: people, or the detector of an earlier generation by name, so the ledger
computes how far a label is from people. Pictures in which something was pasted or painted over are
other media than their sources; nothing in them was made by a model, so they stay human.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from firsthand.closed_loop.items import Item
from firsthand.closed_loop.pixels import drawn
from firsthand.content import boxes_digest, media_digest
from firsthand.ledger import Ledger
from firsthand.types import HUMAN, Boxes, Dataset, Provenance, Sample


def enter(
    ledger: Ledger,
    name: str,
    number: int,
    items: Sequence[Item],
    classes: Sequence[str],
    labeller: str | None,
    *,
    again: bool = False,
) -> str:
    """Commit a training set and register the detector that was trained on it; returns its name.

    Entering a generation that is there already does nothing.

    Args:
        ledger: where.
        name: of the chain, and of its branch.
        number: of the generation.
        items: the training set.
        classes: names.
        labeller: the detector that the labels of models are from, and that was trained on;
            None for generation 0.
        again: the training set is that of the generation before.
    """
    model = f"{name}@{number}"
    if model in {one.name for one in ledger.models()}:
        return model
    if not again:
        source = f"training sets of {name}"
        ledger.add(dataset(items, classes, labeller), source=source, replace=True)
        ledger.commit(f"{name}: generation {number}", branch=name)
    trained_on = ledger.version(name).name
    return ledger.register_model(model, trained_on=trained_on, parent=labeller).name


def dataset(items: Sequence[Item], classes: Sequence[str], labeller: str | None) -> Dataset:
    """A training set as samples that say who made what. A picture may come several times."""
    width = len(str(len(items)))
    samples = [
        _sample(item, f"{number:0{width}d}", classes, labeller) for number, item in enumerate(items)
    ]
    return Dataset("training set", "detect", tuple(classes), tuple(samples))


def _sample(item: Item, key: str, classes: Sequence[str], labeller: str | None) -> Sample:
    boxes = Boxes(
        np.array([kind for kind, _ in item.labels], np.int32),
        np.array([box for _, box in item.labels], np.float64).reshape(-1, 4),
    )
    by_model = Provenance("human", "model", label_generator=labeller)
    return Sample(
        key=key,
        media=media_digest(_content(item)),
        label=boxes_digest(boxes, classes, None),
        split="train",
        group=item.source,
        provenance=HUMAN if item.origin == "human" else by_model,
        path="" if item.changed else item.source,
        boxes=boxes,
    )


def _content(item: Item) -> bytes:
    """The bytes of the picture that was trained on."""
    if not item.changed:
        return Path(item.source).read_bytes()
    from PIL import Image

    held = io.BytesIO()
    Image.fromarray(drawn(item)).save(held, "PNG")
    return held.getvalue()


def opened(path: str) -> Ledger:
    """The ledger in a folder; a new one where there is none."""
    return Ledger.open(path) if (Path(path) / ".firsthand").is_dir() else Ledger.init(path)
