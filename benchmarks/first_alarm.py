"""At which generation of a recursion does each metric alarm first, at one false-alarm rate?

    python benchmarks/first_alarm.py            docs/first-alarm.md and docs/img/first-alarm.svg
    python benchmarks/first_alarm.py --quick    one seed, few generations, printed

Digits (MNIST), texts (WikiText-2) and box labels (BCCD) are made by models that train on their own
output (recursions.py), with all data replaced in each generation or a tenth of them human. Every
training set is compared with human data that no model saw. The claim under test: metrics of the
tail alarm no later than any metric of the whole set.

What was computed is kept under --work by the content of each metric's file.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import real_sets
import recursions
from calibration import LEVEL, compare, metrics_of, note_cost, version
from recursions import Digits, Labels

from firsthand.contracts import BoxesView, Metric
from firsthand.types import Boxes, Dataset, Sample

ROOT = Path(__file__).parent.parent
GENERATIONS = 8
SEEDS = tuple(range(90_000, 90_005))
SPLITS = 499
HUMAN = {"replace": 0.0, "10 % human": 0.1}
TRAINED, LOOKED_AT = 2000, 500  # digits in a training set, and of them compared
TAIL = frozenset(
    {
        *("tail_coverage", "class_survival", "size_survival", "pair_survival", "shape_survival"),
        *("position_survival", "type_survival", "rare_token_mass", "missing_mass"),
        *("fact_retention",),
    }
)
"""Metrics that ask about what is rare in the reference; all others look at the set as a whole."""

PAGE = ROOT / "docs" / "first-alarm.md"
PLOT = ROOT / "docs" / "img" / "first-alarm.svg"


class World(NamedTuple):
    """One recursion: human data in two parts, the model, and how training sets are seen."""

    task: str
    size: int  # samples compared
    reference: dict[str, Any]
    human: Any  # the first training set
    next: Callable[[Any, np.random.Generator], Any]
    mix: Callable[[Any, Any, float, np.random.Generator], Any]
    views: Callable[[Any], dict[str, Any]]


def digits(rng: np.random.Generator, smooth: float = recursions.SMOOTH) -> World:
    pixels, labels = real_sets.digits()
    order = rng.permutation(len(pixels))
    kept, trained = order[:LOOKED_AT], order[LOOKED_AT : LOOKED_AT + TRAINED]
    reduced = real_sets.leading(real_sets.described(pixels[trained])[0])

    def views(given: Digits) -> dict[str, Any]:
        features, media = real_sets.described(given.pixels[:LOOKED_AT])
        names = [f"{each}" for each in range(10)]
        return {
            "features": real_sets.feature_view(reduced(features), media),
            **real_sets.labelled(names, given.labels[:LOOKED_AT], media),
        }

    def mix(made: Digits, human: Digits, share: float, rng: np.random.Generator) -> Digits:
        old, new = _shares(len(made.labels), share, rng)
        pixels = np.concatenate([human.pixels[old], made.pixels[new]])
        labels = np.concatenate([human.labels[old], made.labels[new]])
        mixed = rng.permutation(len(labels))
        return Digits(pixels[mixed], labels[mixed])

    human = Digits(pixels[trained], labels[trained])
    reference = views(Digits(pixels[kept], labels[kept]))
    after = partial(recursions.next_digits, smooth=smooth)
    return World("classify", LOOKED_AT, reference, human, after, mix, views)


def texts(rng: np.random.Generator) -> World:
    every = real_sets.articles(real_sets.WORDS)
    order = rng.permutation(len(every))
    half = len(every) // 2
    one, other = ([every[at] for at in order[cut : cut + half]] for cut in (0, half))

    def mix(made: list[str], human: list[str], share: float, rng: np.random.Generator) -> list[str]:
        old, new = _shares(len(made), share, rng)
        return [human[at] for at in old] + [made[at] for at in new]

    reference = real_sets.written(one)
    return World("text", half, reference, other, recursions.next_texts, mix, real_sets.written)


def boxes(rng: np.random.Generator) -> World:
    whole = real_sets.bccd().part(np.arange(364))["boxes"]
    order = rng.permutation(364)
    one, other = (_labels(whole, order[cut : cut + 182]) for cut in (0, 182))

    def mix(made: Labels, human: Labels, share: float, rng: np.random.Generator) -> Labels:
        old, new = _shares(made.images, share, rng)
        parts = [_only(human, old, 0), _only(made, new, len(old))]
        joined = (np.concatenate(each) for each in zip(*(p[:3] for p in parts), strict=True))
        return Labels(*joined, images=made.images)

    def views(given: Labels) -> dict[str, Any]:
        return _seen(given, whole.classes)

    return World("detect", 182, views(one), other, recursions.next_labels, mix, views)


WORLDS: dict[str, Callable[[np.random.Generator], World]] = {
    "MNIST": digits,
    "WikiText-2": texts,
    "BCCD labels": boxes,
    "MNIST, copied": partial(digits, smooth=0.0),
}


def _shares(n: int, share: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Which human samples and which generated ones make the next training set."""
    human = round(n * share)
    return rng.choice(n, human, replace=False), rng.choice(n, n - human, replace=False)


