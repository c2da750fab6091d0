"""What measuring a detector costs, and how often a pool's mix is told rightly.

    python benchmarks/detections.py            # about four minutes of CPU
    python benchmarks/detections.py --seeds 10

Simulated detectors of which everything is known (tests/detectors.py): three classes, the rare one
seen less surely, small objects too, and four false boxes an image. Seeds from 10,000 on, which no
test and no choice of a setting used.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from detectors import CELLS, NAMES, RATES, scenes  # noqa: E402
from firsthand.detections import (  # noqa: E402
    average_precision,
    calibration,
    compare,
    match,
    measure,
    score,
)
from firsthand.detections.choosing import anchor_of, expected  # noqa: E402
from firsthand.detections.mix import mix  # noqa: E402
from firsthand.detections.probability import learn  # noqa: E402
from firsthand.labelling.count_matched import CountMatched  # noqa: E402
from firsthand.training_sets.labelled import EVEN  # noqa: E402

FIRST = 10_000
STAR = NAMES.index("star")
FIFTH = (*RATES[:STAR], RATES[STAR] / 5)


def wilson(hits: int, n: int) -> str:
    share, z = hits / n, 1.96
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return f"{hits}/{n} = {share:.3f} [{max(middle - half, 0):.3f}, {min(middle + half, 1):.3f}]"


def timed(name: str, do: Callable[[], Any]) -> Any:
    start = time.process_time()
    found = do()
    print(f"| {name} | {time.process_time() - start:.2f} |")
    return found


def costs() -> None:
    """5,000 images of 20 objects, four classes of three sizes."""
    rng = np.random.default_rng(0)
    human, found = scenes(rng, 5000, (8.0, 7.0, 5.0))
    print(f"\n{human.images:,} images, {len(human):,} objects, {len(found):,} predictions\n")
    print("| step | CPU seconds |\n|---|---|")
    scored = timed("matching", lambda: score(human, found, CELLS))
    timed("recall, every slice, 1,000 resamples", lambda: measure(scored, "recall"))
    timed("precision, every slice, 1,000 resamples", lambda: measure(scored, "precision"))
    timed("average precision, every slice, 400 resamples", lambda: average_precision(scored))
    timed("calibration, 1,000 resamples", lambda: calibration(scored))
    timed("two detectors compared by recall", lambda: compare(scored, scored))


def prior(seeds: int, skill: float, anchors: int) -> None:
    """How often is a rare class named that is a fifth as frequent, or equally, in the pool?"""
    for name, rates in (("equal", RATES), ("a fifth", FIFTH)):
        noticed = named = any_class = 0
        quality: list[tuple[float, ...]] = []
        for seed in range(FIRST, FIRST + seeds):
            rng = np.random.default_rng(seed)
            reference = expected(scenes(rng, 300)[0], CELLS)
            anchor = anchor_of(*scenes(rng, anchors, prefix="a", skill=skill))
            truth, pool = scenes(rng, 400, rates, prefix="p", skill=skill)
            ways = [
                CountMatched(bounded=each).choose(pool, reference, rng, anchor)
                for each in (True, False)
            ]
            found = mix(ways[0].pool, reference, anchor)
            stars = ways[0].kept & (ways[0].pool.label == STAR)
            wrong = learn(anchor, CELLS)(ways[0].pool)[stars].mean() < EVEN
            noticed += bool(found.differs[STAR])
            any_class += bool(found.differs.any())
            named += bool(found.differs[STAR] or wrong)
            quality.append(tuple(x for way in ways for x in rare(truth, way.labels)))
        told = np.nanmean(quality, axis=0)
        print(
            f"| {skill:g} | {anchors} | {name} | {wilson(noticed, seeds)} | "
            f"{wilson(any_class, seeds)} | {wilson(named, seeds)} | "
            f"{told[0]:.2f} / {told[1]:.2f} | {told[2]:.2f} / {told[3]:.2f} |"
        )


def rare(truth: Any, labels: Any) -> tuple[float, float]:
    """Precision and recall of the rare class's labels."""
    found = match(truth, labels)
    right = (found.human >= 0)[labels.label == STAR]
    return float(right.mean()), float((found.found >= 0)[truth.label == STAR].mean())


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=100)
    seeds = parser.parse_args().seeds
    costs()
    print(f"\n{seeds} seeds from {FIRST}; reference 300 images, pool 400\n")
    print(
        "| skill | anchor images | rare class in the pool | rare class noticed | any class noticed "
        "| rare class named | precision / recall of its labels | the same, not bounded |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for skill in (1.0, 2.0):
        for anchors in (100, 300):
            prior(seeds, skill, anchors)


if __name__ == "__main__":
    main()
