"""The page and the pictures of yolo_collapse.py, from generations that are there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import yolo_collapse_bars
import yolo_collapse_few
from yolo_collapse_slope import recalled, slopes

from firsthand.closed_loop import drawn
from firsthand.closed_loop.results import Results
from firsthand.types import ALL, Measurement, Slice

FOLDER = Path(__file__).parent
DOCS = FOLDER.parent / "docs"
DRAWN = ["replace", "DCKT50", "Z0", "mix30", "DCK", "Z0K"]  # the first four that ran
ALT = {
    "shapes": "Recall, labels, mAP50 and precision over the generations",
    "few": "mAP50 and recall over Z0, with 30, 50 and 100 pictures that people labelled",
}
MINUS = ("average_precision", "precision")


def write(found: Callable[[str], Results]) -> None:
    """Write docs/yolo-collapse.md and its pictures; `found` gives the results of a loop by name."""
    text = (FOLDER / "yolo_collapse.template.md").read_text("utf-8")
    parts = {f"{name}": "\n".join(_collapse(found(name))) for name in ("shapes", "bccd")}
    parts |= {f"{name}-seeds": "\n".join(_by_seed(found(name))) for name in ("shapes", "bccd")}
    parts |= {f"{name}-labels": "\n".join(_labels(found(name))) for name in ("shapes", "bccd")}
    settings = {"shapes": "shapes", "grown": "shapes, grown", "bccd": "BCCD"}
    bars = [(said, found(name)) for name, said in settings.items()]
    head, *lines = yolo_collapse_bars.table(bars, "DCKT50")
    parts["bars"] = "\n".join(_table(head, lines))
    parts |= {name: "\n".join(_collapse(found(name))) for name in ("grown", "grown-60")}
    few = ("few-30", "few-50", "few-100", "cells-30", "cells-50")
    for name in ("once-30", "slowly-30", "thrice-30", "choose", *few):
        parts[name] = "\n".join(_over_controls(found(name)))
    kept = ("DCK", "DCKT50", "Z0K")
    parts["few-bccd"] = "\n".join(_over_controls(found("bccd"), kept))
    parts["wrong-prior"] = "\n".join(_wrong_prior(found("wrong-prior")))
    parts["gate"] = "\n".join(_gate(found("gate")))
    for name in ("ten", "ten-bccd"):
        parts[name] = "\n".join(_table(*slopes(found(name))))
    parts["remarks"] = (FOLDER / "yolo_collapse.remarks.md").read_text("utf-8").strip()
    parts["cpu"] = _cost([found(name) for name in ("shapes", "bccd")])
    for name in ("shapes", "bccd", "grown", "ten", "ten-bccd"):
        parts[f"{name}-picture"] = _picture(name, found(name))
    loops = {n: f"few-{n}" for n in (30, 50, 100)}
    levels = loops | {1500: "few-1500"}
    parts["room"] = "\n".join(_table(*yolo_collapse_few.room(found, levels)))
    levels = {n: f"cells-{n}" for n in (30, 50, 280)}
    parts["room-cells"] = "\n".join(_table(*yolo_collapse_few.room(found, levels)))
    parts["few-picture"] = _shown("few", yolo_collapse_few.picture(found, loops))
    for name, said in parts.items():
        text = text.replace(f"{{{{{name}}}}}", said)
    (DOCS / "yolo-collapse.md").write_text(text, encoding="utf-8")


def _picture(name: str, results: Results) -> str:
    there = [arm for arm in DRAWN if results.seeds(arm, results.loop.generations)][:4]
    if not there:
        return ""
    return _shown(name, drawn.picture(results, there))


def _shown(name: str, drawing: str) -> str:
    """Its place on the page; it is written beside it."""
    if not drawing:
        return ""
    path = DOCS / "img" / f"yolo-collapse-{name}.svg"
    path.write_text(drawing, encoding="utf-8")
    return f"![{ALT.get(name, ALT['shapes'])}](img/{path.name})"


def _ran(results: Results, number: int | None = None) -> list[str]:
    last = results.loop.generations if number is None else number
    return [arm for arm in results.arms if results.seeds(arm, last)]


def _table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> Iterator[str]:
    if not lines:
        yield "Not run yet."
        return
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for line in lines:
        yield "| " + " | ".join(line) + " |"


def _said(answer: object, sign: str = "") -> str:
    if not isinstance(answer, Measurement):
        return "cannot say"
    value, low, high = (
        format(end, f"{sign}.2f") for end in (answer.value, answer.low, answer.high)
    )
    return f"{value} [{low}, {high}]"


def _collapse(results: Results) -> Iterator[str]:
    """Each arm at the last generation over generation 0, and beside the controls."""
    rare, small, large = results.rarest, results.smallest, results.largest
    last = results.loop.generations
    head = ["arm", "seeds", f"{_name(rare)} r@.25", "small r@.25", f"{_name(rare)} r@.5"]
    head += ["small r@.5", "large r@.25", "mAP50 -", "precision@.25 -"]
    head += [f"{_name(rare)} over Z0", "small over Z0"]
    lines = []
    for arm in _ran(results):
        at25 = results.against(arm, last, (arm, 0))
        at50 = results.against(arm, last, (arm, 0), confidence=0.5)
        minus = [results.against(arm, last, (arm, 0), name, how="difference") for name in MINUS]
        line = [arm, _seeds(results, arm, last)]
        line += [_said(at25[rare]), _said(at25[small]), _said(at50[rare]), _said(at50[small])]
        line += [_said(at25[large]), *(_said(each[ALL], "+") for each in minus)]
        line += _over(results, arm, "Z0", (rare, small))
        lines.append(line)
    yield from _table(head, lines)


def _over(results: Results, arm: str, control: str, parts: Sequence[Slice]) -> list[str]:
    last = results.loop.generations
    if arm == control or not {*results.seeds(arm, last)} & {*results.seeds(control, last)}:
        return ["" for _ in parts]
    found = results.against(arm, last, (control, last))
    return [_said(found[part]) for part in parts]


def _name(part: Slice) -> str:
    return ", ".join(value for _, value in part)


def _seeds(results: Results, arm: str, number: int) -> str:
    return ", ".join(map(str, results.seeds(arm, number)))


def _value(results: Results, arm: str, seed: int, number: int, part: Slice) -> float:
    """Recall at .25."""
    found, there = recalled(results, arm, seed, number, part)
    return float(found.sum() / there.sum())


def _by_seed(results: Results) -> Iterator[str]:
    """Recall at .25 of every generation, for each seed."""
    rare, small = results.rarest, results.smallest
    head = ["arm", "seed", f"{_name(rare)}, generation 0, 1, ...", "small, generation 0, 1, ..."]
    lines = []
    for arm in results.arms:
        for seed in results.seeds(arm, 1):
            numbers = [
                n for n in range(results.loop.generations + 1) if seed in results.seeds(arm, n)
            ]
            curves = [
                " ".join(f"{_value(results, arm, seed, n, part):.2f}" for n in numbers)
                for part in (rare, small)
            ]
            lines.append([arm, str(seed), *curves])
    yield from _table(head, lines)


def _labels(results: Results) -> Iterator[str]:
    """Labels of a generation over those that people's count gives, and how many are right."""
    rare, small = results.rarest, results.smallest
    head = ["arm", f"{_name(rare)} labels, made over expected, generation 1, 2, ..."]
    head += ["small ones", "all", f"of the {_name(rare)} labels right", "of all labels right"]
    lines = []
    for arm in _ran(results, 1):
        if not results.labels(arm, 1, ALL):
            continue
        line = [arm]
        for part in (rare, small, ALL):
            each = [_mean(results.labels(arm, n, part)) for n in _numbers(results, arm)]
            line.append(" ".join(f"{one:.2f}" for one in each))
        for part in (rare, ALL):
            each = [_right(results, arm, n, part) for n in _numbers(results, arm)]
            line.append(" ".join(f"{one:.2f}" for one in each))
        lines.append(line)
    yield from _table(head, lines)


