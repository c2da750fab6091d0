"""How fast are Fréchet distance, KID and Vendi score, next to the packages that people use?

    python benchmarks/metrics_moments.py --rounds 3

The reference is a mixture of 20 normal distributions in float32, the candidate misses two of them
and spreads nine tenths as far. Values are compared first; then all tools take turns in one process
and the median of each is kept. Memory is that of a process that makes the data and runs one tool.
Peers that are not installed are left out. The floor is the least that any method of this kind has
to do: the bare float32 products and, where there is one, one eigenvalue problem.
"""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import NamedTuple

import numpy as np
from peers import declare_operators, highest

from firsthand.numerics import frechet, kernels, vendi
from firsthand.numerics.pointset import PointSet

Floats = np.ndarray
Tool = Callable[[Floats, Floats], float]
Row = dict[str, object]

SUBSETS, SUBSET = 100, 1000  # defaults of torch-fidelity


class Case(NamedTuple):
    metric: str
    n: int
    d: int
    tools: tuple[str, ...]  # ours first, then the floor
    agree: float  # relative difference that is explained by the note
    note: str


SAMPLED = "peers average 100 subsets of 1000 points, which differ by seed; ours is all pairs"
SINGULAR = "peers take roots of eigenvalues that are 0 but for rounding, and come out lower"
CASES = (
    Case(
        "frechet",
        10_000,
        2048,
        ("ours", "floor", "torch-fidelity", "torchmetrics", "pytorch-fid"),
        1e-5,
        "",
    ),
    Case(
        "frechet",
        1000,
        2048,
        ("ours", "floor", "torch-fidelity", "torchmetrics", "pytorch-fid"),
        1e-5,
        SINGULAR,
    ),
    Case("kid", 10_000, 512, ("ours", "floor", "torch-fidelity", "torchmetrics"), 0.2, SAMPLED),
    Case("vendi", 10_000, 512, ("ours", "floor", "score_dual"), 1e-5, ""),
    Case("vendi", 1000, 2048, ("ours", "floor", "score_dual", "score_X"), 1e-5, ""),
)


def sample(n: int, d: int, modes: int, spread: float, seed: int) -> Floats:
    rng = np.random.default_rng(seed)
    centres = 2 * np.random.default_rng(1).normal(size=(20, d))
    points = centres[rng.integers(0, modes, n)] + spread * rng.normal(size=(n, d))
    return points.astype(np.float32)


def sides(case: Case) -> tuple[Floats, Floats]:
    return sample(case.n, case.d, 20, 1.0, 2), sample(case.n, case.d, 18, 0.9, 3)


def points(features: Floats) -> PointSet:
    """Any points in 64 buckets: where they stand does not change the value."""
    start = np.linspace(0, len(features), 65).astype(np.int64)
    return PointSet(features, start, np.zeros(len(features), "S32"))


# Ours, and the least that has to be done.


def ours_frechet(one: Floats, other: Floats) -> float:
    return frechet.distance(one, other)


def ours_kid(one: Floats, other: Floats) -> float:
    return kernels.mmd(kernels.sums(points(one), points(other))).value


def ours_vendi(one: Floats, _other: Floats) -> float:
    return vendi.score(one)


def floor_frechet(one: Floats, other: Floats) -> float:
    fewer = one @ other.T if len(one) < one.shape[1] else one.T @ one + other.T @ other
    return float(np.linalg.eigvalsh(fewer.astype(np.float64))[-1])


def floor_kid(one: Floats, other: Floats) -> float:
    half = len(one) // 2
    return sum(
        float((part @ other.T)[0, 0])
        for part in (one[:half], one[half:], other[:half], other[half:])
    )


def floor_vendi(one: Floats, _other: Floats) -> float:
    gram = one @ one.T if len(one) < one.shape[1] else one.T @ one
    return float(np.linalg.eigvalsh(gram.astype(np.float64))[-1])


# Peers, each at its own public or inner function from features to the value.


