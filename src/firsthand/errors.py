"""What can go wrong, and what to do about it.

    FirsthandError
    ├── InputError (ValueError)            what was given is wrong; says file, line and value
    │   ├── FormatError                    no reader, or not this one, can read it
    │   └── HumanDataLost                  a training set would do without the human data
    ├── UnknownComponent (LookupError)     no metric, reader, ... of that name
    ├── MissingExtra (ImportError)         a package is not installed; says the pip command
    ├── LedgerError                        the ledger cannot do that
    │   ├── LedgerNotFound                 there is no ledger here
    │   ├── LedgerConflict                 somebody else moved the branch first
    │   └── LedgerCorrupt                  bytes are not what was written
    └── Refused                            a gate said no; carries the audit
        ├── Blocked                        a limit is breached
        └── CannotSay                      a required limit could not be checked

Every error says what was found, what was expected and what to do. The command line prints these
three without a traceback and exits with `exit_code`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firsthand.types import Audit


class FirsthandError(Exception):
    """Base of every expected error."""

    code = "error"
    exit_code = 2

    def __init__(self, found: str, *, expected: str = "", todo: str = "", where: str = "") -> None:
        self.found, self.expected, self.todo, self.where = found, expected, todo, where
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        parts = [f"{self.where}: {self.found}" if self.where else self.found]
        if self.expected:
            parts.append(f"Expected {self.expected}.")
        if self.todo:
            parts.append(self.todo)
        return " ".join(part if part.endswith(tuple(".!?。！？")) else part + "." for part in parts)


class InputError(FirsthandError, ValueError):
    """What was given is wrong."""

    code = "input"


class FormatError(InputError):
    """A dataset is in no format that we read, or not in the named one."""

    code = "format"


class HumanDataLost(InputError):
    """A training set would do without the human data, and nobody said that this is wanted."""

    code = "human-data-lost"
    exit_code = 1


class UnknownComponent(FirsthandError, LookupError):
    """No component of that name exists in the family."""

    code = "unknown-component"

    def __init__(self, family: str, name: str, known: tuple[str, ...]) -> None:
        one = family[:-3] + "y" if family.endswith("ies") else family.removesuffix("s")
        super().__init__(
            f"there is no {one} named {name!r}",
            expected="one of " + ", ".join(known),
            todo=f"To add one: src/firsthand/{family}/{name}.py, or an entry point "
            f"firsthand.{family}.",
        )


class MissingExtra(FirsthandError, ImportError):
    """A package that this component needs is not installed."""

    code = "missing-extra"

    def __init__(self, feature: str, package: str, extra: str) -> None:
        super().__init__(
            f"{feature} needs the package {package}, which is not installed",
            todo=f"Run: pip install 'firsthand[{extra}]'",
        )


class LedgerError(FirsthandError):
    """The ledger cannot do that."""

    code = "ledger"


class LedgerNotFound(LedgerError):
    """There is no ledger here."""

    code = "ledger-not-found"


class LedgerConflict(LedgerError):
    """Somebody else moved the branch first."""

    code = "ledger-conflict"


class LedgerCorrupt(LedgerError):
    """Bytes on disk are not what was written."""

    code = "ledger-corrupt"


class Refused(FirsthandError):
    """A gate said no. `audit` holds the reasons."""

    def __init__(self, found: str, audit: Audit, *, todo: str = "") -> None:
        self.audit = audit
        super().__init__(found, todo=todo)


class Blocked(Refused):
    """A limit is breached."""

    code = "blocked"
    exit_code = 1


class CannotSay(Refused):
    """A required limit could not be checked."""

    code = "cannot-say"
    exit_code = 3
