"""An audit for programs: one strict JSON document of codes, parameters and numbers."""

from __future__ import annotations

import json
from typing import Any

from firsthand import __version__
from firsthand.messages import Language, advice_for, command
from firsthand.outlook.values import Forecast
from firsthand.report import ahead
from firsthand.report.plain import fields_of, plain, skips_by_code
from firsthand.report.story import retyped
from firsthand.types import Audit, Finding


def render(audit: Audit, lang: Language = "en") -> str:
    """One document. The language changes nothing: JSON holds codes, not sentences."""
    del lang
    return json.dumps(document(audit), ensure_ascii=False, allow_nan=False, indent=2) + "\n"


def document(audit: Audit) -> dict[str, Any]:
    """The audit as plain values. Slices are objects; what is not a number is null."""
    made_of = audit.composition
    found = {
        "schema": audit.schema,
        "tool_version": audit.version,
        "verdict": audit.verdict,
        "findings": [_finding(each, audit) for each in audit.findings],
        "undetermined": [fields_of(each) for each in audit.undetermined],
        "measurements": [fields_of(each) for each in audit.measurements],
        "composition": fields_of(made_of),
        "candidate": audit.candidate,
        "reference": audit.reference,
        "anchor": audit.anchor,
        "shared": audit.shared._asdict(),
        "skips": skips_by_code(audit.skips),
        "limits": audit.limits,
        "seed": audit.seed,
        "seconds": audit.seconds,
    }
    if audit.ahead is not None:
        going = _forecast(audit.ahead.forecast)
        found["forecast"] = {"basis": audit.ahead.basis, "forecast": going}
    if audit.diagnosis is not None:
        said = {"schema": audit.diagnosis.schema, "tool_version": audit.version}
        left_out = skips_by_code(audit.diagnosis.skips)
        found["diagnosis"] = said | plain(audit.diagnosis) | {"skips": left_out}
    strict: dict[str, Any] = plain(found)
    return strict


def forecast(found: Forecast) -> str:
    """A forecast of its own as one document; null for what lies beyond the horizon."""
    told = {"schema": found.schema, "tool_version": __version__} | _forecast(found)
    return json.dumps(plain(told), ensure_ascii=False, allow_nan=False, indent=2) + "\n"


def _forecast(found: Forecast) -> dict[str, Any]:
    values: dict[str, Any] = ahead.as_values(found)
    return values | {"skips": skips_by_code(found.skips)}


def _finding(finding: Finding, audit: Audit) -> dict[str, Any]:
    codes = finding.advice or advice_for(finding.code)
    advice = [{"code": code, "command": command(code, retyped(audit)) or None} for code in codes]
    return fields_of(finding) | {"advice": advice}