def _labels(whole: BoxesView, images: np.ndarray) -> Labels:
    rows = [np.flatnonzero(whole.sample == at) for at in images]
    image = np.repeat(np.arange(len(images)), [len(each) for each in rows])
    at = np.concatenate(rows)
    place = np.hstack([whole.xywh[at, :2], np.log(np.maximum(whole.xywh[at, 2:], 1e-4))])
    return Labels(image, whole.label[at], place, len(images))


def _only(given: Labels, images: np.ndarray, first: int) -> Labels:
    """Some images, numbered from `first`."""
    place = np.full(given.images, -1)
    place[images] = first + np.arange(len(images))
    kept = place[given.image] >= 0
    return Labels(place[given.image[kept]], given.label[kept], given.place[kept], len(images))


def _seen(given: Labels, classes: tuple[str, ...]) -> dict[str, Any]:
    """Boxes as metrics see them; pictures themselves play no part."""
    samples = []
    for at in range(given.images):
        rows = given.image == at
        place = given.place[rows]
        xywh = np.clip(np.hstack([place[:, :2], np.exp(place[:, 2:])]), 0.0, 1.0)
        labelled = Boxes(given.label[rows].astype(np.int32), xywh)
        media = xywh.tobytes() + at.to_bytes(4, "big")
        digest = real_sets.media_digest(media)
        samples.append(Sample(f"{at}", digest, label=b"x", boxes=labelled))
    return real_sets.of_dataset(Dataset("made", "detect", classes, tuple(samples)))


# Running.


def run(work: Path, name: str, policy: str, seed: int, generations: int) -> float:
    """One recursion; p-values of every metric in every generation, 0 for the human training set."""
    began = time.process_time()
    path = work / f"{name}-{policy}-{seed}.json".replace(" ", "_")
    known = json.loads(path.read_text()) if path.exists() else {}
    rng = np.random.default_rng([seed, list(WORLDS).index(name), list(HUMAN).index(policy)])
    world = WORLDS[name](np.random.default_rng([seed, list(WORLDS).index(name)]))
    asked = metrics_of(world.task, list(world.reference)).values()
    todo = [m for m in asked if len(known.get(_key(m), ())) <= generations]
    if todo:
        found: dict[str, list[float]] = {_key(metric): [] for metric in todo}
        training = world.human
        for generation in range(generations + 1):
            if generation:
                made = world.next(training, rng)
                training = world.mix(made, world.human, HUMAN[policy], rng)
            views = world.views(training)
            for metric in todo:
                pair = world.reference[metric.view], views[metric.view]
                found[_key(metric)].append(compare(metric, pair, world.size, seed, SPLITS).p)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(known | found))
    return time.process_time() - began


