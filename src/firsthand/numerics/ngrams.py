"""How often does each run of one to four tokens occur? Exact counts, of text of any size.

Runs never cross from one document into the next. A run is known by a 64-bit hash: among m distinct
runs two share one with probability m^2 / 2^65, 1.4e-5 for the 22 million runs of four that 100 MB
of English hold; otherwise all counts are exact.

With the extra `[fast]` bytes are hashed and counted by compiled passes on several threads; without
it the same hashes come from `tokens.tokenise` and sorting, with the same result.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from firsthand.contracts import TokensView
from firsthand.numerics.characters import ascii_characters, characters
from firsthand.numerics.tokens import tokenise

Tokens = NDArray[np.uint64]
"""Hashes of tokens in their order, a 0 after each document."""
Counts = NDArray[np.int64]

CHUNK = 4 << 20  # bytes hashed at a time
LARGE = 1 << 20  # bytes from which compiled passes pay for being loaded
PARTITIONS = 11  # bits: a table for 2^-11 of 26 million runs fits a second-level cache
DENSE = 1 << 12  # counts below are tallied, those above listed
LENGTHS = (1, 2, 3, 4)

_BASIS, _PRIME, _WORD = 0xCBF29CE484222325, 0x100000001B3, 2**64 - 1  # FNV-1a, 64 bits
_FACTORS = np.array([0x9E3779B97F4A7C15, 0xD1B54A32D192ED03, 0xABC98388FB8FAC03], np.uint64)


class Occurrences(NamedTuple):
    """How often the distinct runs of one length occur."""

    total: int  # runs
    times: Counts  # (k,) rising: so often occur
    types: Counts  # (k,) this many distinct runs
    hashes: Tokens | None = None  # (distinct,) of each run, where asked for
    counts: Counts | None = None  # (distinct,) how often it occurs

    @property
    def distinct(self) -> int:
        """How many different runs there are."""
        return int(self.types.sum())

    @property
    def entropy(self) -> float:
        """Of drawing a run at random, in nats; 0 for one run or none."""
        if not self.total:
            return 0.0
        mass = self.times * self.types / self.total
        return float(np.log(self.total) - (mass * np.log(self.times)).sum()) + 0.0


def count(
    documents: Iterable[str | bytes],
    lengths: Sequence[int] = LENGTHS,
    *,
    runs: bool = False,
    threads: int | None = None,
) -> dict[int, Occurrences]:
    """Count runs of tokens within each document.

    Args:
        documents: texts, or UTF-8 bytes; broken bytes separate words.
        lengths: of the runs, 1 to 4.
        runs: keep each run's hash and count, 16 bytes a distinct run.
        threads: all cores if None.

    >>> found = count(["to be or not to be", "to be"])
    >>> found[2].total, found[2].distinct, found[2].times.tolist(), found[2].types.tolist()
    (6, 4, [1, 3], [3, 1])
    """
    return count_hashed(hashed(_buffers(documents), b"\0", threads), lengths, runs, threads)


def count_file(
    path: Path | str,
    lengths: Sequence[int] = LENGTHS,
    *,
    runs: bool = False,
    threads: int | None = None,
) -> dict[int, Occurrences]:
    """Count runs of tokens in a text file with one document a line, without holding the text."""
    with Path(path).open("rb") as file:
        return count_hashed(hashed(_pieces(file), b"\n", threads), lengths, runs, threads)


def of_view(view: TokensView) -> list[Tokens]:
    """The documents of a view as `count_hashed` takes them."""
    lengths = np.diff(view.start)
    out = np.zeros(len(view.tokens) + len(lengths), np.uint64)
    place = np.arange(len(view.tokens)) + np.repeat(np.arange(len(lengths)), lengths)
    out[place] = np.maximum(view.tokens, np.uint64(1))
    return [out]


def _buffers(documents: Iterable[str | bytes]) -> Iterator[bytes]:
    """Documents joined, each ended by a NUL, about a chunk at a time."""
    held, size = list[bytes](), 0
    for document in documents:
        data = document.encode(errors="replace") if isinstance(document, str) else document
        held.append(data.replace(b"\0", b" "))
        size += len(data)
        if size >= CHUNK:
            yield b"\0".join(held)
            held, size = [], 0
    yield b"\0".join(held)


def _pieces(file: Any) -> Iterator[bytes]:
    """About a chunk of whole lines at a time."""
    while data := file.read(CHUNK):
        yield data + file.readline()


def hashed(
    buffers: Iterable[bytes],
    border: bytes,
    threads: int | None = None,
    *,
    compiled: bool | None = None,
) -> list[Tokens]:
    """Token hashes of documents that a border byte separates, one array a buffer.

    Documents with characters that depend on their neighbours come last in each.
    """
    waiting, out = iter(buffers), list[Tokens]()
    first = list(islice(waiting, 1))
    fast = compiled_wanted(sum(map(len, first))) if compiled is None else compiled
    hash_one = _compiled_hasher(border) if fast else partial(_by_pattern, border=border)
    with ThreadPoolExecutor(threads or os.cpu_count()) as pool:
        # A window, so that a file is not read faster than it is hashed.
        while window := first + list(islice(waiting, 8)):
            out += pool.map(hash_one, window)
            first = []
    return out


def compiled_wanted(size: int) -> bool:
    """Is there enough to do for compiled passes to pay, and is there a compiler?"""
    return size > LARGE and importlib.util.find_spec("numba") is not None


def _compiled_hasher(border: bytes) -> Callable[[bytes], Tokens]:
    from firsthand.numerics.compiled import ngrams as compiled

    def hash_one(data: bytes) -> Tokens:
        table = ascii_characters() if data.isascii() else characters()
        tokens = np.empty(len(data) + 1, np.uint64)  # memory is only taken where it is written
        hard = np.empty((data.count(border) + 1, 2), np.int64)
        view = np.frombuffer(data, np.uint8)
        size, left = compiled.tokenise(view, border[0], *table, tokens, hard)
        rest = [data[start:end] for start, end in hard[:left]]
        return np.concatenate([tokens[:size], _hashes(rest)]) if rest else tokens[:size]

    return hash_one


def _by_pattern(data: bytes, border: bytes) -> Tokens:
    return _hashes(data.split(border))


def _hashes(documents: Sequence[bytes]) -> Tokens:
    known: dict[str, int] = {}
    out = list[int]()
    for document in documents:
        words = tokenise(document.decode(errors="replace"))
        for word in words:
            if word not in known:
                known[word] = _hash(word)
            out.append(known[word])
        out += [0] if words else []
    return np.array(out, np.uint64)


def _hash(word: str) -> int:
    """FNV-1a over code points, mixed (the finaliser of SplitMix64, Steele 2014); never 0."""
    value = _BASIS
    for character in word:
        value = (value ^ ord(character)) * _PRIME & _WORD
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 & _WORD
    value = (value ^ value >> 27) * 0x94D049BB133111EB & _WORD
    return value ^ value >> 31 or 1


def count_hashed(
    tokens: Sequence[Tokens],
    lengths: Sequence[int] = LENGTHS,
    runs: bool = False,
    threads: int | None = None,
) -> dict[int, Occurrences]:
    """Count runs of tokens that are hashes already; a 0 ends each document."""
    if unknown := set(lengths) - set(LENGTHS):
        raise ValueError(f"runs of {sorted(unknown)} tokens cannot be counted, only of 1 to 4")
    large = compiled_wanted(8 * sum(map(len, tokens)))
    if not large:
        return {n: _by_sorting(tokens, n, runs) for n in lengths}
    room = np.empty(sum(map(len, tokens)), np.uint64)  # one for all lengths: pages cost time
    return {n: _by_tables(tokens, n, runs, threads or os.cpu_count() or 1, room) for n in lengths}


def _factors(n: int) -> Tokens:
    return np.where(np.arange(3) < n - 1, _FACTORS, np.uint64(0)).astype(np.uint64)


def _by_sorting(tokens: Sequence[Tokens], n: int, runs: bool) -> Occurrences:
    values = np.sort(np.concatenate([*(_runs(part, n) for part in tokens), np.zeros(0, np.uint64)]))
    first = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]])[: len(values)])
    counts = np.diff(np.append(first, len(values)))
    times, types = np.unique(counts, return_counts=True)
    kept = (values[first], counts) if runs else (None, None)
    return Occurrences(len(values), times, types, *kept)


def _runs(tokens: Tokens, n: int) -> Tokens:
    """Hashes of all runs of n tokens: their last one plus multiples of the others, mod 2^64."""
    size = max(len(tokens) - n + 1, 0)
    value, whole = np.zeros(size, np.uint64), np.ones(size, bool)
    for back, factor in enumerate([np.uint64(1), *_factors(n)][:n]):
        part = tokens[n - 1 - back : n - 1 - back + size]
        value += part * factor
        whole &= part != 0
    return np.maximum(value[whole], np.uint64(1))


def _by_tables(
    tokens: Sequence[Tokens], n: int, runs: bool, threads: int, room: Tokens
) -> Occurrences:
    """Partition by the highest bits, then count each partition in a table that fits a cache."""
    from firsthand.numerics.compiled import ngrams as compiled

    how = (_factors(n), n, np.uint64(64 - PARTITIONS))
    shares = [tokens[at::threads] for at in range(threads)]
    sizes = np.zeros((threads, 1 << PARTITIONS), np.int64)

    def measured(at: int) -> None:
        for part in shares[at]:
            compiled.histogram(part, *how, sizes[at])

    def scattered(at: int) -> None:
        for part in shares[at]:
            compiled.scatter(part, *how, place[at], values)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(measured, range(threads)))
        ends = np.cumsum(sizes.T.ravel()).reshape(-1, threads)
        place = np.ascontiguousarray((ends - sizes.T).T)
        values = room[: ends[-1, -1]]
        list(pool.map(scattered, range(threads)))
        cuts = np.concatenate([[0], ends[:, -1]])
        counts = np.zeros(len(values) if runs else 0, np.int64)
        one = partial(_tallied, values, cuts, counts, threads)
        dense, many = zip(*pool.map(one, range(threads)), strict=True)
    times, types = _spectrum(np.sum(dense, axis=0), np.concatenate(many))
    kept = (values[counts > 0], counts[counts > 0]) if runs else (None, None)
    return Occurrences(len(values), times, types, *kept)


def _tallied(
    values: Tokens, cuts: Counts, counts: Counts, threads: int, at: int
) -> tuple[Counts, Counts]:
    """One thread's share of the partitions: how many counts below DENSE, and all others."""
    from firsthand.numerics.compiled import ngrams as compiled

    slots = 4 * int(np.diff(cuts).max()) + 32
    dense = np.zeros(DENSE, np.int64)
    many = np.empty(len(values) // DENSE + 1, np.int64)
    table = np.zeros(2 * slots, np.uint64)
    size = compiled.occurrences(values, cuts, (at, threads), table, (dense, many), counts)
    return dense, many[:size]


def _spectrum(dense: Counts, many: Counts) -> tuple[Counts, Counts]:
    times, types = np.unique(many, return_counts=True)
    dense[0] = 0  # slots that stayed empty
    few = np.flatnonzero(dense)
    return np.concatenate([few, times]), np.concatenate([dense[few], types])
