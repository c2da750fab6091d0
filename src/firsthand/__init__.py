"""firsthand keeps training data first-hand.

    import firsthand

    result = firsthand.audit("runs/next/data.yaml", "human/data.yaml")
    print(result.verdict, [finding.code for finding in result.findings])

A name is imported when it is first used, so that `import firsthand` and `--help` stay quick.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firsthand.anchor import anchor
    from firsthand.audit import audit, raise_for_verdict
    from firsthand.contracts import Embedder, Metric, Reader
    from firsthand.diagnose import diagnose
    from firsthand.errors import (
        Blocked,
        CannotSay,
        FirsthandError,
        FormatError,
        HumanDataLost,
        InputError,
        LedgerConflict,
        LedgerCorrupt,
        LedgerError,
        LedgerNotFound,
        MissingExtra,
        Refused,
        UnknownComponent,
    )
    from firsthand.forecast import forecast
    from firsthand.integrations.ultralytics import guard
    from firsthand.label import label
    from firsthand.ledger import Ledger
    from firsthand.measure import measure
    from firsthand.mix import mix
    from firsthand.plan import plan
    from firsthand.provenance import declare
    from firsthand.read import read
    from firsthand.recursion import Model, Policy
    from firsthand.types import (
        ALL,
        HUMAN,
        PROVENANCE_CLASSES,
        UNKNOWN,
        Audit,
        Boxes,
        Composition,
        Dataset,
        Finding,
        Measurement,
        Provenance,
        Reading,
        Sample,
        Shared,
        Skip,
        Undetermined,
    )

__version__ = "0.1.0"

__all__ = [
    "ALL",
    "Audit",
    "Blocked",
    "Boxes",
    "CannotSay",
    "Composition",
    "Dataset",
    "Embedder",
    "Finding",
    "FirsthandError",
    "FormatError",
    "HUMAN",
    "HumanDataLost",
    "InputError",
    "Ledger",
    "LedgerConflict",
    "LedgerCorrupt",
    "LedgerError",
    "LedgerNotFound",
    "Measurement",
    "Metric",
    "MissingExtra",
    "Model",
    "PROVENANCE_CLASSES",
    "Policy",
    "Provenance",
    "Reader",
    "Reading",
    "Refused",
    "Sample",
    "Shared",
    "Skip",
    "UNKNOWN",
    "Undetermined",
    "UnknownComponent",
    "__version__",
    "anchor",
    "audit",
    "declare",
    "diagnose",
    "forecast",
    "guard",
    "label",
    "measure",
    "mix",
    "plan",
    "raise_for_verdict",
    "read",
]

_HOMES = {
    "Ledger": "ledger",
    "anchor": "anchor",
    "audit": "audit",
    "declare": "provenance",
    "diagnose": "diagnose",
    "forecast": "forecast",
    "guard": "integrations.ultralytics",
    "label": "label",
    "measure": "measure",
    "mix": "mix",
    "plan": "plan",
    "raise_for_verdict": "audit",
    "read": "read",
}
_VALUES = ("errors", "types", "contracts", "recursion")  # hold all the other names


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'firsthand' has no attribute {name!r}")
    homes = (_HOMES[name],) if name in _HOMES else _VALUES
    modules = (importlib.import_module(f"firsthand.{home}") for home in homes)
    value = globals()[name] = next(vars(each)[name] for each in modules if name in vars(each))
    return value


def __dir__() -> list[str]:
    return list(__all__)


class _Package(ModuleType):
    """Keeps `firsthand.audit` the function: importing its file would bind the module there."""

    def __setattr__(self, name: str, value: object) -> None:
        if isinstance(value, ModuleType) and _HOMES.get(name) == name:
            value = getattr(value, name)
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
