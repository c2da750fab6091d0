"""Compiled passes over text: bytes to token hashes, and occurrences of each run of tokens.

What they compute is said, and computed without a compiler, in `numerics/ngrams.py`.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from firsthand.numerics.characters import DIGIT, HARD, LETTER

Hashes = NDArray[np.uint64]
Counts = NDArray[np.int64]

_compile = njit(nogil=True, cache=True)

# What a character does in each state of the pattern `tokens._TOKEN`.
EMIT, START, JOIN, FEED, HOLD, ALONE = (1 << bit for bit in range(6))
NONE, WORD, NUMBER, WORD_AND_APOSTROPHE, NUMBER_AND_JOINER = range(5)
_NEW = START | FEED
_ONE = _NEW | ALONE
# Columns: separator, letter, digit, ideograph, apostrophe, joiner.
ACTIONS = np.array(
    [
        [0, _NEW, _NEW, _ONE, 0, 0],
        [EMIT, FEED, FEED, EMIT | _ONE, HOLD, EMIT],
        [EMIT, EMIT | _NEW, FEED, EMIT | _ONE, EMIT, HOLD],
        [EMIT, JOIN | FEED, EMIT | _NEW, EMIT | _ONE, EMIT, EMIT],
        [EMIT, EMIT | _NEW, JOIN | FEED, EMIT | _ONE, EMIT, EMIT],
    ],
    np.uint8,
)
STATES = np.array(
    [
        [NONE, WORD, NUMBER, NONE, NONE, NONE],
        [NONE, WORD, WORD, NONE, WORD_AND_APOSTROPHE, NONE],
        [NONE, WORD, NUMBER, NONE, NONE, NUMBER_AND_JOINER],
        [NONE, WORD, NUMBER, NONE, NONE, NONE],
        [NONE, WORD, NUMBER, NONE, NONE, NONE],
    ],
    np.uint8,
)

BASIS = np.uint64(0xCBF29CE484222325)
PRIME = np.uint64(0x100000001B3)
BROKEN = np.int64(1 << 30)  # beyond every code point
FIRST = 1 << 15  # slots tried first: half a megabyte
LINE = 8  # hashes written at a time: one cache line


@_compile
def _mixed(value: np.uint64) -> np.uint64:
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    value = value ^ (value >> np.uint64(31))
    return value if value != 0 else np.uint64(1)


@_compile
def _decoded(data: NDArray[np.uint8], at: int) -> tuple[np.int64, int]:
    """The code point that begins here and its bytes; beyond every code point if it is broken."""
    first = np.int64(data[at])
    more = 1 if 0xC2 <= first < 0xE0 else 2 if 0xE0 <= first < 0xF0 else 3
    if first < 0xC2 or first > 0xF4 or at + more >= len(data):
        return BROKEN, 1
    code = first & (0x3F >> more)
    for each in data[at + 1 : at + 1 + more]:
        if each >> 6 != 2:
            return BROKEN, 1
        code = code << 6 | np.int64(each & 0x3F)
    shortest = code >= (0x80 if more == 1 else 0x800 if more == 2 else 0x10000)
    return (code, more + 1) if shortest else (BROKEN, 1)


@_compile
def tokenise(
    data: NDArray[np.uint8],
    border: int,
    kinds: NDArray[np.uint8],
    lower: NDArray[np.uint32],
    tokens: Hashes,
    hard: Counts,
) -> tuple[int, int]:
    """Token hashes of all documents in a buffer, a 0 after each; hard ones are only listed.

    Args:
        data: (bytes,) documents, a border byte between them.
        border: the byte.
        kinds, lower: what each character is, see `characters`.
        tokens: (at least bytes + 1,) written to.
        hard: (documents, 2) written to: where each hard document begins and ends.

    Returns:
        How many tokens and how many hard documents were written.
    """
    inside = np.zeros(256, np.uint8)  # what a byte within a word becomes; 0 for all others
    for code in range(128):
        if kinds[code] == LETTER or kinds[code] == DIGIT:  # noqa: PLR1714 - `in` is slow here
            inside[code] = lower[code]
    at = written = found = 0
    while at < len(data):
        end, size = _document(data, at, border, (kinds, lower, inside), tokens[written:])
        if size < 0:
            hard[found, 0], hard[found, 1] = at, end
            found += 1
        elif size > 0:
            tokens[written + size] = 0
            written += size + 1
        at = end + 1
    return written, found


@_compile
def _document(  # noqa: C901, PLR0915 - one action after the other is what it does
    data: NDArray[np.uint8],
    at: int,
    border: int,
    characters: tuple[NDArray[np.uint8], NDArray[np.uint32], NDArray[np.uint8]],
    tokens: Hashes,
) -> tuple[int, int]:
    """Where does the document end, and how many tokens does it hold? -1 if it is hard."""
    kinds, lower, inside = characters
    written, state = 0, NONE
    value = held = np.uint64(0)
    while at < len(data) and data[at] != border:
        code, step = np.int64(data[at]), 1
        if code >= 128:
            code, step = _decoded(data, at)
        kind = kinds[code] if code < len(kinds) else HARD
        if kind == HARD:
            while at < len(data) and data[at] != border:
                at += 1
            return at, -1
        action = ACTIONS[state, kind]
        state = STATES[state, kind]
        character = np.uint64(lower[code])
        if action & EMIT:
            tokens[written] = _mixed(value)
            written += 1
        if action & START:
            value = BASIS
        if action & JOIN:
            value = (value ^ held) * PRIME
        if action & FEED:
            value = (value ^ character) * PRIME
        if action & HOLD:
            held = character
        if action & ALONE:
            tokens[written] = _mixed(value)
            written += 1
        at += step
        # Most of a text is plain letters within words; a border is none.
        while state == WORD and at < len(data) and inside[data[at]]:
            value = (value ^ np.uint64(inside[data[at]])) * PRIME
            at += 1
    if state != NONE:
        tokens[written] = _mixed(value)
        written += 1
    return at, written


@_compile
def histogram(tokens: Hashes, factors: Hashes, n: int, shift: np.uint64, sizes: Counts) -> None:
    """How many runs of n tokens fall into each partition by their highest bits? Adds to sizes."""
    one = two = three = np.uint64(0)
    run = 0
    for token in tokens:
        run = run + 1 if token != 0 else 0
        if run >= n:
            value = token + one * factors[0] + two * factors[1] + three * factors[2]
            sizes[value >> shift] += 1
        one, two, three = token, one, two


@_compile
def scatter(
    tokens: Hashes, factors: Hashes, n: int, shift: np.uint64, place: Counts, out: Hashes
) -> None:
    """Write each run's hash into its partition; `place` says where the next one goes."""
    buffer = np.empty((len(place), LINE), np.uint64)
    filled = np.zeros(len(place), np.uint8)
    one = two = three = np.uint64(0)
    run = 0
    for token in tokens:
        run = run + 1 if token != 0 else 0
        if run >= n:
            value = token + one * factors[0] + two * factors[1] + three * factors[2]
            part = value >> shift
            buffer[part, filled[part]] = value
            filled[part] += 1
            if filled[part] == LINE:
                _flush(buffer[part], LINE, place, part, out)
                filled[part] = 0
        one, two, three = token, one, two
    for part in range(len(place)):
        _flush(buffer[part], filled[part], place, part, out)


