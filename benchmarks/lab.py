"""How much faster is the lab than the loop that each paper's code writes again?

    python benchmarks/lab.py --markdown docs/benchmarks-lab.md

For each family: the plain loop over chains and generations, with the usual libraries, and the lab,
interleaved in one process, three rounds each, the fastest counted. Times are CPU seconds for one
chain and generation on one thread; compiling is done before. Loops are cut short, and both sides
are then compared on the same number at the same generation: z is their difference in standard
errors. Exit code 1 if a target is missed or |z| is above 4.
"""

# ruff: noqa: E402 - libraries read how many threads they may use when they are imported
from __future__ import annotations

import os

for library in ("OMP", "OPENBLAS", "MKL", "NUMBA"):
    os.environ[f"{library}_NUM_THREADS"] = "1"

import argparse
import json
import math
import platform
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from firsthand import lab
from firsthand.engine import Cell
from firsthand.lab.loop import chains_of, follow

ROUNDS = 3


@dataclass(frozen=True)
class Case:
    """One loop, and the same experiment in the lab."""

    name: str
    target: float
    loop: Callable[[np.random.Generator, int, int], list[float]]  # generations, chains: the number
    spec: dict[str, object]
    number: str
    generations: int  # that are timed
    chains: tuple[int, int]  # of the loop, of the lab
    checked: tuple[int, int]  # generations, and chains of the loop, that are compared
    compiled: bool = True


def gaussian(rng, generations, chains):
    found = []
    for _ in range(chains):
        mean, sd = 0.0, 1.0
        for _ in range(generations):
            x = rng.normal(mean, sd, 100)
            mean, sd = x.mean(), x.std()
        found.append(2 * math.log(sd))
    return found


SYMBOLS, DRAWS = 10_000, 100_000


def categorical(rng, generations, chains):
    weights = 1 / np.arange(1, SYMBOLS + 1)
    found = []
    for _ in range(chains):
        p = weights / weights.sum()
        for _ in range(generations):
            counts = np.bincount(rng.choice(SYMBOLS, DRAWS, p=p), minlength=SYMBOLS)
            p = counts / DRAWS
        found.append(float((p > 0).sum()))
    return found


def mixture(rng, generations, chains):
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    warnings.simplefilter("ignore", ConvergenceWarning)
    people = chains_of(lab.parse(MIXTURE), False)
    found = []
    for _ in range(chains):
        x = people.human(1000, rng).x[0]
        for at in range(generations):
            model = GaussianMixture(
                3,
                max_iter=20,
                tol=0,
                init_params="k-means++",
                random_state=int(rng.integers(2**31)),
            ).fit(x)
            if at < generations - 1:
                x, _ = model.sample(1000)
        middle = model.weights_ @ model.means_
        within = model.weights_ @ np.trace(model.covariances_, axis1=1, axis2=2)
        between = model.weights_ @ ((model.means_ - middle) ** 2).sum(axis=1)
        found.append(float((within + between) / people.total))
    return found


FEATURES, ROWS = 100, 1000


def regression(rng, generations, chains):
    found = []
    for _ in range(chains):
        w = truth = np.eye(FEATURES)[0]
        inputs, labels = [], []
        for _ in range(generations):
            x = rng.standard_normal((ROWS, FEATURES))
            inputs.append(x)
            labels.append(x @ w + rng.standard_normal(ROWS))
            w = np.linalg.lstsq(np.concatenate(inputs), np.concatenate(labels))[0]
        found.append(float(((w - truth) ** 2).sum()))
    return found


def kernel(rng, generations, chains):
    from scipy.stats import gaussian_kde

    found = []
    for _ in range(chains):
        x = rng.standard_normal(1000)
        for at in range(generations):
            model = gaussian_kde(x)
            if at < generations - 1:
                x = model.resample(1000, seed=rng)[0]
        found.append(math.log(float(x.var(ddof=1) + model.covariance[0, 0])))
    return found


GAUSSIAN = {"model": "gaussian", "policy": "replace", "samples": 100}
DRAWN = GAUSSIAN | {"model": {"name": "gaussian", "exact": False}}
CATEGORICAL = {
    "model": {"name": "categorical", "symbols": SYMBOLS},
    "policy": "replace",
    "samples": DRAWS,
}
MIXTURE = {"model": "gmm", "policy": "replace", "samples": 1000, "generations": 1}
REGRESSION = {
    "model": {"name": "linear_regression", "features": FEATURES, "design": "new"},
    "policy": "accumulate",
    "samples": ROWS,
}
KERNEL = {"model": {"name": "kde", "rule": "scott"}, "policy": "replace", "samples": 1000}

