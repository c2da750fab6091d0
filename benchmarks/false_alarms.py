"""How often does an audit block a healthy set, and how often does it see known damage?

    python benchmarks/false_alarms.py [PATH_TO_BCCD] --halves 200 --first-seed 20000

The path defaults to bccd in the folder that FIRSTHAND_DATA names.

A healthy candidate is one random half (by image) of human-labelled data, its reference the other
half. Any block is a false one. Damage is done to the labels of the candidate: paired, on the same
images as the reference; unpaired, on the other half. Prints Markdown tables; docs/false-alarms.md
holds the last run.
"""

from __future__ import annotations

import argparse
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from math import sqrt
from pathlib import Path

import numpy as np

from firsthand.audit import audit
from firsthand.config import default_limits
from firsthand.content import boxes_digest
from firsthand.read import read
from firsthand.types import HUMAN, Audit, Boxes, Dataset, Sample, slice_text

Damage = Callable[[Dataset, np.random.Generator], Dataset]


def main() -> None:
    arguments = _arguments()
    whole = read(arguments.data, declared=HUMAN, progress=False)
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.halves)
    print(f"{whole.name}: {len(whole.samples)} images, seeds {seeds[0]} to {seeds[-1]}\n")
    _false_alarms(whole, seeds)
    _power(whole, seeds[: arguments.damaged])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    real = Path(os.environ.get("FIRSTHAND_DATA", "../shared/data")) / "bccd"
    parser.add_argument("data", type=Path, nargs="?", default=real)
    parser.add_argument("--halves", type=int, default=200)
    parser.add_argument("--damaged", type=int, default=40)
    parser.add_argument("--first-seed", type=int, default=20000)
    return parser.parse_args()


def _false_alarms(whole: Dataset, seeds: Sequence[int]) -> None:
    blocked, alarms, named = 0, 0, Counter[str]()
    for seed in seeds:
        reference, candidate = halves(whole, seed)
        result = audit(candidate, reference, seed=seed, limits=default_limits())
        losses = [each for each in result.findings if each.measurement is not None]
        blocked += result.verdict == "block"
        alarms += bool(losses)
        named.update(_name(result))
    print("| healthy halves | n | count | rate | 95 % interval (Wilson) |")
    print("|---|---|---|---|---|")
    for what, count in (("blocked", blocked), ("any finding on a loss", alarms)):
        low, high = wilson(count, len(seeds))
        rate = count / len(seeds)
        print(f"| {what} | {len(seeds)} | {count} | {rate:.3f} | [{low:.3f}, {high:.3f}] |")
    print("\nBlocked on: " + "; ".join(f"{name} x{n}" for name, n in named.most_common()) + "\n")


def _power(whole: Dataset, seeds: Sequence[int]) -> None:
    print("| damage | comparison | runs | blocked | named (runs) |")
    print("|---|---|---|---|---|")
    for what, damage in damages(whole).items():
        for paired in (True, False):
            named: Counter[str] = Counter()
            blocked = 0
            for seed in seeds:
                rng = np.random.default_rng([seed, 1])
                reference, other = halves(whole, seed)
                candidate = damage(whole if paired else other, rng)
                against = whole if paired else reference
                result = audit(candidate, against, seed=seed, limits=_losses_only())
                blocked += result.verdict == "block"
                named.update(_name(result))
            shown = ", ".join(f"{name} {n}" for name, n in named.most_common(4))
            side = "paired" if paired else "unpaired"
            print(f"| {what} | {side} | {len(seeds)} | {blocked} | {shown} |")


def _losses_only():  # noqa: ANN202 - a benchmark
    return default_limits().without_composition()


def _name(result: Audit) -> list[str]:
    blocks = [each for each in result.findings if each.severity == "block"]
    return [slice_text(each.slice) if each.measurement else each.code for each in blocks]


def halves(whole: Dataset, seed: int) -> tuple[Dataset, Dataset]:
    """Two disjoint random halves by image."""
    order = np.random.default_rng(seed).permutation(len(whole.samples))
    cut = len(order) // 2
    first, second = (tuple(whole.samples[at] for at in each) for each in np.split(order, [cut]))
    return replace(whole, samples=first, skips=()), replace(whole, samples=second, skips=())


def damages(whole: Dataset) -> dict[str, Damage]:
    """Known damage, by name."""
    rarest = min(whole.classes, key=lambda name: _count(whole, name))
    found: dict[str, Damage] = {
        f"smallest 30 % of {rarest} boxes dropped": lambda data, _rng: smallest_dropped(
            data, rarest, 0.3
        )
    }
    for name in whole.classes:
        found[f"{name} unlabelled in a third of the images"] = _unlabelled(name)
    return found


def _unlabelled(name: str) -> Damage:
    def damage(data: Dataset, rng: np.random.Generator) -> Dataset:
        wanted = data.classes.index(name)
        return _relabelled(data, lambda boxes: (boxes.classes != wanted) | (rng.random() >= 1 / 3))

    return damage


def smallest_dropped(data: Dataset, name: str, share: float) -> Dataset:
    """The same data without the smallest boxes of one class."""
    wanted = data.classes.index(name)
    areas = [
        each.boxes.xywh[each.boxes.classes == wanted, 2:].prod(axis=1)
        for each in data.samples
        if each.boxes is not None
    ]
    cut = np.quantile(np.concatenate(areas), share)
    return _relabelled(
        data, lambda boxes: (boxes.classes != wanted) | (boxes.xywh[:, 2:].prod(axis=1) >= cut)
    )


def _relabelled(data: Dataset, keep: Callable[[Boxes], np.ndarray]) -> Dataset:
    """Labels a model made, with only the boxes that it kept."""

    def change(sample: Sample) -> Sample:
        if sample.boxes is None:
            return sample
        kept = np.broadcast_to(keep(sample.boxes), sample.boxes.classes.shape)
        boxes = Boxes(sample.boxes.classes[kept], sample.boxes.xywh[kept])
        label = boxes_digest(boxes, data.classes, None)
        said = replace(HUMAN, label_origin="model", generation=1, generation_declared=True)
        return replace(sample, boxes=boxes, label=label, provenance=said)

    return replace(data, samples=tuple(change(sample) for sample in data.samples), skips=())


def _count(data: Dataset, name: str) -> int:
    wanted = data.classes.index(name)
    return sum(int((s.boxes.classes == wanted).sum()) for s in data.samples if s.boxes is not None)


def wilson(count: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """The Wilson score interval of a share."""
    rate, squared = count / n, z * z
    centre = (rate + squared / (2 * n)) / (1 + squared / n)
    half = z * sqrt(rate * (1 - rate) / n + squared / (4 * n * n)) / (1 + squared / n)
    return centre - half, centre + half


if __name__ == "__main__":
    main()
