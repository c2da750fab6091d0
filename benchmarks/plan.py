"""Does firsthand plan keep its promises? Writes docs/plan.md.

    python benchmarks/plan.py --markdown docs/plan.md

Planned by `firsthand.plan` itself, then followed by independent simulated chains: the formulas of
the fresh budget at three budgets, 200 random class distributions and targets on each of two
seeds, and, where real data are at hand (FIRSTHAND_DATA), whole images of blood cells. The formulas
were settled on other seeds. Exit code 1 if an interval of what was found lies below its promise.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import firsthand
from firsthand.class_counts import typed
from firsthand.planning.checking import simulated
from firsthand.planning.target import exact_interval
from firsthand.theory import inflow
from firsthand.theory.keeping import Mix, kept_probability, variance

SEEDS = (101, 102)  # settings were chosen on others
CASES, CHAINS = 200, 50
ZIPF = 1 / np.arange(1.0, 1001)
ZIPF /= ZIPF.sum()
SAMPLES = 2000
BUDGETS = [(20, 500), (100, 150), (400, 60)]  # fresh samples, and generations that settle
LAW = 10_000  # chains against which the formula of one class is held
WAYS = ("fresh", "quota", "weighted", "anchor", "accumulate")
TEMPLATE = Path(__file__).with_name("plan.template.md")


def binomial(hits: int, of: int) -> str:
    low, high = exact_interval(hits, of, 0.95)
    return f"{hits / of:.4f} [{float(low):.4f}, {float(high):.4f}]"


def budgets(seed: int, chains: int = 200) -> Iterator[str]:
    """Section 8: homozygosity, and classes below half of their share."""
    rng = np.random.default_rng(seed)
    human = float((ZIPF**2).sum())
    for fresh, settle in BUDGETS:
        found = np.tile(ZIPF, (chains, 1))
        for _ in range(settle):
            made = rng.multinomial(SAMPLES - fresh, found)
            found = (made + rng.multinomial(fresh, ZIPF, chains)) / SAMPLES
        same = (found**2).sum(axis=1)
        law = float(inflow.settled_homozygosity(human, SAMPLES, fresh / SAMPLES))
        mix = Mix(fresh, SAMPLES - fresh, fresh / SAMPLES, False)
        exact = human + (1 - human) * variance(mix, settle)
        cells = [f"{law:.5f}", f"{exact:.5f}", f"{same.mean():.5f}"]
        cells.append(f"{same.std(ddof=1) / np.sqrt(chains):.5f}")
        for rank in (10, 100):
            share = ZIPF[rank - 1]
            below = int((found[:, rank - 1] < share / 2 - 1e-12).sum())
            cells += [f"{1 - kept_probability(share, 0.5, mix, settle):.3f}"]
            cells += [binomial(below, chains)]
        yield f"| {fresh} | " + " | ".join(cells) + " |"


@dataclass
class Case:
    """One random distribution and target, planned and followed."""

    way: str
    generations: int | None
    keep: float
    asked: float  # probability
    promised: float
    reached: int
    inside: int
    planned: bool  # whether the means were bought for this class, so that it had to be kept


def case(rng: np.random.Generator, seed: int) -> Case:
    """A class of a random distribution, in a plan for all classes."""
    shares = rng.dirichlet(np.full(rng.integers(2, 25), 10 ** rng.uniform(-0.5, 1)))
    counts = np.maximum(np.round(shares * 10 ** rng.uniform(3, 4)), 1).astype(int)
    way = str(rng.choice(WAYS))
    turns = [1, 3, 10, 30, None][rng.integers(5 if way != "accumulate" else 4)]
    found = firsthand.plan(
        typed([f"class {at}" for at in range(len(counts))], counts.tolist()),
        samples=int(10 ** rng.uniform(2.3, 3.7)),
        generations=turns,
        keep=float(rng.uniform(0.3, 0.95)),
        probability=float(rng.uniform(0.8, 0.98)),
        policy=way,
    )
    if found.choice.human == 0 and turns is None:  # nothing lasts, and nobody would plan it
        return case(rng, seed)
    at = int(rng.integers(len(counts)))
    parts = simulated(found.people, found.target, found.choice, chains=CHAINS, seed=seed)[:, at]
    one, keep = found.outcomes[at], found.target.keep
    return Case(
        way=way,
        generations=turns,
        keep=keep,
        asked=found.target.probability,
        promised=one.probability,
        reached=int((parts >= keep - 1e-9).sum()),
        inside=int(((parts >= one.low - 1e-3) & (parts <= one.high + 1e-3)).sum()),
        planned=one.kept,
    )


def cases(seed: int) -> list[Case]:
    rng = np.random.default_rng(seed)
    return [case(rng, int(rng.integers(2**31))) for _ in range(CASES)]


def interval_lines(found: dict[int, list[Case]]) -> Iterator[tuple[str, bool]]:
    """How often outcomes lie in the stated 95 % interval, by seed and by way."""
    for seed, each in found.items():
        hits = sum(one.inside for one in each)
        low, high = exact_interval(hits, len(each) * CHAINS, 0.95)
        yield f"| seed {seed} | {len(each)} | {binomial(hits, len(each) * CHAINS)} |", high >= 0.95
    every = [one for each in found.values() for one in each]
    for way in WAYS:
        mine = [one for one in every if one.way == way]
        hits = sum(one.inside for one in mine)
        low, high = exact_interval(hits, len(mine) * CHAINS, 0.95)
        yield f"| {way} | {len(mine)} | {binomial(hits, len(mine) * CHAINS)} |", high >= 0.95


def promise_lines(found: dict[int, list[Case]]) -> Iterator[tuple[str, bool]]:
    """Where the target was promised: how often it was reached, against what was asked."""
    for seed, each in found.items():
        mine = [one for one in each if one.planned]
        gap = np.array([one.reached / CHAINS - one.asked for one in mine])
        close = np.array([one.reached / CHAINS - one.promised for one in mine])
        se = gap.std(ddof=1) / np.sqrt(len(gap))
        own = close.std(ddof=1) / np.sqrt(len(close))
        asked = np.mean([one.asked for one in mine])
        reached = np.mean([one.reached / CHAINS for one in mine])
        line = (
            f"| {seed} | {len(mine)} | {asked:.4f} | {reached:.4f} | {gap.mean():+.4f} ({se:.4f})"
        )
        yield f"{line} | {close.mean():+.4f} ({own:.4f}) |", gap.mean() + 1.96 * se >= 0


def blood_cells() -> Iterator[tuple[str, bool]]:
    """Whole images are drawn: does the design effect stand for their clustering?"""
    folder = Path(os.environ.get("FIRSTHAND_DATA", "")) / "bccd"
    if not os.environ.get("FIRSTHAND_DATA") or not folder.exists():
        return
    data = firsthand.read(folder, declared=firsthand.HUMAN, progress=False)
    for keep, turns, way in ((0.8, 10, "fresh"), (0.8, None, "fresh"), (0.9, 10, "anchor")):
        found = firsthand.plan(
            data, keep=keep, generations=turns, policy=way, simulate=True, seed=7
        )
        for one, sim in zip(found.outcomes, found.checked, strict=True):
            row = [way, f"{keep:.0%}", str(turns or "settled"), f"{found.choice.human}", one.name]
            row += [f"{one.probability:.3f}", binomial(sim.hits, sim.chains)]
            row += [f"{one.low:.2f} - {one.high:.2f}", f"{sim.parts[0]:.2f} - {sim.parts[2]:.2f}"]
            yield "| " + " | ".join(row) + " |", not sim.contradicts


def followed(rng: np.random.Generator, share: float, mix: Mix, generations: int) -> np.ndarray:
    """One class in many chains, by plain binomial draws. (LAW,)."""
    found = np.full(LAW, share)
    for _ in range(generations):
        made = rng.binomial(mix.made, np.clip(found, 0, 1)) / mix.made
        human = rng.binomial(mix.human, share, LAW) / mix.human if mix.human else share
        found = mix.part * (share if mix.fixed else human) + (1 - mix.part) * made
    return found


def a_mix(rng: np.random.Generator, kind: str) -> Mix:
    samples = int(10 ** rng.uniform(2, 4))
    human = 0 if kind == "none" else max(1, int(samples * 10 ** rng.uniform(-2.5, -0.05)))
    part = human / samples
    part = min(0.95, 3 * part) if kind == "three times the weight" else part
    return Mix(human, samples - human, part, kind == "kept or quota")


def law_lines(seed: int) -> Iterator[str]:
    """The formula of one class against plain simulation, by kind of human part."""
    rng = np.random.default_rng(seed)
    for kind in ("fresh", "kept or quota", "three times the weight", "none"):
        high, low = [], []
        for _ in range(150):
            share, mix = 10 ** rng.uniform(-3.3, -0.3), a_mix(rng, kind)
            turns, keep = int(rng.choice([1, 3, 10, 30])), float(rng.choice([0.25, 0.5, 0.75, 0.9]))
            law = kept_probability(share, keep, mix, turns)
            parts = followed(rng, share, mix, turns)
            error = float((parts >= keep * share - 1e-12).mean()) - law
            (high if law > 0.85 else low).append(error)
        cells = [
            f"{len(e)} | {np.sqrt(np.mean(np.square(e))):.4f} | {min(e):+.4f}" for e in (high, low)
        ]
        yield f"| {kind} | " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--markdown", type=Path, help="where to write the page")
    given = parser.parse_args()
    start = time.process_time()
    found = {seed: cases(seed) for seed in SEEDS}
    intervals, promises = list(interval_lines(found)), list(promise_lines(found))
    cells = list(blood_cells())
    parts = {
        "budgets": "\n".join(budgets(SEEDS[0])),
        "intervals": "\n".join(line for line, _ in intervals),
        "promises": "\n".join(line for line, _ in promises),
        "cells": "\n".join(line for line, _ in cells) or "| not at hand | | | | | | | | |",
        "law": "\n".join(law_lines(SEEDS[1])),
        "seconds": f"{time.process_time() - start:.0f}",
        "python": f"Python {platform.python_version()}, NumPy {np.__version__}",
        "cases": str(CASES),
        "chains": str(CHAINS),
        "seeds": ", ".join(map(str, SEEDS)),
    }
    page = TEMPLATE.read_text(encoding="utf-8")
    for name, text in parts.items():
        page = page.replace("{{" + name + "}}", text)
    if given.markdown:
        given.markdown.write_text(page, encoding="utf-8")
    print(page)
    sys.exit(0 if all(good for _, good in (*intervals, *promises, *cells)) else 1)


if __name__ == "__main__":
    main()
