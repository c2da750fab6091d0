"""How fast are runs of words counted, next to polars and to nltk with a Counter?

    python benchmarks/metrics_text.py --megabytes 100

Writes text with the vocabulary and the successions of words of WikiText-2 and Shakespeare's plays
(FIRSTHAND_DATA): a walk that goes on where its word stands elsewhere, jumps to another place with
probability 0.35, and says a coined word with probability 0.02, drawn from a Zipf-Mandelbrot law, so
that the vocabulary goes on growing. All words are such that every tool's own way of cutting text
gives the same tokens: lower case, one space between words, one document a line. Compares spectra
first, then times in turn, each in the same process; memory in processes of their own.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
from peers import highest

from firsthand.numerics.ngrams import count_file
from firsthand.numerics.tokens import tokenise

DATA = Path(os.environ.get("FIRSTHAND_DATA") or Path(__file__).parents[2] / "shared" / "data")
JUMP, COINED, CHAINS = 0.35, 0.02, 4000
COUNTER_SHARE = 10  # a Counter of 100 MB needs more memory than it is worth: a tenth

Spectrum = dict[int, dict[int, int]]


def corpus() -> tuple[np.ndarray, list[str]]:
    """Real documents as ids of words, the end of each a word of its own."""
    wiki = [DATA / "wikitext2" / name for name in ("train_sample.txt", "valid.txt")]
    lines = [line for path in wiki for line in path.read_text(encoding="utf-8").splitlines()]
    lines += (DATA / "tinyshakespeare" / "input.txt").read_text(encoding="utf-8").split("\n\n")
    known: dict[str, int] = {"\n": 0}
    words = (word for line in lines if (cut := tokenise(line)) for word in [*cut, "\n"])
    ids = [known.setdefault(word, len(known)) for word in words]
    return np.array(ids), list(known)


def write(path: Path, megabytes: float, seed: int = 0) -> None:
    rng = np.random.default_rng(seed)
    ids, words = corpus()
    plain = [word for word in words if word.isascii() and word.isalpha()]
    coined = [f"{word}{ending}" for word in plain for ending in ("ia", "oid", "ette", "um")]
    spelling = np.array([f"{word} " for word in words + coined], dtype=object)
    spelling[0] = "\n"
    order = np.argsort(ids, kind="stable")
    first = np.searchsorted(ids[order], np.arange(len(words) + 1))
    steps = int(megabytes * 1e6 / 5.5 / CHAINS)
    at, said = rng.integers(0, len(ids), CHAINS), np.empty((steps, CHAINS), np.int64)
    ranks = (rng.pareto(0.9, (steps, CHAINS)) * 20).astype(np.int64) % len(coined)
    for step in range(steps):
        word = ids[at]
        said[step] = np.where(rng.random(CHAINS) < COINED, len(words) + ranks[step], word)
        among = rng.random(CHAINS) * (first[word + 1] - first[word])
        follow = order[first[word] + among.astype(np.int64)] + 1
        jump = rng.random(CHAINS) < JUMP
        at = np.where(jump, rng.integers(0, len(ids), CHAINS), follow) % len(ids)
    with path.open("w", encoding="utf-8") as file:
        for chain in np.array_split(said.T.ravel(), max(1, said.size // 1_000_000)):
            file.write("".join(spelling[chain].tolist()).replace(" \n", "\n"))


def ours(path: Path) -> Spectrum:
    found = count_file(path)
    return {n: dict(zip(f.times.tolist(), f.types.tolist(), strict=True)) for n, f in found.items()}


def polars(path: Path) -> Spectrum:
    """Hashes of words, of runs by combining them, and two group-bys."""
    import polars as pl

    lines = pl.read_csv(
        path, has_header=False, separator="\x01", quote_char=None, new_columns=["t"]
    )
    words = lines.with_row_index("d").with_columns(pl.col("t").str.split(" ")).explode("t")
    words = words.filter(pl.col("t") != "").select("d", pl.col("t").hash().alias("w"))
    out = {}
    run = words.select("d", pl.col("w").alias("h"))
    for n in (1, 2, 3, 4):
        if n > 1:
            last = words.get_column("w").shift(1 - n)
            mixed = pl.struct("h", pl.lit(last).alias("l")).hash()
            whole = pl.col("d") == pl.col("d").shift(1 - n)
            run = run.with_columns(h=pl.when(whole).then(mixed))
        kept = run.lazy().select("h").drop_nulls().group_by("h").len().group_by("len").len("types")
        found = kept.collect()
        out[n] = dict(zip(found["len"].to_list(), found["types"].to_list(), strict=True))
    return out


def counter(path: Path) -> Spectrum:
    from nltk import ngrams

    out = {}
    for n in (1, 2, 3, 4):
        with path.open(encoding="utf-8") as file:
            runs = Counter(run for line in file for run in ngrams(line.split(), n))
        out[n] = dict(Counter(runs.values()))
    return out


TOOLS: dict[str, Callable[[Path], Spectrum]] = {"ours": ours, "polars": polars, "counter": counter}


def timed(tool: str, path: Path) -> tuple[float, float, Spectrum]:
    wall, cpu = time.perf_counter(), time.process_time()
    found = TOOLS[tool](path)
    return time.perf_counter() - wall, time.process_time() - cpu, found


def compared(path: Path, peer: str, rounds: int) -> dict[str, float]:
    """Ratio of times in turn, after the counts were found equal."""
    TOOLS["ours"](path)  # compiles
    times: dict[str, list[tuple[float, float]]] = {"ours": [], peer: []}
    spectra: dict[str, Spectrum] = {}
    for _ in range(rounds):
        for tool in times:
            wall, cpu, spectra[tool] = timed(tool, path)
            times[tool].append((wall, cpu))
    assert spectra["ours"] == spectra[peer], f"{peer} counts otherwise"
    wall, cpu = ({tool: median(t[at] for t in times[tool]) for tool in times} for at in (0, 1))
    return {
        "megabytes": path.stat().st_size / 1e6,
        "seconds": wall["ours"],
        "cpu": cpu["ours"],
        "peer_seconds": wall[peer],
        "peer_cpu": cpu[peer],
        "times_faster": wall[peer] / wall["ours"],
        "times_faster_cpu": cpu[peer] / cpu["ours"],
    }


def peak(tool: str, path: Path) -> float:
    """Peak memory of a process that only counts, MB."""
    command = [sys.executable, __file__, "--tool", tool, "--path", str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout)


def run(megabytes: float = 100, rounds: int = 3, root: Path | None = None) -> dict[str, object]:
    """Everything this file measures; peers that are not installed are left out."""
    found: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as folder:
        large, small = (Path(root or folder) / f"{size}.txt" for size in ("large", "small"))
        for path, size in ((large, megabytes), (small, megabytes / COUNTER_SHARE)):
            if not path.exists():
                write(path, size)
        spectrum = ours(large)
        found["distinct"] = {n: sum(types.values()) for n, types in spectrum.items()}
        found["runs"] = {n: sum(k * v for k, v in types.items()) for n, types in spectrum.items()}
        found["megabytes_of_memory"] = {"ours": peak("ours", large)}
        if importlib.util.find_spec("polars"):
            found["polars"] = compared(large, "polars", rounds)
            found["megabytes_of_memory"]["polars"] = peak("polars", large)
        if importlib.util.find_spec("nltk"):
            found["counter"] = compared(small, "counter", rounds)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=float, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--root", type=Path, help="keep the generated text here, or reuse it")
    parser.add_argument("--tool", choices=TOOLS, help=argparse.SUPPRESS)
    parser.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.tool:
        TOOLS[given.tool](given.path)
        print(highest())
        return
    for name, value in run(given.megabytes, given.rounds, given.root).items():
        print(name, value)


if __name__ == "__main__":
    main()