CASES = [
    Case("Gaussian, replace, M=100, sums", 500, gaussian, GAUSSIAN, "log_variance", 2000,
         (15, 20_000), (100, 400)),
    Case("Gaussian, replace, M=100, every sample", 30, gaussian, DRAWN, "log_variance", 2000,
         (15, 400), (100, 400)),
    Case("Categorical, K=10,000, M=100,000", 40, categorical, CATEGORICAL, "symbols", 100,
         (1, 40), (10, 8)),
    Case("Mixture of 3 in the plane, M=1,000, 20 steps", 25, mixture, MIXTURE, "variance", 50,
         (1, 40), (10, 20)),
    Case("Regression, accumulate, d=100, T=1,000", 50, regression, REGRESSION, "error", 10,
         (1, 100), (5, 8)),
    Case("Kernel density, Scott's rule, M=1,000", 1, kernel, KERNEL, "log_variance", 50,
         (20, 400), (20, 100)),
]  # fmt: skip


def of_lab(case: Case, generations: int, chains: int, seed: int) -> tuple[float, np.ndarray]:
    """CPU seconds, and the number of each chain at the last generation."""
    spec = {**case.spec, "generations": generations, "chains": chains, "every": generations}
    experiment = lab.parse(spec)
    began = time.process_time()
    machine = chains_of(experiment, case.compiled)
    found = follow(machine, experiment, Cell.of({"seed": seed}).swift())
    return time.process_time() - began, found[case.number][-1]


def of_loop(case: Case, generations: int, chains: int, seed: int) -> tuple[float, np.ndarray]:
    rng = np.random.default_rng(seed)
    began = time.process_time()
    found = case.loop(rng, generations, chains)
    return time.process_time() - began, np.array(found)


def timed(case: Case) -> dict[str, object]:
    of_lab(case, 2, 2, 0)  # compiles
    of_loop(case, 2, 1, 0)  # imports
    slow, fast = [], []
    for at in range(ROUNDS):
        slow.append(of_loop(case, case.generations, case.chains[0], at)[0] / case.chains[0])
        fast.append(of_lab(case, case.generations, case.chains[1], at)[0] / case.chains[1])
    generations, chains = case.checked
    one = of_loop(case, generations, chains, 99)[1]
    other = of_lab(case, generations, max(200, chains), 99)[1]
    error = math.hypot(*(each.std(ddof=1) / len(each) ** 0.5 for each in (one, other)))
    return {
        "case": case.name,
        "loop_us": min(slow) / case.generations * 1e6,
        "lab_us": min(fast) / case.generations * 1e6,
        "ratio": min(slow) / min(fast),
        "target": case.target,
        "number": f"{case.number}, generation {generations}",
        "loop": float(one.mean()),
        "lab": float(other.mean()),
        "z": float((one.mean() - other.mean()) / error),
    }


def page(found: list[dict[str, object]], seconds: float) -> str:
    lines = [
        "# Benchmark: the lab against the loops of the papers",
        "",
        (__doc__ or "").partition("\n\n")[2].strip(),
        "",
        f"{platform.python_implementation()} {platform.python_version()}, NumPy {np.__version__}, "
        f"{platform.machine()}, {seconds:.0f} s for all.",
        "",
        "| what | loop, µs | lab, µs | times as fast | target | compared | loop | lab | z |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row['case']} | {row['loop_us']:.3g} | {row['lab_us']:.3g} | {row['ratio']:.0f} | "
        f"{row['target']:g} | {row['number']} | {row['loop']:.4g} | {row['lab']:.4g} | "
        f"{row['z']:+.1f} |"
        for row in found
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", help="cases whose name begins so")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--markdown", type=Path, help="write the page")
    asked = parser.parse_args()
    began = time.perf_counter()
    found = []
    for case in CASES:
        if case.name.startswith(asked.only or ""):
            found.append(timed(case))
            print(f"{case.name}: {found[-1]['ratio']:.0f} times", file=sys.stderr)
    told = page(found, time.perf_counter() - began)
    if asked.markdown:
        asked.markdown.write_text(told, encoding="utf-8")
    print(json.dumps(found, indent=1) if asked.json else told)
    return int(any(row["ratio"] < row["target"] or abs(row["z"]) > 4 for row in found))


if __name__ == "__main__":
    sys.exit(main())