def _numbers(results: Results, arm: str) -> list[int]:
    return [n for n in range(1, results.loop.generations + 1) if results.seeds(arm, n)]


def _mean(each: Sequence[tuple[int, float]]) -> float:
    return float(np.mean([value for _, value in each]))


def _counts(results: Results, arm: str, number: int, name: str, part: Slice) -> float:
    """Objects of a slice over all seeds."""
    total = 0.0
    for step in results.steps:
        if (step.arm.name, step.number) == (arm, number):
            parts, members = results.scored[arm, step.seed, number].cells.slices()
            total += float(np.array(step.generation.about[name])[members[parts.index(part)]].sum())
    return total


def _right(results: Results, arm: str, number: int, part: Slice) -> float:
    made = _counts(results, arm, number, "labels", part)
    return _counts(results, arm, number, "right", part) / made if made else float("nan")


def _over_controls(results: Results, arms: Sequence[str] = ()) -> Iterator[str]:
    """Differences from both controls at the last generation."""
    rare, small = results.rarest, results.smallest
    last = results.loop.generations
    head = ["arm", "seeds", "over", "mAP50", f"AP50 {_name(rare)}", f"{_name(rare)} r@.25"]
    head += ["small r@.25", f"{_name(rare)} r@.5", "small r@.5", "precision@.25"]
    head += [f"{_name(rare)} labels right"]
    lines = []
    for arm in [one for one in _ran(results) if not arms or one in arms]:
        for control in ("Z0", "Z0K", "Z0K-balanced"):
            if arm in ("Z0", control) or not results.seeds(control, last):
                continue
            if (arm, control) == ("Z0K", "Z0K-balanced"):
                continue
            lines.append(_difference(results, arm, control, (rare, small)))
    yield from _table(head, lines)


