"""How often does looking after every generation raise a false alarm, and how soon a true one?

    python benchmarks/monitor.py --histories 2000

Simulated histories of labelled sets against one fixed human reference, looked at after each of 50
generations: healthy ones, where every set is a new human sample, and collapsing ones, where each
set is drawn from the class shares of the one before. They are judged by `firsthand.monitor`, by a
p-value of at most 0.05 at any look (corrected over the classes, not over the looks), and by a fixed
rule that alarms when any class has lost 10 %. Writes docs/monitor.md and its picture.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from firsthand import registry
from firsthand.contracts import BUCKETS, Draws, Profile
from firsthand.monitor import monitor
from firsthand.numerics.multiplicity import family_wise
from firsthand.numerics.proportions import wilson
from firsthand.numerics.resampling import Pair, draw, make_splits
from firsthand.report.curves import Curve, Point, curves
from firsthand.report.sheet import Panel, key, note, sheet
from firsthand.trajectory import Row
from firsthand.types import FloatArray, Shared

ALPHA = 0.05
LOOKS = 50
CLASSES = ("A", "B", "C", "D", "E", "F")
SHARES = np.array([0.40, 0.25, 0.15, 0.10, 0.06, 0.04])
RULES = ("e-process", "p at every look", "any class -10 %")
WORLDS = ("nothing changes", "collapse")
NEVER = LOOKS + 1
AXIS = ("look", "{:.0%}".format)
DOCS = Path(__file__).parents[1] / "docs"


class World(NamedTuple):
    """What happens to the class shares, and the sizes of what is compared."""

    name: str
    reference: int
    candidate: int = 500


def main() -> None:
    arguments = _arguments()
    began = time.process_time()
    worlds = [World(name, n) for name in WORLDS for n in (500, 5000)]
    found = {}
    for world in worlds:
        many = arguments.histories if world.name == WORLDS[0] else arguments.histories // 10
        seeds = range(arguments.first_seed, arguments.first_seed + many)
        found[world] = np.array([first_alarms(world, seed) for seed in seeds])
        print("\n".join(_rows(world, found[world])), flush=True)
    minutes = (time.process_time() - began) / 60
    (DOCS / "img" / "monitor.svg").write_text(picture(found), encoding="utf-8")
    (DOCS / "monitor.md").write_text(page(found, minutes, arguments), encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--histories", type=int, default=2000)
    parser.add_argument("--first-seed", type=int, default=30_000)
    return parser.parse_args()


def first_alarms(world: World, seed: int) -> list[int]:
    """The first look at which each rule alarms; NEVER if none."""
    rng = np.random.default_rng([seed, world.reference])
    reference = sample(SHARES, world.reference, rng)
    sets = list(history(world, rng))
    metric = registry.load("metrics", "class_survival")
    plan = make_splits(seed, Shared(world.reference, world.candidate, 0), 999)
    shared = Shared(world.reference, world.candidate, 0)
    draws = draw(metric, Pair(reference, sets[0], shared, None, None), plan)
    # Sizes are the same at every look, so the null is, too: only the value is new.
    asked = [dict(part)["class"] for part in draws.slices]
    rates = [each.aligned(asked).sum(axis=0) / world.candidate for each in sets]
    human = reference.aligned(asked).sum(axis=0) / world.reference
    values = np.array(rates) / human
    return [
        by_e_process(world, draws, values),
        _first([family_wise(-row, -draws.null).family.min() <= ALPHA for row in values]),
        _first((values < 0.9).any(axis=1)),
    ]


def by_e_process(world: World, draws: Draws, values: FloatArray) -> int:
    band = np.quantile(draws.null, [0.025, 0.975], axis=0)
    rows = [
        Row(
            "simulated", 0, world.name, at + 1, "class_survival", part,
            float(values[at, k]), None, None, float(band[0, k]), float(band[1, k]),
            "", world.candidate, 0, "", world.reference, world.candidate, paired=False,
        )
        for k, part in enumerate(draws.slices)
        for at in range(LOOKS)
    ]  # fmt: skip
    return monitor(rows, alpha=ALPHA).alarm or NEVER


def history(world: World, rng: np.random.Generator) -> list[Profile]:
    """The sets of all generations."""
    shares, sets = SHARES, []
    for _ in range(LOOKS):
        sets.append(sample(shares, world.candidate, rng))
        if world.name == "collapse":
            totals = sets[-1].totals.sum(axis=0)
            shares = totals / totals.sum()
    return sets


def sample(shares: FloatArray, n: int, rng: np.random.Generator) -> Profile:
    """A set of n images of one class each, as sums by bucket."""
    label, bucket = rng.choice(len(shares), n, p=shares), rng.integers(BUCKETS, size=n)
    totals = np.zeros((BUCKETS, len(shares)))
    np.add.at(totals, (bucket, label), 1.0)
    return Profile(CLASSES, totals, np.bincount(bucket, minlength=BUCKETS).astype(float), n)


def _first(alarms: Sequence[bool] | np.ndarray) -> int:
    reached = np.flatnonzero(np.asarray(alarms))
    return int(reached[0]) + 1 if len(reached) else NEVER


def _rows(world: World, first: np.ndarray) -> list[str]:
    return [
        f"| {world.name} | {world.reference:,} | {rule} | {_alarmed(first[:, at])} | "
        f"{_soon(first[:, at])} |"
        for at, rule in enumerate(RULES)
    ]


def _alarmed(first: np.ndarray) -> str:
    share, n = float((first <= LOOKS).mean()), len(first)
    low, high = (float(end) for end in wilson(share, n))
    upper = float(wilson(share, n, 2.326)[1])
    return f"{share:.3f} [{low:.3f}, {high:.3f}]; below {upper:.3f}"


def _soon(first: np.ndarray) -> str:
    low, middle, high = np.quantile(first, [0.1, 0.5, 0.9], method="inverted_cdf")
    return " / ".join("never" if at > LOOKS else f"{at:.0f}" for at in (low, middle, high))


def picture(found: dict[World, np.ndarray]) -> str:
    """The share of histories that have alarmed by each look."""
    panels = []
    for world, first in found.items():
        name = f"{world.name}, reference of {world.reference:,}"
        lines = [Curve(rule, tuple(_points(first[:, at]))) for at, rule in enumerate(RULES)]
        drawn = curves(lines, name, "Share of histories with an alarm so far", AXIS)
        panels.append(Panel(name, drawn, 210))
    legend = [key(at, rule) for at, rule in enumerate(RULES)]
    legend.append(note(f"Share of histories with an alarm by that look; wanted: {ALPHA:.0%} above"))
    return sheet("Looking after every generation", panels, legend)


def _points(first: np.ndarray) -> Iterator[Point]:
    for look in range(1, LOOKS + 1):
        share = float((first <= look).mean())
        low, high = (float(end) for end in wilson(share, len(first)))
        yield Point(look, share, low, high, 0.0, ALPHA, marked=look % 7 == 1)


def page(found: dict[World, np.ndarray], minutes: float, asked: argparse.Namespace) -> str:
    table = [row for world, first in found.items() for row in _rows(world, first)]
    template = (Path(__file__).parent / "monitor.template.md").read_text(encoding="utf-8")
    return template.format(
        minutes=f"{minutes:.0f} minutes of CPU",
        histories=asked.histories,
        collapsing=asked.histories // 10,
        first=asked.first_seed,
        table="\n".join(table),
    )


if __name__ == "__main__":
    main()
