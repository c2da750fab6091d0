"""Does a model that trains on its own handwriting forget how people write? And what helps?

    python examples/handwriting.py --out demo-out

Takes the 1,797 handwritten digits that scikit-learn ships (13 writers), and splits them into a
reference, which is only compared with, and human training data. A Gaussian mixture then trains
over generations in two ways: *replace*, each on the pictures of the one before it, and *anchor*,
on all human data with a quarter as many generated pictures on top. Every generation is recorded in
a ledger and audited against the reference.

Exit code 0 says that the last generation was blocked under replace, also by its lost tails alone,
and passed under anchor; 1 that it came out otherwise; 2 that it could not be run.

scikit-learn does not say who wrote which row. Rows of one writer follow each other, so blocks of
20 consecutive rows count as one group: most blocks are of one writer, and a writer has six or
seven of them, so that nearly every writer is on both sides.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from firsthand import lab, trajectory
from firsthand.audit import audit
from firsthand.config import default_limits
from firsthand.errors import FirsthandError, InputError, MissingExtra
from firsthand.ledger import Ledger
from firsthand.provenance import declare
from firsthand.read import read
from firsthand.report import render, write
from firsthand.report.curves import Curve, Point, curves
from firsthand.report.svg import label, mark
from firsthand.types import Audit

ROWS_A_BLOCK = 20
OURS = "made-by-handwriting.txt"
EXPECTED = {"replace": ("block", "block"), "anchor": ("pass", "pass")}
TAIL = ("tail_coverage", (("stratum", "rarest-tenth"),))


class Outcome(NamedTuple):
    """What became of the data under one policy."""

    policy: str
    rows: list[trajectory.Row]
    blocked: list[int]  # generations blocked with the composition limits switched off
    last: Audit  # with the default limits
    by_losses: Audit  # with the composition limits switched off

    @property
    def verdicts(self) -> tuple[str, str]:
        return self.last.verdict, self.by_losses.verdict

    @property
    def curve(self) -> list[trajectory.Row]:
        return [row for row in self.rows if (row.metric, row.slice) == TAIL]


def main(arguments: Sequence[str] | None = None) -> int:
    args = _arguments(arguments)
    began = time.monotonic()
    try:
        ledger = prepare(args.out, args.seed)
        outcomes = [_follow(policy, ledger, args) for policy in EXPECTED]
    except FirsthandError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    everything = [row for outcome in outcomes for row in outcome.rows]
    trajectory.write(args.out / "trajectory.parquet", everything)
    for outcome in outcomes:
        write(outcome.last, args.out / f"{outcome.policy}.html", trajectory=everything)
    (args.out / "handwriting.svg").write_text(_picture(outcomes), encoding="utf-8")
    seconds = time.monotonic() - began
    print(_as_json(outcomes, args, seconds) if args.json else _as_text(outcomes, args, seconds))
    return int({outcome.policy: outcome.verdicts for outcome in outcomes} != EXPECTED)


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("demo-out"), help="folder to write")
    parser.add_argument("--seed", type=int, default=0, help="of the split and of all sampling")
    parser.add_argument("--generations", type=int, default=6)
    parser.add_argument("--components", type=int, default=10, help="of the mixture, a class")
    parser.add_argument("--ridge", type=float, default=1e-4, help="added to each pixel's variance")
    parser.add_argument(
        "--generated", type=float, default=0.25, help="pictures on top, a human one"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    return parser.parse_args(given)


def prepare(out: Path, seed: int) -> Ledger:
    """Two disjoint sets of human pictures on disk, each committed to a branch of a new ledger."""
    _clear(out)
    images, digits = _handwriting()
    block = np.arange(len(digits)) // ROWS_A_BLOCK
    ours = _half(digits, block, seed)
    for name, rows in (("human", ours), ("reference", np.setdiff1d(np.arange(len(digits)), ours))):
        for row in rows:
            place = out / "pictures" / name / str(digits[row])
            place.mkdir(parents=True, exist_ok=True)
            images[row].save(place / f"block-{block[row]:02d}-row-{row:04d}.png")
    ledger = Ledger.init(out)
    for name, branch in (("reference", "reference"), ("human", "main")):
        pictures = read(out / "pictures" / name, declared=declare("human"))
        ledger.add(pictures, group_by=r"(block-\d+)")
        ledger.commit(f"{name}: handwriting of people", branch=branch)
    return ledger


def _clear(out: Path) -> None:
    """Remove what an earlier run wrote, and nothing else."""
    if out.exists() and any(out.iterdir()):
        if not (out / OURS).exists():
            raise InputError(
                "the folder holds something that this script did not write",
                todo="Name another one with --out.",
                where=str(out),
            )
        shutil.rmtree(out)
    out.mkdir(parents=True, exist_ok=True)
    (out / OURS).write_text("examples/handwriting.py wrote this folder and may remove it.\n")


def _handwriting() -> tuple[list[Any], Any]:
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise MissingExtra("this example", "scikit-learn", "demo") from error
    from PIL import Image

    found = load_digits()
    levels = np.round(found.images / 16 * 255).astype(np.uint8)
    return [Image.fromarray(each) for each in levels], found.target


def _half(digits: Any, block: Any, seed: int) -> Any:
    """Half of the blocks, such that both halves hold each digit about equally often."""
    from sklearn.model_selection import StratifiedGroupKFold

    halves = StratifiedGroupKFold(2, shuffle=True, random_state=seed)
    return next(halves.split(digits, digits, block))[0]


def _follow(policy: str, ledger: Ledger, args: argparse.Namespace) -> Outcome:
    """Run all generations of one policy; audit each by its losses, the last one by all limits."""
    human, reference = ledger.read("main"), ledger.read("reference")
    generated = {"replace": 1.0, "anchor": 1.0 + args.generated}[policy]
    spec = lab.Spec(
        model="gmm",
        policy=policy,
        budget=round(len(human.samples) * generated),
        options=(("components", args.components), ("levels", 17), ("ridge", args.ridge)),
        seed=args.seed,
    )
    rows, blocked = [], []
    losses = default_limits().without_composition()
    for step in lab.run(spec, human, args.generations, args.out / "pictures" / policy, ledger):
        if sys.stderr.isatty():
            print(f"{policy}: generation {step.number} of {args.generations}", file=sys.stderr)
        result = audit(step.data, reference, limits=losses, seed=args.seed)
        rows += lab.rows(spec, step, result)
        blocked += [step.number] if result.verdict == "block" else []
    last = audit(ledger.read(spec.name), reference, limits=default_limits(), seed=args.seed)
    return Outcome(policy, rows, blocked, _named(last, spec.name), result)


def _named(result: Audit, branch: str) -> Audit:
    """The same audit with the names under which the command line finds both sides."""
    candidate = {**result.candidate, "source": branch}
    return replace(
        result, candidate=candidate, reference={**result.reference, "source": "reference"}
    )


def _as_text(outcomes: Sequence[Outcome], args: argparse.Namespace, seconds: float) -> str:
    parts = [
        "Tail coverage: how much of the rarest tenth of people's handwriting is still reached,",
        "against what other people's handwriting reaches (1.0).",
        _chart(outcomes),
    ]
    for outcome in outcomes:
        parts += [
            f"── {outcome.policy}, generation {args.generations} ".ljust(78, "─"),
            render(outcome.last, report=str(args.out / f"{outcome.policy}.html")),
        ]
    parts += [
        "── look further ".ljust(78, "─"),
        f"  cd {args.out}",
        "  firsthand log",
        f"  firsthand lineage gmm-replace@{args.generations}",
        "  firsthand audit gmm-anchor --reference reference",
        f"── verdicts, seed {args.seed}, {seconds:.0f} s ".ljust(78, "─"),
        *map(_line, outcomes),
    ]
    return "\n".join(parts)


def _line(outcome: Outcome) -> str:
    every, losses = (_word(verdict) for verdict in outcome.verdicts)
    end = outcome.curve[-1]
    return (
        f"{outcome.policy:8} {every:10} without limits on composition: {losses:10} "
        f"tail coverage {end.value:.2f} [{end.low:.2f}, {end.high:.2f}], "
        f"people {end.null_low:.2f} to {end.null_high:.2f}"
    )


def _word(verdict: str) -> str:
    return {"block": "BLOCKED", "pass": "PASS", "cannot-say": "CANNOT SAY"}[verdict]


def _chart(outcomes: Sequence[Outcome], step: float = 0.1) -> str:
    """Curves for a terminal: a line a tenth, a column a generation, no colour needed."""
    people = outcomes[-1].curve
    top = max(row.null_high for row in people)
    top = max(top, *(row.value for outcome in outcomes for row in outcome.curve))
    lines = []
    for level in np.arange(np.ceil(top / step), -1, -1) * step:
        cells = [_cell(outcomes, at, level, step) for at in range(len(people))]
        lines.append(f"{level:4.1f} ┤ " + "  ".join(cells))
    lines.append("     └" + "".join(f"{row.generation}".center(7, "─") for row in people))
    lines.append("      generation    ● replace   ○ anchor   ◉ both   ░ other people (95 %)")
    return "\n".join(lines)


def _cell(outcomes: Sequence[Outcome], at: int, level: float, step: float) -> str:
    people = outcomes[-1].curve[at]
    inside = people.null_low - step / 2 <= level <= people.null_high + step / 2
    hit = [round(outcome.curve[at].value / step) == round(level / step) for outcome in outcomes]
    letter = "◉" if all(hit) else "●" if hit[0] else "○" if any(hit) else ""
    return letter.center(5, "░" if inside else " ")


def _as_json(outcomes: Sequence[Outcome], args: argparse.Namespace, seconds: float) -> str:
    told = {
        "schema": "firsthand.handwriting/1",
        "settings": {name: value for name, value in vars(args).items() if name != "out"},
        "seconds": round(seconds, 1),
        "policies": {
            outcome.policy: {
                "verdict": outcome.last.verdict,
                "verdict_without_composition": outcome.by_losses.verdict,
                "blocked_by_losses": outcome.blocked,
                "blocking": [
                    [finding.code, dict(finding.slice)]
                    for finding in outcome.by_losses.findings
                    if finding.severity == "block"
                ],
                "tail_coverage": [row.value for row in outcome.curve],
                "null_low": [row.null_low for row in outcome.curve],
            }
            for outcome in outcomes
        },
    }
    return json.dumps(told, indent=1)


STYLE = """
svg { --ink: #16202c; --quiet: #4d5a69; --line: #d5dae1; --band: #c3ccd6; --card: #ffffff;
  --s0: #b3261e; --s1: #2b5a94; --s2: #16202c; }
@media (prefers-color-scheme: dark) { svg { --ink: #e6ebf1; --quiet: #a3b0bf; --line: #2c3644;
  --band: #3d4b5d; --card: #12171f; --s0: #ff8a80; --s1: #86b6f2; --s2: #e6ebf1; } }
.paper { fill: var(--card); }
text { font: 11px system-ui, sans-serif; fill: var(--ink); }
.tick { fill: var(--quiet); }
.band { fill: var(--band); }
.axis { stroke: var(--quiet); fill: none; }
.grid { stroke: var(--line); fill: none; }
.line { fill: none; stroke-width: 2; }
.mark { fill: var(--card); stroke-width: 1.5; }
.line.s0, .mark.s0 { stroke: var(--s0); }
.line.s1, .mark.s1 { stroke: var(--s1); }
.mark.s2 { stroke: var(--s2); fill: none; stroke-width: 2; }
.line.s1 { stroke-dasharray: 6 3; }
.spread { opacity: .13; }
.spread.s0 { fill: var(--s0); }
.spread.s1 { fill: var(--s1); }
"""


def _picture(outcomes: Sequence[Outcome]) -> str:
    """The curves as one SVG file that needs nothing else."""
    series = [Curve(each.policy, tuple(map(_point, each.curve))) for each in outcomes]
    first = outcomes[0].blocked[:1]
    gate = [_point(row) for row in outcomes[0].curve if row.generation in first]
    if gate:
        series.append(Curve("gate", tuple(gate)))
    title = "Tails of handwriting over generations"
    ends = (f"{each.policy} ends at {each.curve[-1].value:.2f}" for each in outcomes)
    axis = ("generation", lambda value: f"{value:.1f}")
    plot = curves(series, title, "; ".join(ends), axis)
    words = [
        "replace: each trains on the output of the last",
        "anchor: human data stay, generated ones on top",
        *(f"the gate blocks replace from generation {at} on" for at in first),
    ]
    legend = "".join(
        f'<g transform="translate(52 {252 + 17 * at})">{mark(6, 6, at, big=True)}'
        f"{label(18, 10, text)}</g>"
        for at, text in enumerate(words)
    )
    below = 252 + 17 * len(words)
    legend += f'<rect x="53" y="{below + 3}" width="11" height="7" class="band"/>'
    legend += label(70, below + 10, "what other people reach (95 %)")
    plot = plot.replace(
        "<svg ", '<svg x="8" y="30" width="360" height="210" overflow="visible" ', 1
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 390 326" width="585" height="489">'
        f'<style>{STYLE}</style><rect width="390" height="326" class="paper"/>'
        f"{label(52, 20, 'Share of the rarest handwriting still reached')}"
        f"{plot}{legend}</svg>\n"
    )


def _point(row: trajectory.Row) -> Point:
    nothing = float("nan")
    ends = (row.value, row.low, row.high, row.null_low, row.null_high)
    return Point(row.generation, *(nothing if end is None else end for end in ends))


if __name__ == "__main__":
    sys.exit(main())