def _difference(results: Results, arm: str, control: str, parts: tuple[Slice, Slice]) -> list[str]:
    last, other = results.loop.generations, (control, results.loop.generations)
    ap = results.against(arm, last, other, "average_precision", how="difference")
    at25 = results.against(arm, last, other, how="difference")
    at50 = results.against(arm, last, other, confidence=0.5, how="difference")
    precision = results.against(arm, last, other, "precision", how="difference")
    line = [arm, _seeds(results, arm, last), control, _said(ap[ALL], "+"), _said(ap[parts[0]], "+")]
    line += [_said(at25[part], "+") for part in parts] + [_said(at50[part], "+") for part in parts]
    made = bool(results.labels(arm, last, parts[0]))
    right = f"{_right(results, arm, last, parts[0]):.2f}" if made else ""
    return [*line, _said(precision[ALL], "+"), right]


def _wrong_prior(results: Results) -> Iterator[str]:
    rare = results.rarest
    last = results.loop.generations
    head = ["arm", "seeds", f"{_name(rare)} labels made", "in truth", "right", "of truth found"]
    head += [f"{_name(rare)} r@.25 over generation 0"]
    lines = []
    for arm in _ran(results):
        if not results.labels(arm, last, rare):
            continue
        names = ("labels", "truth", "right", "found")
        each = {
            name: [_counts(results, arm, n, name, rare) for n in _numbers(results, arm)]
            for name in names
        }
        line = [arm, _seeds(results, arm, last)]
        line += [" ".join(f"{one:.0f}" for one in each[name]) for name in names]
        line.append(_said(results.against(arm, last, (arm, 0))[rare]))
        lines.append(line)
    yield from _table(head, lines)


def _gate(results: Results) -> Iterator[str]:
    head = [
        "arm",
        "seed",
        "generation 1, 2, ...",
        f"{_name(results.rarest)} r@.25 over generation 0",
    ]
    lines = []
    last = results.loop.generations
    for arm in [arm for arm in _ran(results, 1) if arm.endswith("gated")]:
        for seed in results.seeds(arm, 1):
            steps = [s for s in results.steps if (s.arm.name, s.seed) == (arm, seed) and s.number]
            said = ["accepted" if s.generation.about["accepted"] else "rejected" for s in steps]
            at = min(last, steps[-1].number)
            before, after = (_value(results, arm, seed, n, results.rarest) for n in (0, at))
            lines.append([arm, str(seed), ", ".join(said), f"{after / before:.2f}"])
    yield from _table(head, lines)


def _cost(every: Sequence[Results]) -> str:
    steps = {s.generation.digest: s for results in every for s in results.steps}
    seconds = [step.generation.about["cpu_seconds"] for step in steps.values()]
    return f"{len(seconds)} generations, {sum(seconds) / 3600:.1f} hours of one core"
