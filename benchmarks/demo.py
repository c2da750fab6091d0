"""How fast does handwriting lose its tails, and how much generated data do human ones bear?

    python benchmarks/demo.py --seeds 10 11 12 13 14 15 16 17 18 19

Runs the lab of examples/handwriting.py over several seeds (another split of the blocks, other
random numbers) and prints the table of docs/demo.md. About half a minute a seed and model.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "examples"))
from handwriting import TAIL, prepare

from firsthand import lab
from firsthand.audit import audit
from firsthand.config import default_limits

LOOKED_AT = (2, 6)
MODELS = {
    "10 components": (("components", 10), ("levels", 17), ("ridge", 1e-4)),
    "3 components, ridge 0.001": (("components", 3), ("levels", 17), ("ridge", 1e-3)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(10, 20)))
    parser.add_argument("--models", nargs="+", choices=list(MODELS), default=list(MODELS))
    parser.add_argument("--on-top", type=float, nargs="+", default=[0.25, 0.5, 1.0])
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    began = time.monotonic()
    found = defaultdict(list)
    with ProcessPoolExecutor(args.workers, mp_context=get_context("spawn")) as pool:
        for runs in pool.map(partial(one_seed, models=args.models, mixes=args.on_top), args.seeds):
            for key, judgement in runs.items():
                found[key].append(judgement)
            print(f"{time.monotonic() - began:.0f} s", file=sys.stderr)
    print_table(found)
    seeds = " ".join(map(str, args.seeds))
    print(f"\nseeds {seeds}; {time.monotonic() - began:.0f} s")


def one_seed(seed: int, models: list[str], mixes: list[float]) -> dict:
    """Tail coverage and verdict, by model, recipe and generation."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        ledger = prepare(out, seed)
        human, reference = ledger.read("main"), ledger.read("reference")
        found = {("any", "human only", 0): judged(human, reference, seed)}
        for model, mix in [(model, mix) for model in models for mix in (None, *mixes)]:
            recipe = "replace" if mix is None else f"human + {mix:g} generated each"
            steps = lab.run(the_spec(model, mix, len(human.samples), seed), human, 6, out / recipe)
            for step in (each for each in steps if each.number in LOOKED_AT):
                found[model, recipe, step.number] = judged(step.data, reference, seed)
            shutil.rmtree(out / recipe)
    return found


def the_spec(model: str, on_top: float | None, human: int, seed: int) -> lab.Spec:
    return lab.Spec(
        model="gmm",
        policy="replace" if on_top is None else "anchor",
        budget=round(human * (1.0 if on_top is None else 1.0 + on_top)),
        options=MODELS[model],
        seed=seed,
    )


def judged(candidate, reference, seed: int) -> tuple[float, str]:
    """Tail coverage of the rarest tenth, and the verdict by losses alone."""
    result = audit(candidate, reference, limits=default_limits().without_composition(), seed=seed)
    [tail] = [m.value for m in result.measurements if (m.metric, m.slice) == TAIL]
    return tail, result.verdict


def print_table(found: dict) -> None:
    print("| model | training set | generation | tail coverage (range) | blocked |")
    print("|---|---|---|---|---|")
    for (model, recipe, generation), runs in found.items():
        values, verdicts = zip(*runs, strict=True)
        blocked = sum(verdict == "block" for verdict in verdicts)
        span = f"{np.mean(values):.2f} ({min(values):.2f} to {max(values):.2f})"
        print(f"| {model} | {recipe} | {generation} | {span} | {blocked} of {len(runs)} |")


if __name__ == "__main__":
    main()
