"""What does `diagnose` say of models that were really trained, each with a known fault or none?

    python benchmarks/diagnosis_models.py --work FOLDER --seeds 6      goes on where it was stopped
    python benchmarks/diagnosis_models.py --work FOLDER --again        other rules, the same models

The models are those of trained_models.py. Sets are kept in FOLDER, so that another version of the
diagnosis is asked about the same models. Seeds from 100 on are reported, all of them. Prints the
table "Trained models" of docs/diagnosis.md.
"""

# ruff: noqa: E402 - libraries read how many threads they may use when they are imported
from __future__ import annotations

import os

for library in ("OMP", "OPENBLAS", "MKL"):
    os.environ[f"{library}_NUM_THREADS"] = "1"

import argparse
import json
import sys
import time
from collections import Counter
from itertools import product
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
from trained_models import MODELS, Sets, Trained, modes_lost

from firsthand.diagnose import diagnose
from firsthand.numerics.proportions import wilson

FIRST_SEED, SEEDS = 100, 6


def case(trained: Trained, seed: int, work: Path) -> tuple[Sets, float]:
    """The sets, made or from the folder, and what making them cost (0 if they were there)."""
    folder = work / f"{MODELS.index(trained):02d}-{seed}"
    stored = folder / "sets.json"
    began = time.process_time()
    if not stored.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        sets = trained.make(seed, folder)
        named = {role: _store(each, folder, role) for role, each in sets.items()}
        stored.write_text(json.dumps(named), "utf-8")
    cost = time.process_time() - began
    named = json.loads(stored.read_text("utf-8"))
    return {role: _load(folder / each) for role, each in named.items()}, cost


def _store(of: Any, folder: Path, role: str) -> str:
    if isinstance(of, np.ndarray):
        np.save(folder / f"{role}.npy", of.astype(np.float32))
        return f"{role}.npy"
    return role


def _load(path: Path) -> Any:
    return np.load(path) if path.suffix == ".npy" else path


def told(trained: Trained, seed: int, work: Path) -> dict[str, Any]:
    """One line of the record."""
    sets, cost = case(trained, seed, work)
    began = time.process_time()
    found = diagnose(**sets, origin=trained.origin, seed=seed)
    kept = {each.code: each.value for each in found.evidence if each.value is not None}
    lost = None if trained.truth else modes_lost(sets["samples"])
    return {
        "model": trained.name, "seed": seed, "verdict": found.verdict,
        "truth": trained.truth or ("mode-collapse" if lost else "healthy"),
        "said": found.cause, "together": found.together, "kept": kept, "modes_lost": lost,
        "signs": [each.sign for each in found.evidence], "making": cost,
        "asking": time.process_time() - began,
    }  # fmt: skip


def table(rows: list[dict[str, Any]]) -> str:
    """Markdown: a line a model, how often it was named rightly, and the numbers."""
    heads = ("model", "by its making", "named rightly", "said first else", *"ABFDC")
    out = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for name in dict.fromkeys(row["model"] for row in rows):
        mine = [row for row in rows if row["model"] == name]
        wrong = [row for row in mine if row["said"] != row["truth"]]
        other = ", ".join(f"{row['said'] or 'cannot say'} (seed {row['seed']})" for row in wrong)
        cells = " | ".join(_spread(mine, code) for code in "ABFDC")
        right = _share(len(mine) - len(wrong), len(mine))
        out.append(f"| {name} | {_truth(mine)} | {right} | {other} | {cells} |")
    wrong = [row for row in rows if row["said"] != row["truth"]]
    return "\n".join([*out, "", f"Together {_share(len(rows) - len(wrong), len(rows))}."])


def _share(count: int, n: int) -> str:
    low, high = wilson(count / n, n)
    return f"{count} of {n} [{float(low):.2f}, {float(high):.2f}]"


def _truth(mine: list[dict[str, Any]]) -> str:
    if mine[0]["modes_lost"] is None:
        return str(mine[0]["truth"])
    counts = Counter(row["truth"] for row in mine)
    lost = ", ".join(str(row["modes_lost"]) for row in mine)
    return ", ".join(f"{cause} {count}" for cause, count in counts.items()) + f"; modes lost {lost}"


def _spread(mine: list[dict[str, Any]], code: str) -> str:
    values = [row["kept"][code] for row in mine if code in row["kept"]]
    if not values:
        return ""
    return f"{np.mean(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, help="a folder outside the repository; a new one")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    parser.add_argument("--model", type=int, action="append", help="only this row; from 0")
    parser.add_argument("--again", action="store_true", help="ask about what was made, anew")
    arguments = parser.parse_args()
    work = arguments.work or Path(mkdtemp())
    work.mkdir(parents=True, exist_ok=True)
    file = work / "said.jsonl"
    if arguments.again:
        file.unlink(missing_ok=True)
    lines = file.read_text("utf-8").splitlines() if file.is_file() else []
    rows = [json.loads(line) for line in lines]
    done = {(row["model"], row["seed"]) for row in rows}
    chosen = [MODELS[at] for at in arguments.model] if arguments.model else MODELS
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds)
    for seed, trained in product(seeds, chosen):
        if (trained.name, seed) in done:
            continue
        rows.append(told(trained, seed, work))
        with file.open("a", encoding="utf-8") as out:
            out.write(json.dumps(rows[-1]) + "\n")
        print(seed, trained.name, rows[-1]["said"], file=sys.stderr)
    order = [trained.name for trained in MODELS]
    print(table(sorted(rows, key=lambda row: (order.index(row["model"]), row["seed"]))))


if __name__ == "__main__":
    main()
