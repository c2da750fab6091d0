"""Does a policy still lose after many generations? Recall of each, and the slope of a line."""

from __future__ import annotations

import numpy as np

from firsthand.closed_loop.results import Results
from firsthand.types import Slice

REPLICATES = 1000


def slopes(results: Results) -> tuple[list[str], list[list[str]]]:
    """Head and lines of a table: of each arm, the change of recall a generation."""
    parts = (results.rarest, results.smallest, results.largest)
    last = results.loop.generations
    head = ["arm", "seeds"]
    for part in parts:
        name = ", ".join(value for _, value in part)
        head += [f"{name} r@.25, generation 0, 1, ...", "slope a generation"]
    lines = []
    for arm in results.arms:
        seeds = results.seeds(arm, last)
        if seeds:
            fitted = [cell for part in parts for cell in _fitted(results, arm, part)]
            lines.append([arm, ", ".join(map(str, seeds)), *fitted])
    return head, lines


def recalled(
    results: Results, arm: str, seed: int, number: int, part: Slice
) -> tuple[np.ndarray, np.ndarray]:
    """Objects of a slice that are found at .25, and that are there, in each test picture."""
    scored = results.scored[arm, seed, number]
    parts, members = scored.cells.slices()
    here = members[parts.index(part)][scored.cells.of(scored.human)]
    finder = scored.matching.found
    sure = (finder >= 0) & (np.append(scored.found.confidence, 0)[finder] >= 0.25)
    images = scored.human.images
    return tuple(np.bincount(scored.human.image, each, images) for each in (here & sure, here))


def _fitted(results: Results, arm: str, part: Slice) -> tuple[str, str]:
    """Mean recall of each generation and the least-squares slope, pictures and seeds drawn anew."""
    last = results.loop.generations
    seeds = results.seeds(arm, last)
    every = [[recalled(results, arm, s, n, part) for n in range(last + 1)] for s in seeds]
    hits = np.array([[found for found, _ in one] for one in every])  # seeds, generations, pictures
    there = every[0][0][1]
    at = np.arange(last + 1) - last / 2
    rng = np.random.default_rng(0)
    slopes = []
    for _ in range(REPLICATES):
        weight = rng.multinomial(len(there), np.full(len(there), 1 / len(there)))
        some = rng.integers(len(seeds), size=len(seeds))
        slopes.append(at @ (hits[some] @ weight / (there @ weight)).mean(axis=0) / (at @ at))
    mean = (hits.sum(axis=2) / there.sum()).mean(axis=0)
    low, high = np.quantile(slopes, [0.025, 0.975])
    told = f"{at @ mean / (at @ at):+.3f} [{low:+.3f}, {high:+.3f}]"
    return " ".join(f"{one:.2f}" for one in mean), told
