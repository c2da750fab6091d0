"""How often is each metric wrong on human data, and how little damage does it find?

    python benchmarks/calibration.py            the tables of docs/calibration.md, both of them
    python benchmarks/calibration.py --quick    a tenth of it, printed, to see that it runs
    python benchmarks/calibration.py --only recall vendi    rows of these; others stay as they are

Calibration: two disjoint random parts of the same human data are compared, so every alarm is false.
Power: two samples of a simulated world are compared, one of them damaged by a dial from 0 to 1; the
smallest setting found in 8 of 10 pairs is read off between the two settings around it.

What was computed is kept under --work by the content of the metric's file, so a run that was
stopped goes on, and a new metric costs only itself. Delete the folder after a change elsewhere.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import multiprocessing
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache, lru_cache
from itertools import takewhile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
import real_sets
from false_alarms import wilson
from real_sets import ask

import ladders
from firsthand import registry
from firsthand.contracts import Ladder, Metric, Splits
from firsthand.numerics.multiplicity import family_wise
from firsthand.numerics.resampling import make_splits
from firsthand.types import Shared

ROOT = Path(__file__).parent.parent
LEVEL = 0.05
PAIRS = {"mnist": 200, "cifar": 200, "wikitext": 200, "bccd": 600, "table": 600}
FIRST_SEED = 70_000  # pairs of human parts; settings of metrics were chosen on others
WORLD_SEED = 80_000  # pairs of simulated worlds
SPLITS = 499
MOST = 500  # samples in a part
BLOCK = 10  # pairs in a job
FEWER = {  # pairs, and why
    ("mnist", "frechet"): (10, "5 s a pair in 416 dimensions"),
    ("cifar", "frechet"): (60, "1.2 s a pair"),
    ("wikitext", "type_survival"): (60, "0.8 s a pair"),
    ("wikitext", "distinct_n"): (60, "0.4 s a pair"),
}
STRENGTHS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)
WORLDS_EACH = 15  # pairs at each strength
WANTED = 0.8
KINDS: tuple[Ladder, ...] = Ladder.__args__  # type: ignore[attr-defined]
PAGE = ROOT / "docs" / "calibration.md"


class Pair(NamedTuple):
    """One comparison by one metric: how bad, and how bad chance alone would be."""

    badness: np.ndarray  # (slices,)
    null: np.ndarray  # (splits, slices)

    @property
    def p(self) -> float:
        """Of the metric alone, over its slices; NaN where it could say nothing."""
        family = family_wise(self.badness, self.null).family
        return float(family.min()) if len(family) else np.nan


def compare(metric: Metric, views: tuple[Any, Any], size: int, seed: int, splits: int) -> Pair:
    plan = plan_of(size, seed, splits)
    draws = ask(metric, *views, Shared(size, size, 0), plan)
    sign = 1.0 if metric.worse == "up" else -1.0
    fine = np.isfinite(draws.value) & np.isfinite(draws.null).all(axis=0)
    return Pair(sign * draws.value[fine], (sign * draws.null[:, fine]).astype(np.float32))


@lru_cache(maxsize=1)
def plan_of(size: int, seed: int, splits: int) -> Splits:
    """The same object for every metric: those that share a costly pass make it once."""
    return make_splits(seed, Shared(size, size, 0), splits)


# Calibration.


@cache
def real_set(name: str) -> real_sets.RealSet:
    return real_sets.SETS[name]()


def metrics_of(task: str, views: Sequence[str]) -> dict[str, Metric]:
    """Every metric that is registered by now and can be asked about such data."""
    found = registry.load_all("metrics")
    fit = (m for m in found.values() if task in m.tasks and m.view in views)
    return {m.name: m for m in fit if not m.embedder}  # no points of a model are at hand


def parts(name: str, pair: int) -> tuple[dict[str, Any], dict[str, Any], int]:
    """Two disjoint random parts of a set, of equal size."""
    whole = real_set(name)
    order = np.random.default_rng([FIRST_SEED, pair]).permutation(whole.samples)
    size = min(MOST, whole.samples // 2)
    one, other = (np.sort(order[at : at + size]) for at in (0, size))
    return whole.part(one), whole.part(other), size


def calibrate(work: Path, name: str, first: int, last: int, only: list[str] | None) -> str:
    """One job: some pairs of one set, by every metric that has not seen them."""
    sample = real_set(name).part(np.arange(40))
    todo: dict[str, Metric] = {}
    for metric in metrics_of(real_set(name).task, list(sample)).values():
        if only and metric.name not in only:
            continue
        enough = first >= FEWER.get((name, metric.name), (PAIRS[name], ""))[0]
        if not enough and not place(work, name, metric.name, first).exists():
            todo[metric.name] = metric
    if not todo:
        return ""
    found: dict[str, dict[str, np.ndarray]] = {each: {} for each in todo}
    for pair in range(first, last):
        one, other, size = parts(name, pair)
        for metric in todo.values():
            views = one[metric.view], other[metric.view]
            result = compare(metric, views, size, FIRST_SEED + pair, SPLITS)
            found[metric.name] |= {f"b{pair}": result.badness, f"n{pair}": result.null}
    for each, arrays in found.items():
        save(place(work, name, each, first), arrays)
    return f"{name} {first}-{last - 1}: {len(todo)} metrics"


def place(work: Path, name: str, metric: str, first: int) -> Path:
    return work / name / f"{metric}-{version(metric)}-{first}.npz"


@cache
def version(metric: str) -> str:
    """A digest of what a metric does: of its file without what is only said in it."""
    source = ROOT / "src" / "firsthand" / "metrics" / f"{metric}.py"
    if not source.exists():
        return "outside"
    tree = ast.parse(source.read_bytes())
    code = [each for each in tree.body if not isinstance(each, ast.Expr)]
    return hashlib.sha256("".join(map(ast.dump, code)).encode()).hexdigest()[:10]


def save(path: Path, arrays: dict[str, np.ndarray]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".part").open("wb") as file:
        np.savez_compressed(file, **arrays)
    path.with_suffix(".part").replace(path)


def load(work: Path, name: str, metric: str, pairs: int) -> dict[int, Pair]:
    found: dict[int, Pair] = {}
    paths = {first: place(work, name, metric, first) for first in range(0, pairs, BLOCK)}
    for first in (at for at, path in paths.items() if path.exists()):
        with np.load(paths[first], allow_pickle=False) as arrays:
            each = range(first, min(first + BLOCK, pairs))
            found |= {pair: Pair(arrays[f"b{pair}"], arrays[f"n{pair}"]) for pair in each}
    return found


def rate(count: int, n: int) -> str:
    if not n:
        return "could say nothing"
    low, high = wilson(count, n)
    mark = " **high**" if low > LEVEL else " low" if high < LEVEL else ""
    return f"{count / n:.3f} [{max(low, 0):.3f}, {high:.3f}]{mark}"


def calibration_table(work: Path, pairs: dict[str, int]) -> Iterator[str]:
    """One row a metric and set, and three for everything asked about a set at once."""
    yield "| set | metric | slices | pairs | alarm rate, alone [95 % interval] |"
    yield "|---|---|---|---|---|"
    for name in real_sets.SETS:
        whole = real_set(name)
        asked = metrics_of(whole.task, list(whole.part(np.arange(40))))
        all_of = {each: load(work, name, each, pairs[name]) for each in asked}
        for each, results in all_of.items():
            p = np.array([result.p for result in results.values()])
            slices = max((len(r.badness) for r in results.values()), default=0)
            said = np.isfinite(p)
            shown = rate(int((p[said] <= LEVEL).sum()), int(said.sum()))
            shown = shown if results else "not run"
            yield f"| {whole.name} | {each} | {slices} | {said.sum()} | {shown} |"
        yield from _whole_table(whole.name, all_of)


def _whole_table(name: str, all_of: dict[str, dict[int, Pair]]) -> Iterator[str]:
    """The false alarms of everything together, over the pairs that all of it was asked about.

    Metrics that cost too much for as many pairs as the others are left out.
    """
    most = max(map(len, all_of.values()))
    full = [results for results in all_of.values() if 2 * len(results) > most]
    pairs = sorted(set.intersection(*map(set, full)))
    if not pairs:
        return
    each = [[results[pair] for results in full] for pair in pairs]
    p = np.array([[result.p for result in results] for results in each])
    least, asked = np.nanmin(p, axis=1), np.isfinite(p).sum(axis=1)
    joint = [Pair(*(np.concatenate(x, axis=-1) for x in zip(*one, strict=True))) for one in each]
    slices = max(len(pair.badness) for pair in joint)
    alarms = {
        "min-P": (slices, sum(pair.p <= LEVEL for pair in joint)),
        "Holm": (len(full), int((least * asked <= LEVEL).sum())),
        "uncorrected": (len(full), int((least <= LEVEL).sum())),
    }
    for how, (questions, count) in alarms.items():
        shown = rate(count, len(pairs))
        yield f"| {name} | **{len(full)} metrics, {how}** | {questions} | {len(pairs)} | {shown} |"


# Power.


def power(work: Path, view: str, kind: Ladder, pairs: int) -> str:
    """One job: the smallest damage of one kind that each metric on a view finds."""
    todo = [m for m in registry.load_all("metrics").values() if (m.embedder or m.view) == view]
    todo = [m for m in todo if not power_place(work, m.name, kind).exists()]
    made = cache(lambda strength, seed: world(view, kind, strength, seed))
    for metric in todo:
        share = cache(lambda at, m=metric: _found(m, made, STRENGTHS[at], pairs))  # noqa: B023
        at = len(STRENGTHS) - 1
        result: dict[str, float] = {"full": share(at)}
        if share(at) >= WANTED:
            low, high = -1, at
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (low, middle) if share(middle) >= WANTED else (middle, high)
            result["strength"] = _between(low, high, share)
        path = power_place(work, metric.name, kind)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(result))
    return f"{view} {kind}: {len(todo)} metrics" if todo else ""


def power_place(work: Path, metric: str, kind: Ladder) -> Path:
    return work / "power" / f"{metric}-{version(metric)}-{kind}.json"


def world(view: str, kind: Ladder, strength: float, seed: int) -> tuple[Any, Any]:
    rng = np.random.default_rng([WORLD_SEED + seed, KINDS.index(kind)])
    make = ladders.WORLDS[view]
    return make("healthy", 0.0, rng), make(kind, strength, rng)


def _found(metric: Metric, made: Any, strength: float, pairs: int) -> float:
    """In what share of pairs is the damage found? A first quarter that finds nothing ends it."""
    hits = 0
    for seed in range(pairs):
        views = made(strength, seed)
        hits += compare(metric, views, ladders.count(views[0]), seed, 199).p <= LEVEL
        if seed + 1 == pairs // 4 and not hits:
            return 0.0
    return hits / pairs


def _between(low: int, high: int, share: Any) -> float:
    """Where the share that is found passes the one wanted, on a straight line."""
    if low < 0:
        return STRENGTHS[0]
    before, after = share(low), share(high)
    step = (WANTED - before) / (after - before)
    return STRENGTHS[low] + step * (STRENGTHS[high] - STRENGTHS[low])


def power_table(work: Path) -> Iterator[str]:
    yield "| looks at | metric | " + " | ".join(KINDS) + " |"
    yield "|---|---|" + "---|" * len(KINDS)
    found = registry.load_all("metrics").values()
    for metric in sorted(found, key=lambda m: (m.view, m.name)):
        cells = [_cell(work, metric, kind) for kind in KINDS]
        yield f"| {metric.view} | {metric.name} | " + " | ".join(cells) + " |"


def _cell(work: Path, metric: Metric, kind: Ladder) -> str:
    path = power_place(work, metric.name, kind)
    if not path.exists():
        return "?"
    result = json.loads(path.read_text())
    claim = "+" if kind in metric.sees else "-" if kind in metric.blind_to else ""
    if "strength" not in result:
        return f"no ({result['full']:.2f}){claim}"
    under = "<= " if result["strength"] <= STRENGTHS[0] else ""
    return f"{under}{result['strength']:.2f}{claim}"


# The whole.


def jobs(
    work: Path, pairs: dict[str, int], worlds: int, only: list[str] | None
) -> Iterator[tuple[Any, ...]]:
    """What is quick first, and every other block of pairs: a run that is stopped says something."""
    every = [(name, first) for name, most in pairs.items() for first in range(0, most, BLOCK)]
    every.sort(key=lambda job: (job[1] // BLOCK % 2, job[1] / pairs[job[0]]))
    views = sorted(ladders.WORLDS, key=lambda view: view == "tokens")
    worldly = [(power, work, view, kind, worlds) for view in views for kind in KINDS]
    yield from [] if only else worldly[: -len(KINDS)]
    for name, first in every:
        yield calibrate, work, name, first, min(first + BLOCK, pairs[name]), only
    yield from [] if only else worldly[-len(KINDS) :]


def run(job: tuple[Any, ...]) -> tuple[str, float]:
    began = time.process_time()
    return job[0](*job[1:]), time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="few pairs, printed")
    parser.add_argument("--only", nargs="+", metavar="METRIC", help="all other rows are kept")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "calibration")
    asked = parser.parse_args()
    pairs = dict.fromkeys(PAIRS, BLOCK) if asked.quick else PAIRS
    worlds = 5 if asked.quick else WORLDS_EACH
    work = asked.work / "quick" if asked.quick else asked.work
    began = time.monotonic()
    with ProcessPoolExecutor(asked.workers, multiprocessing.get_context("spawn")) as pool:
        for done, seconds in pool.map(run, jobs(work, pairs, worlds, asked.only)):
            if done:
                note_cost(work, seconds)
                passed = time.monotonic() - began
                print(f"{passed:6.0f} s  {seconds:5.1f} s  {done}", file=sys.stderr)
    text = page(work, pairs, worlds, asked.only)
    if asked.quick:
        print(text)
    else:
        PAGE.write_text(text, encoding="utf-8")


def note_cost(work: Path, seconds: float = 0.0) -> float:
    """Seconds of CPU that all jobs together have taken so far, in this run and in earlier ones."""
    path = work / "seconds.txt"
    spent = seconds + (float(path.read_text()) if path.exists() else 0.0)
    path.write_text(f"{spent:.1f}")
    return spent


def page(work: Path, pairs: dict[str, int], worlds: int, only: list[str] | None) -> str:
    reasons = "; ".join(f"{' '.join(key)} {n} ({why})" for key, (n, why) in FEWER.items())
    folder = Path(__file__).parent
    text = (folder / "calibration.template.md").read_text(encoding="utf-8")
    rows, found = list(calibration_table(work, pairs)), list(power_table(work))
    if only:
        rows, found = with_former(rows, only), former("| looks at")
    return text.format(
        minutes=f"{note_cost(work) / 60:.0f} minutes of CPU",
        remarks=(folder / "calibration.remarks.md").read_text(encoding="utf-8").strip(),
        articles=real_set("wikitext").samples,
        words=real_sets.WORDS,
        pairs=", ".join(f"{each} of {name}" for name, each in pairs.items()),
        fewer=reasons or "none",
        first=FIRST_SEED,
        last=FIRST_SEED + max(pairs.values()) - 1,
        splits=SPLITS,
        worlds=worlds,
        world_first=WORLD_SEED,
        world_last=WORLD_SEED + worlds - 1,
        strengths=", ".join(f"{each:g}" for each in STRENGTHS),
        calibration="\n".join(rows),
        power="\n".join(found),
    )


def former(first: str) -> list[str]:
    """A table of the page as it stands, by how its first line begins."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    at = next(at for at, line in enumerate(lines) if line.startswith(first))
    return list(takewhile(lambda line: line.startswith("|"), lines[at:]))


def with_former(rows: list[str], only: list[str]) -> list[str]:
    """Rows of the metrics that were run, in the table as it stands."""
    known = {_subject(row): row for row in rows if _subject(row)[1] in only}
    return [known.get(_subject(row), row) for row in former("| set | metric")]


def _subject(row: str) -> tuple[str, str]:
    """Set and metric."""
    _, name, metric, *_ = (cell.strip() for cell in row.split("|"))
    return name, metric


if __name__ == "__main__":
    main()
