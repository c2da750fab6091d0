"""Features that the user made: one row a sample, in .npy, .npz or Parquet.

Rows stream through once. A float32 .npy file is then used where it lies, mapped into memory;
everything else is written as float32 into a temporary file that vanishes with the process, and
mapped too. So a file may be larger than memory.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from firsthand.contracts import FeatureView
from firsthand.errors import InputError
from firsthand.feature_files.arrays import npy_table, npz_table
from firsthand.feature_files.columns import holds_points, parquet_table
from firsthand.feature_files.table import Floats, Table, check_names
from firsthand.formats.layout import head, printable
from firsthand.numerics.buckets import bucket_of
from firsthand.types import BoolArray, Skip

NUMPY, ZIP, PARQUET = b"\x93NUMPY", b"PK", b"PAR1"
_OPENERS = {NUMPY: npy_table, ZIP: npz_table, PARQUET: parquet_table}

Points = NDArray[np.float32]


class FeatureFile(NamedTuple):
    """Points of a file, and all that it says about them."""

    path: Path
    view: FeatureView
    digest: str  # sha256 over sorted (row, class); order and names of rows do not matter
    classes: tuple[str, ...]
    label: NDArray[np.int64]  # (n,) index into classes; -1 where none is said
    skips: tuple[Skip, ...]  # rows left out

    @property
    def rows(self) -> int:
        """How many points there are."""
        return len(self.view.features)

    @property
    def dimensions(self) -> int:
        """How many coordinates a point has."""
        return int(self.view.features.shape[1])


def can_read(path: str | Path) -> bool:
    """Is it a file of features? By its name and first bytes; of Parquet by its columns."""
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix == ".npy":
        return head(path, 6) == NUMPY
    if suffix == ".npz":
        return head(path, 2) == ZIP and not path.name.endswith(".profile.npz")
    return suffix in {".parquet", ".pq"} and head(path, 4) == PARQUET and holds_points(path)


def open(path: str | Path, *, group_by: str | None = None, strict: bool = False) -> FeatureFile:
    """Points of a file, one a row.

    Rows that are alike in every bit of float32 are one medium, as copies of a picture are. A row
    is a group of its own where no column `group` says otherwise.

    Args:
        path: .npy with floats of shape (n, d); .npz with one such array, and arrays `group`, `key`
            and `class` if wanted; Parquet with a column of lists of floats, or columns of floats,
            and columns of those names.
        group_by: number of a path part, or regular expression, that tells the group from the key
            of a row that names none.
        strict: a row that holds something that is not a finite number is an error, not a skip.

    Raises:
        InputError: it is no such file, is damaged, has no finite row, or no keys for `group_by`.
    """
    path = Path(path)
    table = _opener(path)(path)
    check_names(table.names, table.rows, path)
    rows = _drained(table, path, strict)
    names = {what: [values[at] for at in rows.kept] for what, values in table.names.items()}
    unsaid = [""] * len(rows.kept)
    media, named = rows.media.tolist(), names.get("class", unsaid)
    groups = _groups(names.get("group", unsaid), names.get("key"), group_by, path)
    classes, label = _classes(named)
    view = FeatureView(
        features=rows.points,
        bucket=np.fromiter(map(bucket_of, groups, media), np.int64, len(media)),
        media=rows.media,
        groups=len({group or row for group, row in zip(groups, media, strict=True)}),
    )
    return FeatureFile(path, view, _digest(media, named), classes, label, rows.skips)


def _opener(path: Path) -> Callable[[Path], Table]:
    start = head(path, 6)
    found = next((_OPENERS[magic] for magic in _OPENERS if start.startswith(magic)), None)
    if found is not None:
        return found
    raise InputError(
        "it is no file of features" if path.is_file() else "there is no such file",
        expected=".npy or .npz as NumPy writes them, or Parquet",
        where=str(path),
    )


class _Rows(NamedTuple):
    """What was found in a table."""

    points: Points  # (n, d), those that are finite
    media: NDArray[np.bytes_]  # (n,)
    kept: NDArray[np.int64]  # (n,) their rows in the table
    skips: tuple[Skip, ...]


def _drained(table: Table, path: Path, strict: bool) -> _Rows:
    """Pass over all blocks once; write down what cannot be used where it lies."""
    digests, kept, skips, seen = [], [], [], 0
    with _temporary(path) as file:
        for block in _shown(table, path):
            single = _single(block)
            fine: BoolArray = np.asarray(np.isfinite(single).all(axis=1))
            skips += _skips(block, fine, seen, path)
            if strict and skips:
                raise InputError(
                    f"{skips[0].code}: {skips[0].found}", where=f"{path}:{skips[0].line}"
                )
            digests.append(_digests(single[fine]))
            kept.append(seen + np.flatnonzero(fine))
            seen += len(block)
            if table.mapped is None:
                file.write(single[fine].data)
        rows = np.concatenate(kept)
        if not len(rows):
            raise InputError("no row of it is finite", expected="finite numbers", where=str(path))
        if table.mapped is not None and skips:
            return _drained(table._replace(mapped=None), path, strict)
        points = (
            _mapped(file, (len(rows), table.dimensions)) if table.mapped is None else table.mapped
        )
    return _Rows(points, np.frombuffer(b"".join(digests), "S32"), rows, tuple(skips))


def _shown(table: Table, path: Path) -> Iterator[Floats]:
    """The blocks, with a bar on stderr where somebody is looking."""
    if not sys.stderr.isatty():
        yield from table.blocks()
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(f"Reading {escape(path.name)}", total=table.rows)
        for block in table.blocks():
            yield block
            bar.advance(task, len(block))


@contextmanager
def _temporary(path: Path) -> Iterator[IO[bytes]]:
    """A file without a name, in the folder for such ($TMPDIR): it goes when nothing uses it."""
    try:
        with tempfile.TemporaryFile() as file:
            yield file
    except OSError as error:
        raise InputError(
            f"its rows cannot be written down: {error.strerror}",
            expected=f"room in {tempfile.gettempdir()}",
            todo="Set TMPDIR to a folder with room, or save the features as float32 .npy.",
            where=str(path),
        ) from error


def _mapped(file: IO[bytes], shape: tuple[int, int]) -> Points:
    """What was written down, as it lies."""
    file.flush()
    return np.memmap(file, np.float32, "r", shape=shape)


def _single(block: Floats) -> Points:
    """In single precision, with one zero: what lies beyond its range becomes infinite."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.ascontiguousarray(block, np.float32) + np.float32(0)


