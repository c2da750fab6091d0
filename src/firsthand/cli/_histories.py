"""What `monitor` and `diagnose` share: a history, from sets, a ledger, a run or a trajectory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from firsthand.cli import _judging as judging

if TYPE_CHECKING:
    from firsthand.trajectory import Row


def rows_of(
    sources: list[str],
    reference: str | None,
    metrics: list[str] | None,
    features: str | None,
    seed: int,
    also: tuple[str, ...] = (),
) -> tuple[list[Row], str]:
    """The trajectory, and the set that was looked at last, where that is known."""
    from firsthand import trajectory
    from firsthand.errors import InputError
    from firsthand.monitor import observe

    table = _table(sources, reference)
    if table is not None:
        rows = trajectory.read(table)
        return [row for row in rows if metrics is None or row.metric in metrics], ""
    if reference is None:
        raise InputError(
            "no reference is named",
            expected="the human-verified data that every generation is set against",
            todo="Add --reference.",
        )
    sets, against = list(sources), reference
    if is_ledger(sources):
        *sets, against = _versions(sources[0], reference)
    try:
        rows = observe(
            sets,
            against,
            metrics=metrics,
            also=also,
            features=features,
            seed=seed,
            report=judging.progress,
        )
    finally:
        judging.progress("")
    return rows, sets[-1]


def of_chain(rows: list[Row], named: str | None, where: str) -> list[Row]:
    """The rows of a policy, run or chain; all of them where none is named."""
    from firsthand.errors import InputError

    if named is None:
        return rows
    kept = [row for row in rows if named in {row.run, row.policy, str(row.chain)}]
    if rows and not kept:
        there = sorted({f"{row.run}/{row.policy}/{row.chain}" for row in rows})
        raise InputError(
            f"nothing of it is named {named!r}",
            expected="run, policy or chain of " + ", ".join(there[:5]),
            where=where,
        )
    return kept


def _table(sources: list[str], named: str | None) -> Path | None:
    """The trajectory that one source is, or holds."""
    if len(sources) > 1:
        return None
    path = Path(sources[0])
    inside = path / "trajectory.parquet"
    if inside.is_file():
        return inside
    if path.suffix == ".parquet" and path.is_file() and _is_trajectory(path, named):
        return path
    return None


def _is_trajectory(path: Path, named: str | None) -> bool:
    """It may be a data set as well, where a reference is named to set it against."""
    from firsthand import trajectory
    from firsthand.errors import FormatError

    try:
        trajectory.read(path)
    except FormatError:
        if named is None:
            raise
        return False
    return True


def is_ledger(sources: list[str]) -> bool:
    """Does one folder with a ledger stand for its versions?"""
    return len(sources) == 1 and (Path(sources[0]) / ".firsthand").is_dir()


def _versions(folder: str, reference: str) -> list[str]:
    """Every version of a ledger after the reference, oldest first, and the reference itself."""
    from firsthand.errors import InputError
    from firsthand.ledger import Ledger

    ledger = Ledger.open(folder)
    names = [version.name for version in reversed(ledger.log())]
    first = ledger.version(_inside(folder, reference)).name
    after = names[names.index(first) + 1 :]
    if not after:
        raise InputError(
            f"the ledger has no version after {reference}",
            expected="at least one generation to look at",
            where=folder,
        )
    return [in_ledger(folder, name) for name in (*after, first)]


def in_ledger(folder: str, version: str) -> str:
    """How a version is called from here, also where it is called so already."""
    name = _inside(folder, version)
    return name if Path(folder) == Path() else f"{folder}@{name}"


def _inside(folder: str, version: str) -> str:
    """How a version is called inside its ledger: FOLDER@v1 is its v1."""
    place, at, name = version.rpartition("@")
    return name if at and Path(place).resolve() == Path(folder).resolve() else version