def _key(metric: Metric) -> str:
    return f"{metric.name}-{version(metric.name)}"


class Row(NamedTuple):
    """One metric on one recursion."""

    metric: str
    first: list[float]  # generation of the first alarm of each seed; inf for never
    human: int  # seeds in which the human training set itself raised an alarm

    @property
    def middle(self) -> float:
        return float(np.sort(self.first)[(len(self.first) - 1) // 2])


def rows(work: Path, name: str, policy: str, seeds: tuple[int, ...]) -> list[Row]:
    found: dict[str, list[list[float]]] = {}
    for seed in seeds:
        path = work / f"{name}-{policy}-{seed}.json".replace(" ", "_")
        if not path.exists():
            continue
        for key, p in json.loads(path.read_text()).items():
            metric, _, digest = key.rpartition("-")
            if digest == version(metric):
                found.setdefault(metric, []).append(p)
    out = []
    for metric, runs in found.items():
        p = np.array(runs, dtype=float)
        alarm = p <= LEVEL
        later = alarm[:, 1:]
        first = np.where(later.any(axis=1), later.argmax(axis=1) + 1.0, np.inf)
        if not np.isnan(p).all():
            out.append(Row(metric, first.tolist(), int(alarm[:, 0].sum())))
    return sorted(out, key=lambda row: (row.middle, np.mean(np.minimum(row.first, 99)), row.metric))


def table(work: Path, seeds: tuple[int, ...]) -> Iterator[str]:
    yield "| recursion | policy | metric | about | median (range) | human set alarmed |"
    yield "|---|---|---|---|---|---|"
    for name in WORLDS:
        for policy in HUMAN:
            for row in rows(work, name, policy, seeds):
                about = "**tail**" if row.metric in TAIL else "whole"
                span = f"{said(row.middle)} ({said(min(row.first))} to {said(max(row.first))})"
                human = f"{row.human} of {len(row.first)}"
                yield f"| {name} | {policy} | {row.metric} | {about} | {span} | {human} |"


def said(generation: float) -> str:
    return "never" if np.isinf(generation) else f"{generation:.0f}"


def verdicts(work: Path, seeds: tuple[int, ...]) -> Iterator[str]:
    """Is the claim true? For each recursion, by the medians, and seed by seed."""
    yield "| recursion | policy | first of the tail | first of the whole | tail no later |"
    yield "|---|---|---|---|---|"
    for name in WORLDS:
        for policy in HUMAN:
            every = rows(work, name, policy, seeds)
            most = max(len(row.first) for row in every)
            every = [row for row in every if len(row.first) == most]
            tail = [row for row in every if row.metric in TAIL]
            whole = [row for row in every if row.metric not in TAIL]
            if not tail or not whole:
                continue
            one, other = tail[0], whole[0]
            pairs = zip(
                np.min([row.first for row in tail], axis=0),
                np.min([row.first for row in whole], axis=0),
                strict=True,
            )
            held = sum(first <= second for first, second in pairs)
            verdict = "yes" if one.middle <= other.middle else "**no**"
            yield (
                f"| {name} | {policy} | {one.metric} ({said(one.middle)}) | {other.metric} "
                f"({said(other.middle)}) | {verdict}; in {held} of {len(one.first)} seeds |"
            )


STYLE = (
    "text{font:11px sans-serif;fill:#333}.t{font-weight:bold}.k{font-size:9px;text-anchor:middle}"
    ".n{text-anchor:end}.tail{stroke:#b3261e;fill:#b3261e}.whole{stroke:#5a6b7b;fill:#fff}"
)
LINE, LEFT, WIDE, GAP = 16, 150, 190, 30


def plot(work: Path, seeds: tuple[int, ...], generations: int) -> str:
    """Median and range of the first alarm, one line a metric, one panel a recursion and policy."""
    body, top = "", 20
    for name in WORLDS:
        panels = [rows(work, name, policy, seeds) for policy in HUMAN]
        for at, (policy, every) in enumerate(zip(HUMAN, panels, strict=True)):
            drawn = _panel(f"{name}, {policy}", every, generations)
            body += f'<g transform="translate({10 + at * (LEFT + WIDE + GAP)} {top})">{drawn}</g>'
        top += (max(map(len, panels)) + 3) * LINE + 10
    wide = 2 * (LEFT + WIDE + GAP) + 20
    title = f"Generation of the first alarm, median and range over {len(seeds)} seeds; filled: tail"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {top}" width="{wide}" '
        f'role="img"><title>{title}</title><style>{STYLE}</style>'
        f'<rect width="100%" height="100%" fill="#fff"/>{body}</svg>\n'
    )


def _panel(title: str, every: list[Row], generations: int) -> str:
    lines = [_line(row, 18 + at * LINE, generations) for at, row in enumerate(every)]
    ticks = [
        f'<text x="{_x(each, generations):.0f}" y="{24 + len(every) * LINE}" class="k">'
        f"{each if each <= generations else 'never'}</text>"
        for each in range(1, generations + 2)
    ]
    return f'<text class="t">{escape(title)}</text>' + "".join(lines + ticks)


def _x(generation: float, generations: int) -> float:
    return LEFT + WIDE * (min(generation, generations + 1) - 1) / generations


def _line(row: Row, y: int, generations: int) -> str:
    kind = "tail" if row.metric in TAIL else "whole"
    first, middle, last = (
        _x(each, generations) for each in (min(row.first), row.middle, max(row.first))
    )
    return (
        f'<text x="{LEFT - 10}" y="{y + 4}" class="n">{escape(row.metric)}</text>'
        f'<path d="M{first:.1f} {y}H{last:.1f}" class="{kind}" stroke-width="1.5"/>'
        f'<circle cx="{middle:.1f}" cy="{y}" r="4" class="{kind}" stroke-width="1.5"/>'
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="one seed, few generations, printed")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "first-alarm")
    asked = parser.parse_args()
    seeds, generations = (SEEDS[:1], 3) if asked.quick else (SEEDS, GENERATIONS)
    work = asked.work / "quick" if asked.quick else asked.work
    began, jobs = time.monotonic(), []
    with ProcessPoolExecutor(asked.workers, multiprocessing.get_context("spawn")) as pool:
        for seed in seeds:
            for name in WORLDS:
                jobs += [pool.submit(run, work, name, each, seed, generations) for each in HUMAN]
        for done, job in enumerate(jobs, 1):
            seconds = job.result()
            note_cost(work, seconds)
            passed = time.monotonic() - began
            print(f"{passed:5.0f} s  {seconds:5.1f} s  {done} of {len(jobs)}", file=sys.stderr)
    text = page(work, seeds, generations)
    if asked.quick:
        print(text)
        return
    PAGE.write_text(text, encoding="utf-8")
    PLOT.write_text(plot(work, seeds, generations), encoding="utf-8")


def page(work: Path, seeds: tuple[int, ...], generations: int) -> str:
    folder = Path(__file__).parent
    return (
        (folder / "first_alarm.template.md")
        .read_text(encoding="utf-8")
        .format(
            minutes=f"{note_cost(work) / 60:.0f} minutes of CPU",
            remarks=(folder / "first_alarm.remarks.md").read_text(encoding="utf-8").strip(),
            generations=generations,
            seeds=f"{seeds[0]} to {seeds[-1]}",
            count=len(seeds),
            trained=TRAINED,
            looked_at=LOOKED_AT,
            smooth=recursions.SMOOTH,
            unsure=f"{recursions.LEAST_SURE:.0%}",
            words=real_sets.WORDS,
            table="\n".join(table(work, seeds)),
            verdicts="\n".join(verdicts(work, seeds)),
        )
    )


if __name__ == "__main__":
    main()