def _digests(block: Points) -> bytes:
    """The digest of each row, as little-endian float32, one after the other."""
    data, width = memoryview(block.astype("<f4", copy=False).tobytes()), 4 * block.shape[1]
    return b"".join(
        hashlib.sha256(data[at : at + width]).digest() for at in range(0, len(data), width)
    )


def _skips(block: Floats, fine: BoolArray, before: int, path: Path) -> list[Skip]:
    """Rows that hold something else than finite numbers, by number from 1."""
    found = []
    for row in np.flatnonzero(~fine):
        at = int(np.flatnonzero(~np.isfinite(_single(block[row])))[0])
        value = f"coordinate {at + 1}: {block[row, at]:g}"
        found.append(Skip("feature-not-finite", printable(path), before + int(row) + 1, value))
    return found


def _groups(
    groups: list[str], keys: list[str] | None, group_by: str | None, path: Path
) -> list[str]:
    if group_by is None:
        return groups
    if keys is None:
        raise InputError(
            f"its rows have no keys that {group_by!r} could tell groups from",
            expected="a column key, id or path",
            todo="Give a column group instead.",
            where=str(path),
        )
    from firsthand.ledger.groups import group_keys  # takes duckdb and sqlalchemy to import

    told = group_keys(keys, group_by)
    return [group or other for group, other in zip(groups, told, strict=True)]


def _classes(names: list[str]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    classes = tuple(sorted({*names} - {""}))
    place = {name: at for at, name in enumerate(classes)}
    return classes, np.fromiter((place.get(name, -1) for name in names), np.int64, len(names))


def _digest(media: list[bytes], names: list[str]) -> str:
    total = hashlib.sha256(b"firsthand.features/1\0")
    for row, name in sorted(zip(media, names, strict=True)):
        total.update(row.ljust(32, b"\0") + name.encode("utf-8", "surrogatepass") + b"\0")
    return total.hexdigest()
