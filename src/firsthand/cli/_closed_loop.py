"""`firsthand lab run` where the spec has arms: a detector that trains on labels of its own."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from firsthand import __version__

if TYPE_CHECKING:
    from firsthand.closed_loop.results import Results

SCHEMA = "firsthand.closed-loop/1"


def described(path: str) -> bool:
    """Whether a spec is one of a closed loop."""
    from firsthand.formats import yamltext

    value = yamltext.load(Path(path)).value
    return isinstance(value, dict) and "arms" in value


def run(spec: str, given: Sequence[str], out: Path) -> Results:
    """Run what is not there yet.

    Raises:
        InputError: flags that have no meaning here, or a spec that does not fit.
    """
    from firsthand import closed_loop
    from firsthand.closed_loop.results import Results
    from firsthand.errors import InputError

    if given:
        raise InputError(
            f"{given[0]} has no meaning for a closed loop",
            expected="everything in the spec, and --out, --plot or --json",
            where=spec,
        )
    loop = closed_loop.load(spec)
    return Results(loop, closed_loop.run(loop, out / "generations", _progress))


def picture(found: Results) -> str:
    """The curves as SVG."""
    from firsthand.closed_loop import drawn

    return drawn.picture(found)


def write_sheets(found: Results, folder: Path | None) -> None:
    """Pictures side by side, a file for each arm and seed."""
    from firsthand.closed_loop import sheets

    if folder is not None:
        sheets.write(found, folder)


def text(found: Results, as_json: bool) -> str:
    """A table of arms, or everything as one JSON document."""
    from firsthand.closed_loop import results

    if not as_json:
        return results.as_text(found)
    rows = [{**row._asdict(), "slice": dict(row.slice)} for row in found.rows()]
    said = {"schema": SCHEMA, "tool_version": __version__}
    return json.dumps(said | {"arms": results.table(found), "rows": rows})


def _progress(what: str) -> None:
    """A line for each generation, for who watches: one takes seconds to hours."""
    if sys.stderr.isatty():
        print(f"{what} ...", file=sys.stderr, flush=True)
