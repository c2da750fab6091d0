"""Write two small sets of labelled pictures: `human/`, and `next/`, which a model helped to label.

    python examples/cells.py

`human/` holds 300 pictures of cells and platelets with every object labelled. `next/` holds 100 of
them, and 200 new ones that `detector@1` labelled: it overlooks platelets, small ones above all.
Both are Ultralytics YOLO datasets; `next/provenance.yaml` says who labelled what.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIZE = 96
CLASSES = ("cell", "platelet")
RADII = ((7.0, 11.0), (2.0, 4.0))
MEAN_COUNT = (4, 3)


class Disk(NamedTuple):
    """One object of a picture, in pixels."""

    label: int
    x: float
    y: float
    radius: float


def scene(rng: np.random.Generator) -> list[Disk]:
    """The objects of one picture."""
    return [
        Disk(label, *rng.uniform(12, SIZE - 12, 2), rng.uniform(*RADII[label]))
        for label in (0, 1)
        for _ in range(rng.poisson(MEAN_COUNT[label]))
    ]


def paint(disks: list[Disk], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Bright disks on a noisy ground, (96, 96)."""
    y, x = np.mgrid[:SIZE, :SIZE]
    picture = rng.normal(60, 8, (SIZE, SIZE))
    for disk in disks:
        inside = (x - disk.x) ** 2 + (y - disk.y) ** 2 <= disk.radius**2
        picture[inside] += 70 + 60 * disk.label
    return np.clip(picture, 0, 255).astype(np.uint8)


def detect(disks: list[Disk], rng: np.random.Generator) -> list[Disk]:
    """What the detector reports: every cell, and platelets the likelier the larger they are."""
    return [disk for disk in disks if disk.label == 0 or rng.random() < disk.radius / 4.5]


def write(folder: Path, name: str, disks: list[Disk], picture: NDArray[np.uint8]) -> None:
    """One picture and its label file."""
    for part in ("images", "labels"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(folder / "images" / f"{name}.bmp")
    rows = (
        f"{d.label} {d.x / SIZE:.6f} {d.y / SIZE:.6f} {2 * d.radius / SIZE:.6f} "
        f"{2 * d.radius / SIZE:.6f}\n"
        for d in disks
    )
    (folder / "labels" / f"{name}.txt").write_text("".join(rows))


def main() -> None:
    """Both sets, in the working folder."""
    rng = np.random.default_rng(7)
    for at in range(500):
        disks = scene(rng)
        picture = paint(disks, rng)
        if at < 300:
            write(Path("human"), f"photo_{at:03d}", disks, picture)
        if at < 100:
            write(Path("next"), f"photo_{at:03d}", disks, picture)
        if at >= 300:
            write(Path("next"), f"auto_{at:03d}", detect(disks, rng), picture)
    for folder in ("human", "next"):
        listed = ", ".join(CLASSES)
        Path(folder, "data.yaml").write_text(f"train: images\nnames: [{listed}]\n")
    Path("next", "provenance.yaml").write_text(
        "rules:\n"
        "  - {match: 'photo_*', origin: human}\n"
        "  - {match: 'auto_*', origin: model-labelled, generator: detector@1}\n"
    )


if __name__ == "__main__":
    main()
