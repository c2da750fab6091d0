"""Does `label` notice a pool with a fifth of the rare class, with detectors that were trained?

    python benchmarks/wrong_prior.py WEIGHTS... [--scenes 3]

WEIGHTS are of generation 0 of the shapes of benchmarks/yolo_collapse.py. For each, and for scenes
of seeds that nothing was chosen on (`examples/shapes.py`): 300 pictures that people labelled, 150
more as the anchor, and two pools of 300: the reference's classes, and a fifth of its stars.
Prints one row a pool, and a table for docs/labelling.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "examples")]

STAR = 3
FIFTH = (0.417, 0.365, 0.208, 0.01)
FIRST = 7000  # of the scenes' seeds


def main() -> None:
    words = argparse.ArgumentParser()
    words.add_argument("weights", type=Path, nargs="+")
    words.add_argument("--scenes", type=int, default=3)
    given = words.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        import torchvision_shim

        torchvision_shim.ultralytics(Path(folder, "settings"))
        rows = []
        for seed in range(FIRST, FIRST + given.scenes):
            place = made(Path(folder, str(seed)), seed)
            for weights in given.weights:
                rows += [tried(place, weights, pool, seed) for pool in ("equal", "a fifth")]
    print(table(rows))


def made(place: Path, seed: int) -> Path:
    """Scenes: people's pictures, the anchor's, and two pools."""
    import shapes

    for number, (part, images, shares) in enumerate(
        (
            ("train", 300, shapes.NATURAL),
            ("val", 150, shapes.NATURAL),
            ("equal", 300, shapes.NATURAL),
            ("a fifth", 300, FIFTH),
        )
    ):
        shapes.write(place / part, images, np.random.default_rng([seed, number]), shares)
        names = ", ".join(shapes.TARGETS)
        (place / part / "data.yaml").write_text(f"train: images\nnames: [{names}]\n")
    lists = "train: train/images\nval: val/images\n"
    (place / "data.yaml").write_text(f"{lists}names: [{', '.join(shapes.TARGETS)}]\n")
    return place


def tried(place: Path, weights: Path, pool: str, seed: int) -> dict[str, object]:
    """Label one pool, and count what people would say of the labels of stars."""
    from firsthand.integrations.ultralytics import predictor
    from firsthand.label import label

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "out")
        found = label(
            predictor(weights, imgsz=96),
            place / pool / "images",
            reference=place / "data.yaml",
            out=out,
        )
        right, made_up, there = counted(place / pool, out)
    whys = {each.why for each in found.doubts if each.name == "star"}
    row = {
        "weights": weights.parent.name[:8],
        "seed": seed,
        "pool": pool,
        "noticed": "rarer" in whys,
        "named": bool(whys),
        "first": sum(each.name == "star" for each in found.checks[:20]),
        "labels": made_up,
        "right": right,
        "there": there,
    }
    print(json.dumps(row), file=sys.stderr, flush=True)
    return row


def counted(truth: Path, out: Path) -> tuple[int, int, int]:
    """Labels of stars that are right, all of them, and stars that are there."""
    from dataclasses import replace

    from firsthand.detections import labelled
    from firsthand.detections.matching import match
    from firsthand.detections.objects import aligned
    from firsthand.read import read
    from firsthand.types import HUMAN

    people = labelled(read(truth, declared=HUMAN))
    made_by = read(out)
    train = tuple(each for each in made_by.samples if each.split == "train")
    people, labels = aligned(people, labelled(replace(made_by, samples=train)))
    paired = match(people, labels)
    stars = labels.label == STAR
    right = (paired.human >= 0) & stars
    return int(right.sum()), int(stars.sum()), int((people.label == STAR).sum())


def table(rows: list[dict[str, object]]) -> str:
    lines = [
        "| rare class in the pool | pools | rare class noticed | rare class named | of the first "
        "20 to check | labels of it, a pool (there) | precision of these | recall |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for pool in ("equal", "a fifth"):
        of = [each for each in rows if each["pool"] == pool]
        labels, right, there = (np.array([r[k] for r in of]) for k in ("labels", "right", "there"))
        lines.append(
            f"| {pool} | {len(of)} | {_share([r['noticed'] for r in of])} "
            f"| {_share([r['named'] for r in of])} | {np.mean([r['first'] for r in of]):.1f} "
            f"| {labels.mean():.1f} ({there.mean():.1f}) | {_ratio(right, labels)} "
            f"| {_ratio(right, there)} |"
        )
    return "\n".join(lines)


def _share(hits: list[bool]) -> str:
    """With its Wilson interval."""
    n, p = len(hits), float(np.mean(hits))
    z = 1.96
    middle, half = p + z * z / 2 / n, z * np.sqrt(p * (1 - p) / n + z * z / 4 / n / n)
    low, high = max(middle - half, 0) / (1 + z * z / n), (middle + half) / (1 + z * z / n)
    return f"{sum(hits)}/{n} = {p:.2f} [{low:.2f}, {high:.2f}]"


def _ratio(above: np.ndarray, below: np.ndarray) -> str:
    """Of sums over pools, which are drawn again for the interval."""
    drawn = np.random.default_rng(0).integers(0, len(above), (2000, len(above)))
    ratio = above[drawn].sum(axis=1) / np.maximum(below[drawn].sum(axis=1), 1)
    low, high = np.quantile(ratio, [0.025, 0.975])
    return f"{above.sum() / max(below.sum(), 1):.2f} [{low:.2f}, {high:.2f}]"


if __name__ == "__main__":
    main()
