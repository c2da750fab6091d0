"""How fast are precision, recall, density and coverage, next to the packages that people use?

    python benchmarks/metrics_neighbours.py --rounds 3

The reference is a mixture of 20 normal distributions in float32, the candidate misses two of them
and spreads nine tenths as far; or both are halves of MNIST as descriptors of 416 features
(FIRSTHAND_DATA). Values are compared first, then all tools take turns in one process and the median
of each is kept. Memory is that of a process that makes the data and runs one tool. Peers that are
not installed are left out. The floor is two bare float32 products of all points with all points:
what is needed at least if every distance is computed in float32 and half of those within a side.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import importlib.util
import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np
from peers import declare_operators, highest
from PIL import Image

from firsthand.features.pixels import describe
from firsthand.numerics.prdc import PRDC, estimate, prdc

Floats = np.ndarray
Scores = tuple[float, ...]
Tool = Callable[[Floats, Floats], Scores]
Row = dict[str, object]

DATA = Path(os.environ.get("FIRSTHAND_DATA") or Path(__file__).parents[2] / "shared" / "data")
TILE = 2048  # of the floor; the fastest of 1024, 2048 and 4096
TILES = 60  # of a million points a side: enough to see what memory settles at


class Case(NamedTuple):
    name: str
    n: int
    d: int
    tools: tuple[str, ...]


ALL = ("ours", "floor", "prdc", "torch-fidelity", "ours without bytes", "ours without a compiler")
CASES = (
    Case("mixture", 8000, 512, ALL),
    Case("mixture", 6000, 64, ALL),
    Case("mnist", 5000, 416, ALL),
    Case("mixture", 50_000, 512, ("ours", "floor")),
)


def sides(case: Case) -> tuple[Floats, Floats]:
    if case.name == "mnist":
        points = mnist()
        order = np.random.default_rng(1).permutation(len(points))
        return points[order[: case.n]], points[order[case.n : 2 * case.n]]
    return sample(case.n, case.d, 20, 1.0, 2), sample(case.n, case.d, 18, 0.9, 3)


def sample(n: int, d: int, modes: int, spread: float, seed: int) -> Floats:
    rng = np.random.default_rng(seed)
    apart = np.float32(16 / np.sqrt(d))
    centres = apart * np.random.default_rng(1).normal(size=(20, d)).astype(np.float32)
    noise = rng.standard_normal((n, d), dtype=np.float32)
    noise *= np.float32(spread)
    noise += centres[rng.integers(0, modes, n)]
    return noise


def mnist() -> Floats:
    raw = gzip.decompress(next((DATA / "mnist_t10k").glob("*images*")).read_bytes())
    pictures = np.frombuffer(raw, np.uint8, offset=16).reshape(-1, 28, 28)
    small = [Image.fromarray(each).resize((16, 16), Image.Resampling.BOX) for each in pictures]
    return describe(np.stack([np.asarray(each.convert("RGB")) for each in small]))


def ours(one: Floats, other: Floats) -> Scores:
    return prdc(one, other).scores


def ours_floats(one: Floats, other: Floats) -> Scores:
    return prdc(one, other, backend="floats").scores


def ours_numpy(one: Floats, other: Floats) -> Scores:
    return prdc(one, other, backend="numpy").scores


def floor(one: Floats, other: Floats) -> Scores:
    """Two products of n x n x d; of many points a share of the tiles."""
    out = np.empty((TILE, TILE), np.float32)
    tiles = [(a, b) for a in range(0, len(one), TILE) for b in range(0, len(other), TILE)]
    for a, b in 2 * tiles:
        left, right = one[a : a + TILE], other[b : b + TILE]
        np.matmul(left, right.T, out=out[: len(left), : len(right)])
    return ()


def peer_prdc(one: Floats, other: Floats) -> Scores:
    from prdc import compute_prdc

    with contextlib.redirect_stdout(io.StringIO()):
        found = compute_prdc(one, other, nearest_k=5)
    return tuple(float(found[name]) for name in ("precision", "recall", "density", "coverage"))


def peer_fidelity(one: Floats, other: Floats) -> Scores:
    """Its function for features, candidate first; at its default, which is its faster one."""
    import torch
    from torch_fidelity import metric_prc

    return tuple(
        metric_prc.calculate_precision_recall_full(
            torch.from_numpy(other), torch.from_numpy(one), neighborhood=5
        )
    )


TOOLS: dict[str, Tool] = {
    "ours": ours,
    "ours without bytes": ours_floats,
    "ours without a compiler": ours_numpy,
    "floor": floor,
    "prdc": peer_prdc,
    "torch-fidelity": peer_fidelity,
}
PACKAGES = {
    "prdc": "prdc",
    "torch-fidelity": "torch_fidelity",
    "ours without bytes": "numba",
}


def installed(tool: str) -> bool:
    return tool not in PACKAGES or importlib.util.find_spec(PACKAGES[tool]) is not None


def timed(tool: str, one: Floats, other: Floats) -> tuple[Scores, float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    value = TOOLS[tool](one, other)
    return value, time.process_time() - cpu, time.perf_counter() - wall


def peak(case: Case, tool: str) -> float:
    """Peak memory of a process that makes the data and runs one tool, MB."""
    command = [sys.executable, __file__, "--case", str(CASES.index(case)), "--tool", tool]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout.splitlines()[-1])


def agreement(one: Floats, other: Floats, peer: str, value: Scores) -> str:
    """Our scores equal a peer's, but for pairs that float32 cannot tell from the edge of a ball.

    With prdc those are compared that take the edge to be outside, as it does.
    """
    found = prdc(one, other)
    expected = found.strict if peer == "prdc" else found.scores
    apart = max(abs(a - b) for a, b in zip(expected, value, strict=False))
    close = close_calls(one, other, found)
    assert apart * min(len(one), len(other)) <= close + 1e-3, f"{peer}: {value}, not {expected}"
    ties = found.decided_by_ties
    return f"{apart:.0e} apart; {ties} points on an edge, {close} pairs within rounding of one"


def close_calls(one: Floats, other: Floats, found: PRDC) -> int:
    """Pairs whose distance, in float64, is a radius within what float32 can be off by."""
    middle = one.mean(axis=0)
    ours, theirs = (side.astype(np.float64) - middle for side in (one, other))
    norms = [np.einsum("ij,ij->i", side, side) for side in (ours, theirs)]
    slack = 4 * np.finfo(np.float32).eps * (norms[0].mean() + norms[1].mean())
    close = 0
    for start in range(0, len(ours), TILE):
        part = slice(start, start + TILE)
        far = norms[0][part, None] + norms[1] - 2 * ours[part] @ theirs.T
        for radius in (found.reference_radius[part, None], found.candidate_radius[None]):
            close += int((np.abs(far - radius**2) < slack).sum())
    return close


def measured(case: Case, rounds: int, memory: bool) -> list[Row]:
    one, other = sides(case)
    tools = [tool for tool in case.tools if installed(tool)]
    ours(one[:2000], other[:2000])  # loads what is compiled
    taken = {tool: [] for tool in tools}
    for _ in range(rounds if case.n < 20_000 else 1):
        for tool in tools:
            taken[tool].append(timed(tool, one, other))
    cpu, wall = ({tool: median(t[at] for t in taken[tool]) for tool in tools} for at in (1, 2))
    rows: list[Row] = []
    for peer in tools[1:]:
        value = taken[peer][0][0]
        rows.append({
            "name": "precision, recall, density, coverage",
            "case": f"{case.name} n={case.n} d={case.d}",
            "peer": peer,
            "value": taken["ours"][0][0],
            "peer_value": value,
            "agreement": agreement(one, other, peer, value) if value else "",
            "cpu": cpu["ours"],
            "peer_cpu": cpu[peer],
            "wall": wall["ours"],
            "peer_wall": wall[peer],
            "times_faster": wall[peer] / wall["ours"],
            "times_faster_cpu": cpu[peer] / cpu["ours"],
            "megabytes": peak(case, "ours") if memory else float("nan"),
            "peer_megabytes": peak(case, peer) if memory else float("nan"),
            "floor_cpu": cpu["floor"],
            "floor_wall": wall["floor"],
        })  # fmt: skip
    return rows


class Enough(Exception):
    """As many tiles were looked at as were to be."""


def million(n: int = 1_000_000, d: int = 512) -> Row:
    """Memory of a comparison of mapped files, in the first tiles of the pass; time estimated."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "points"
        with path.open("wb") as file:
            for start in range(0, n, 10_000):
                sample(min(10_000, n - start), d, 20, 1.0, start).tofile(file)
        done = subprocess.run(
            [sys.executable, __file__, "--mapped", str(path), str(d)],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
    megabytes, seconds, estimated = map(float, done.stdout.split())
    return {
        "name": "precision, recall, density, coverage",
        "case": f"two mapped files of {n} x {d}, first {TILES} tiles",
        "megabytes": megabytes,
        "seconds": seconds,
        "estimated_hours": estimated / 3600,
    }


def look_at_mapped(path: str, d: int) -> None:
    one, other = (np.memmap(path, np.float32, "r").reshape(-1, d) for _ in range(2))
    told = estimate(one, other)

    def progress(done: int, _of: int) -> None:
        if done >= TILES:
            raise Enough

    began = time.perf_counter()
    with contextlib.suppress(Enough):
        prdc(one, other, progress=progress)
    took = time.perf_counter() - began
    print(highest(), took, told.seconds)


def run(rounds: int = 3, memory: bool = True) -> list[Row]:
    """One row for each case and installed peer; values agree."""
    if installed("torch-fidelity"):
        declare_operators()
    cases = [case for case in CASES if case.name != "mnist" or (DATA / "mnist_t10k").exists()]
    return [row for case in cases for row in measured(case, rounds, memory)] + [million()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--case", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--tool", help=argparse.SUPPRESS)
    parser.add_argument("--mapped", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.mapped:
        look_at_mapped(given.mapped[0], int(given.mapped[1]))
    elif given.tool:
        if installed("torch-fidelity"):
            declare_operators()
        timed(given.tool, *sides(CASES[given.case]))
        print(highest())
    else:
        for row in run(given.rounds):
            print(row)


if __name__ == "__main__":
    main()
