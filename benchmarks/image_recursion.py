"""What does a network lose that trains on the digits it drew, and what do human digits keep?

    python benchmarks/image_recursion.py --markdown docs/image-recursion.md --plot docs/img/image-recursion.svg

Handwritten digits (scikit-learn, 1,797 of 8 x 8 pixels), half of them kept back. A flow (flow
matching, 256 units, 1,000 steps) trains on 800 of the others, draws 800, and so on for five
generations; a policy says what each training set after the first is made of. One chain a seed. All
policies begin with the same human digits, the same random numbers and therefore the same first
model, so that their differences are paired.

Exit code 1 if one of these does not hold: under `replace` recall falls to a tenth of what it was
and precision does not fall; what a fifth of human digits keep, in recall and in tail coverage at
the last generation, has a 95 % interval above 0.
"""  # noqa: E501 - a command on one line

# ruff: noqa: E402 - libraries read how many threads they may use when they are imported
from __future__ import annotations

import os

for library in ("OMP", "OPENBLAS", "MKL"):
    os.environ[f"{library}_NUM_THREADS"] = "1"

import argparse
import json
import sys
import time
from itertools import product
from pathlib import Path

import numpy as np

from firsthand import lab
from firsthand.lab import table
from firsthand.lab.alone import Alone
from firsthand.lab.drawn import drawn
from firsthand.lab.human import People
from firsthand.lab.loop import follow
from firsthand.lab.reached import UNITS, Reference
from firsthand.lab.series import Series
from firsthand.recursion import Setting

SIZE, GENERATIONS, SEEDS = 800, 5, 5
STUDENT = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776, 10: 2.262}  # 97.5 % of n - 1 degrees of freedom
MODEL = {"name": "flow", "steps": 1000, "hidden": 256, "batch": 256}
POLICIES = {
    "replace": "replace",
    "a fifth human": {"name": "mixed", "share": 0.2},
    "accumulate": "accumulate",
}
NUMBERS = ("precision", "recall", "coverage", "tail_coverage")
REMARKS = Path(__file__).with_suffix(".remarks.md")


def digits():
    """Half of the digits to train on, half to compare with."""
    from sklearn.datasets import load_digits

    found = load_digits()
    order = np.random.default_rng(0).permutation(len(found.target))
    points, labels = found.data / 16, found.target
    train, rest = order[: len(order) // 2], order[len(order) // 2 :]
    return People(points[train], labels[train], points[rest])


def experiment(policy, seed):
    values = {"model": MODEL, "policy": POLICIES[policy], "samples": SIZE, "seed": seed}
    return lab.parse({**values, "generations": GENERATIONS})


def chain(people, policy, seed):
    """What was recorded of one chain: a list over generations for each number."""
    asked = experiment(policy, seed)
    picks = asked.recipe.picks(SIZE)
    setting = Setting(chains=1, recipe=asked.recipe, picks=picks, human=people)
    found = follow(Alone(asked.family(), setting), asked, np.random.default_rng(seed))
    return {name: values[:, 0].tolist() for name, values in found.items() if name in UNITS}


def measured(people, seeds, path):
    """All chains; those that stand in the file are not computed again."""
    known = {}
    lines = path.read_text("utf-8").splitlines() if path is not None and path.exists() else []
    for row in map(json.loads, lines):
        known[row["policy"], row["seed"]] = row
    for policy, seed in product(POLICIES, seeds):
        if (policy, seed) in known:
            continue
        began = time.process_time()
        row = {"policy": policy, "seed": seed, "found": chain(people, policy, seed)}
        known[policy, seed] = row | {"cpu": time.process_time() - began}
        print(f"{policy}, seed {seed}: {known[policy, seed]['cpu']:.0f} s of CPU", file=sys.stderr)
        if path is not None:
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(known[policy, seed]) + "\n")
    return known


def arrays(known, policy, seeds):
    """Each number as (generations, seeds)."""
    chains = [known[policy, seed]["found"] for seed in seeds]
    return {name: np.array([one[name] for one in chains]).T for name in UNITS}


