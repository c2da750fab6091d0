"""A training set as files that YOLO trainers read: five columns a label, and nothing by accident.

Every picture has a label file, also where no object is in it. Validation, which such trainers ask
for, is on a few human pictures; it decides nothing here.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import yaml

from firsthand.closed_loop.items import Item
from firsthand.closed_loop.pixels import drawn
from firsthand.training_sets.placing import put

VALIDATED = 8


def write(items: Sequence[Item], humans: Sequence[Item], classes: Sequence[str], out: Path) -> Path:
    """Write a training set into a folder; returns its data.yaml.

    Args:
        items: pictures to train on.
        humans: people's pictures; the first few are validated on.
        classes: names.
        out: a folder that is not there yet.
    """
    for split, some in (("train", items), ("val", humans[:VALIDATED])):
        for kind in ("images", "labels"):
            (out / split / kind).mkdir(parents=True)
        for number, item in enumerate(some):
            _write(item, out / split, f"{number:06d}")
    told = {"train": "train/images", "val": "val/images", "names": dict(enumerate(classes))}
    path = out / "data.yaml"
    path.write_text(yaml.safe_dump({"path": str(out.resolve()), **told}), encoding="utf-8")
    return path


def _write(item: Item, folder: Path, name: str) -> None:
    source = Path(item.source)
    if item.changed:
        from PIL import Image

        Image.fromarray(drawn(item)).save(folder / "images" / f"{name}.png")
    else:
        put(source, folder / "images" / f"{name}{source.suffix}", "link")
    # As many digits as `items.save` keeps: what is kept is what was trained on.
    rows = (f"{kind} {x:.6f} {y:.6f} {w:.6f} {h:.6f}\n" for kind, (x, y, w, h) in item.labels)
    (folder / "labels" / f"{name}.txt").write_text("".join(rows), encoding="utf-8")
