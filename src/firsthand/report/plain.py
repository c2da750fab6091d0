"""Values as JSON has them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from firsthand.types import Skip

FIRST_SKIPS = 20


def fields_of(value: Any) -> dict[str, Any]:
    """A dataclass as an object, one level at a time, with slices as objects."""
    out = {field.name: getattr(value, field.name) for field in fields(value)}
    if "slice" in out:
        out["slice"] = dict(out["slice"])
    return out


def plain(value: Any) -> Any:
    """Values that JSON has, all the way down; NaN and infinities, which it has not, become null."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(fields_of(value))
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, str):
        # A file name that is not UTF-8 arrives with surrogates, which no JSON reader accepts.
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    return value.item() if hasattr(value, "item") else str(value)


def skips_by_code(skips: Sequence[Skip]) -> dict[str, Any]:
    """How many were left out for which reason, and where the first of them are."""
    found: dict[str, Any] = {}
    for skip in skips:
        code = found.setdefault(skip.code, {"count": 0, "first": []})
        code["count"] += 1
        if len(code["first"]) < FIRST_SKIPS:
            place = {"path": skip.path, "line": skip.line, "found": skip.found}
            code["first"].append(place | {"keeps_sample": skip.keeps_sample})
    return found