def fidelity_frechet(one: Floats, other: Floats) -> float:
    import torch
    from torch_fidelity import metric_fid

    statistics = [metric_fid.fid_features_to_statistics(torch.from_numpy(s)) for s in (one, other)]
    return float(
        metric_fid.fid_statistics_to_metric(*statistics, verbose=False)[metric_fid.KEY_METRIC_FID]
    )


def fidelity_kid(one: Floats, other: Floats, subset: int = SUBSET) -> float:
    import torch
    from torch_fidelity import metric_kid

    found = metric_kid.kid_features_to_metric(
        torch.from_numpy(one),
        torch.from_numpy(other),
        kid_subsets=SUBSETS,
        kid_subset_size=subset,
        rng_seed=0,
        verbose=False,
    )
    return float(found[metric_kid.KEY_METRIC_KID_MEAN])


def torchmetrics_frechet(one: Floats, other: Floats) -> float:
    from torchmetrics.image.fid import FrechetInceptionDistance

    return float(_torchmetrics(FrechetInceptionDistance, one, other).compute())


def torchmetrics_kid(one: Floats, other: Floats) -> float:
    from torchmetrics.image.kid import KernelInceptionDistance

    options = {"subsets": SUBSETS, "subset_size": SUBSET}
    return float(_torchmetrics(KernelInceptionDistance, one, other, **options).compute()[0])


def _torchmetrics(
    kind: Callable[..., object], one: Floats, other: Floats, **options: int
) -> object:
    """A metric of torchmetrics whose network passes on what it is given."""
    import torch

    network = torch.nn.Identity()
    network.num_features = one.shape[1]
    metric = kind(feature=network, **options)
    metric.update(torch.from_numpy(one), real=True)
    metric.update(torch.from_numpy(other), real=False)
    return metric


def pytorch_fid_frechet(one: Floats, other: Floats) -> float:
    from pytorch_fid.fid_score import calculate_frechet_distance

    moments = [(np.mean(side, axis=0), np.cov(side, rowvar=False)) for side in (one, other)]
    return float(calculate_frechet_distance(*moments[0], *moments[1]))


def score_dual(one: Floats, _other: Floats) -> float:
    from vendi_score import vendi as peer

    return float(peer.score_dual(one, normalize=True))


def score_x(one: Floats, _other: Floats) -> float:
    from vendi_score import vendi as peer

    return float(peer.score_X(one, normalize=True))


TOOLS: dict[tuple[str, str], Tool] = {
    ("frechet", "ours"): ours_frechet,
    ("frechet", "floor"): floor_frechet,
    ("frechet", "torch-fidelity"): fidelity_frechet,
    ("frechet", "torchmetrics"): torchmetrics_frechet,
    ("frechet", "pytorch-fid"): pytorch_fid_frechet,
    ("kid", "ours"): ours_kid,
    ("kid", "floor"): floor_kid,
    ("kid", "torch-fidelity"): fidelity_kid,
    ("kid", "torchmetrics"): torchmetrics_kid,
    ("vendi", "ours"): ours_vendi,
    ("vendi", "floor"): floor_vendi,
    ("vendi", "score_dual"): score_dual,
    ("vendi", "score_X"): score_x,
}
PACKAGES = {
    "torch-fidelity": "torch_fidelity",
    "torchmetrics": "torchmetrics",
    "pytorch-fid": "pytorch_fid",
    "score_dual": "vendi_score",
    "score_X": "vendi_score",
}


def installed(tool: str) -> bool:
    return tool not in PACKAGES or importlib.util.find_spec(PACKAGES[tool]) is not None


def timed(case: Case, tool: str, one: Floats, other: Floats) -> tuple[float, float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    value = TOOLS[case.metric, tool](one, other)
    return value, time.process_time() - cpu, time.perf_counter() - wall


def peak(case: Case, tool: str) -> float:
    """Peak memory of a process that makes the data and runs one tool, MB."""
    name = f"{case.metric},{case.n},{case.d}"
    command = [sys.executable, __file__, "--case", name, "--tool", tool]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout.splitlines()[-1])