@_compile
def _flush(line: Hashes, size: int, place: Counts, part: int, out: Hashes) -> None:
    for at in range(size):
        out[place[part] + at] = line[at]
    place[part] += size


@_compile
def occurrences(
    values: Hashes,
    cuts: Counts,
    share: tuple[int, int],
    table: Hashes,
    spectrum: tuple[Counts, Counts],
    counts: Counts,
) -> int:
    """Count equal values in some of the partitions.

    Args:
        values: hashes by partition; the distinct ones are written over them if counts are kept.
        cuts: (partitions + 1,) where each begins and ends.
        share: the first partition that is this thread's, and the step to its next.
        table: (2 * slots,) zeros, a key and its count next to each other; zeros again afterwards.
            Four slots for each value of the largest partition, and 16.
        spectrum: written to: how many values occur 1, 2, ... times below a limit, and each count
            from the limit on. The first number, of empty slots, says nothing.
        counts: (values,) written to: how often each distinct value occurs; empty to keep nothing.

    Returns:
        How many counts reached the limit.
    """
    dense, many = spectrum
    limit = np.uint64(len(dense) - 1)
    found = 0
    for part in range(share[0], len(cuts) - 1, share[1]):
        here = values[cuts[part] : cuts[part + 1]]
        most = 16
        while 2 * most < 3 * len(here):
            most *= 2
        # A frequent value fills a partition and no table: begin small.
        slots = min(most, FIRST)
        while not _tally(here, table, np.uint64(slots - 1), slots // 2 if slots < most else slots):
            table[: 2 * slots] = 0
            slots = min(most, 8 * slots)
        if len(counts):
            _keep(table[: 2 * slots], here, counts[cuts[part] : cuts[part + 1]])
        # Without a branch: whether a slot is empty cannot be foretold.
        for slot in range(slots):
            dense[min(table[2 * slot + 1], limit)] += 1
        if dense[limit]:
            found = _listed(table[: 2 * slots], limit, many, found)
            dense[limit] = 0
        table[: 2 * slots] = 0
    return found


@_compile
def _tally(values: Hashes, table: Hashes, last: np.uint64, most: int) -> bool:
    """Count values in a table; stops where more are distinct than it can hold well."""
    distinct = 0
    for value in values:
        key = max(value, np.uint64(1))
        slot = (key >> np.uint64(16)) & last
        while table[2 * slot] != key and table[2 * slot] != 0:
            slot = (slot + np.uint64(1)) & last
        distinct += table[2 * slot] == 0
        table[2 * slot] = key
        table[2 * slot + 1] += np.uint64(1)
        if distinct > most:
            return False
    return True


@_compile
def _listed(table: Hashes, limit: np.uint64, many: Counts, found: int) -> int:
    for slot in range(len(table) // 2):
        if table[2 * slot + 1] >= limit:
            many[found] = table[2 * slot + 1]
            found += 1
    return found


@_compile
def _keep(table: Hashes, values: Hashes, counts: Counts) -> None:
    to = 0
    for slot in range(len(table) // 2):
        if table[2 * slot]:
            values[to], counts[to] = table[2 * slot], table[2 * slot + 1]
            to += 1