def paired(known, policy, name, seeds):
    """Mean of what a policy keeps more than `replace` at the end, with its 95 % interval."""
    gain = (arrays(known, policy, seeds)[name] - arrays(known, "replace", seeds)[name])[-1]
    half = STUDENT[len(gain)] * gain.std(ddof=1) / len(gain) ** 0.5
    return gain.mean(), gain.mean() - half, gain.mean() + half, gain


def claims(known, seeds):
    """Each claim, and whether it holds."""
    plain = arrays(known, "replace", seeds)
    recall, precision = plain["recall"], plain["precision"]
    yield "recall under `replace` falls to a tenth", (recall[-1] <= 0.1 * recall[0]).all()
    yield "precision does not fall", precision[-1].mean() >= precision[0].mean()
    for name in ("recall", "tail_coverage"):
        held = paired(known, "a fifth human", name, seeds)[1] > 0
        yield f"a fifth of human digits keeps {name.replace('_', ' ')}", held


def picture(known, truth, seeds):
    lines = []
    for policy in POLICIES:
        found = {**arrays(known, policy, seeds), "died": np.full(len(seeds), -1)}
        rows = table.rows(experiment(policy, seeds[0]), found, UNITS, truth)
        lines.append(Series(policy, rows, len(seeds)))
    return drawn(lines, NUMBERS)


def page(known, truth, seeds, plot):
    seconds = sum(known[policy, seed]["cpu"] for policy in POLICIES for seed in seeds)
    head, _, rest = (__doc__ or "").partition("\n\n")
    lines = [f"# {head}", "", rest.strip("\n"), ""]
    lines += [f"{len(seeds)} seeds, {seconds / 60:.0f} minutes of CPU.", ""]
    lines += [
        f"- {'holds' if held else '**does not hold**'}: {claim}"
        for claim, held in claims(known, seeds)
    ]
    lines += [
        "",
        "Means over seeds (range). *Human* is what the other half of the people's digits scores.",
        "",
    ]
    lines += [f"| number | policy | human |{''.join(f' {g} |' for g in range(1, GENERATIONS + 1))}"]
    lines += ["|" + "---|" * (3 + GENERATIONS)]
    for name in NUMBERS:
        for policy in POLICIES:
            values = arrays(known, policy, seeds)[name]
            cells = [f"{v.mean():.2f} ({v.min():.2f}–{v.max():.2f})" for v in values]
            lines.append(f"| {name} | {policy} | {truth[name]:.2f} | {' | '.join(cells)} |")
    if plot is not None:
        lines += [
            "",
            f"![Precision, recall, coverage and tail coverage over generations](img/{plot.name})",
        ]
    lines += [
        "",
        f"What each keeps more than `replace` at generation {GENERATIONS}, paired by seed:",
        "",
    ]
    lines += ["| number | policy | mean | 95 % interval | each seed |", "|---|---|---|---|---|"]
    for name in ("recall", "tail_coverage", "coverage", "precision"):
        for policy in list(POLICIES)[1:]:
            mean, low, high, each = paired(known, policy, name, seeds)
            told = ", ".join(f"{gain:+.3f}" for gain in each)
            lines.append(
                f"| {name} | {policy} | {mean:+.3f} | {low:+.4f} to {high:+.4f} | {told} |"
            )
    remarks = REMARKS.read_text("utf-8") if REMARKS.exists() else ""
    return "\n".join(lines) + "\n" + (f"\n{remarks}" if remarks else "")


def main():
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(SEEDS)))
    parser.add_argument("--records", type=Path, help="keep chains here, and go on with them")
    parser.add_argument("--markdown", type=Path, help="write the page")
    parser.add_argument("--plot", type=Path, help="write the picture")
    asked = parser.parse_args()
    people = digits()
    known = measured(people, asked.seeds, asked.records)
    truth = Reference(people).truth
    told = page(known, truth, asked.seeds, asked.plot)
    if asked.plot is not None:
        asked.plot.write_text(picture(known, truth, asked.seeds), "utf-8")
    if asked.markdown is not None:
        asked.markdown.write_text(told, "utf-8")
    print(told)
    return int(not all(held for _, held in claims(known, asked.seeds)))


if __name__ == "__main__":
    sys.exit(main())