def measured(case: Case, rounds: int, memory: bool) -> list[Row]:
    one, other = sides(case)
    tools = [tool for tool in case.tools if installed(tool)]
    taken: dict[str, list[tuple[float, float, float]]] = {tool: [] for tool in tools}
    for tool in tools:  # imports, and libraries that wake up
        timed(case, tool, one[:SUBSET, :16], other[:SUBSET, :16])
    for _ in range(rounds):
        for tool in tools:
            taken[tool].append(timed(case, tool, one, other))
    # The first value: what a peer draws by chance it draws again.
    values = {tool: taken[tool][0][0] for tool in tools}
    cpu, wall = ({tool: median(t[at] for t in taken[tool]) for tool in tools} for at in (1, 2))
    used = {tool: peak(case, tool) if memory else float("nan") for tool in ("ours", *tools[2:])}
    rows: list[Row] = []
    for peer in tools[2:]:
        apart = abs(values[peer] / values["ours"] - 1)
        assert apart <= case.agree, f"{case.metric}: {peer} says {values[peer]}, not {values}"
        rows.append(
            {
                "name": case.metric,
                "case": f"n={case.n} d={case.d}",
                "peer": peer,
                "value": values["ours"],
                "peer_value": values[peer],
                "agreement": f"{apart:.1e} apart" + (f": {case.note}" if case.note else ""),
                "cpu": cpu["ours"],
                "peer_cpu": cpu[peer],
                "wall": wall["ours"],
                "peer_wall": wall[peer],
                "times_faster": wall[peer] / wall["ours"],
                "times_faster_cpu": cpu[peer] / cpu["ours"],
                "megabytes": used["ours"],
                "peer_megabytes": used[peer],
                "floor_cpu": cpu["floor"],
                "floor_wall": wall["floor"],
            }
        )
    return rows


def errors(worlds: int = 100, n: int = 1000, d: int = 64) -> Row:
    """How far do new samples move each KID: of two healthy samples, and of damage?

    Subsets are a tenth of the points, as 1000 of 10,000 are.
    """
    found: Row = {"name": "kid", "case": f"standard error, n={n} d={d}, {worlds} worlds"}
    tools: dict[str, Tool] = {"ours": ours_kid}
    if installed("torch-fidelity"):
        declare_operators()
        tools["torch-fidelity"] = lambda one, other: fidelity_kid(one, other, n // 10)
    for label, modes, spread in (("healthy", 20, 1.0), ("damaged", 18, 0.9)):
        values: dict[str, list[float]] = {tool: [] for tool in tools}
        for seed in range(worlds):
            one = sample(n, d, 20, 1.0, 2 * seed + 10)
            other = sample(n, d, modes, spread, 2 * seed + 11)
            for tool, score in tools.items():
                values[tool].append(score(one, other))
        for tool, scores in values.items():
            found[f"{tool}, {label}"] = f"{np.mean(scores):.4g} +- {np.std(scores, ddof=1):.3g}"
    return found


def run(rounds: int = 3, memory: bool = True) -> list[Row]:
    """One row for each case and installed peer; values agree or the row says why not."""
    declare_operators()
    return [row for case in CASES for row in measured(case, rounds, memory)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--errors", action="store_true", help="compare standard errors of KID")
    parser.add_argument("--case", help=argparse.SUPPRESS)
    parser.add_argument("--tool", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.case:
        if given.tool in {"torch-fidelity", "torchmetrics", "pytorch-fid"}:  # ours pays for none
            declare_operators()
        case = next(c for c in CASES if f"{c.metric},{c.n},{c.d}" == given.case)
        timed(case, given.tool, *sides(case))
        print(highest())
        return
    if given.errors:
        print(errors())
        return
    declare_operators()
    for case in CASES:
        for row in measured(case, given.rounds, memory=True):
            print(row, flush=True)


if __name__ == "__main__":
    main()
