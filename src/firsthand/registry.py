"""A component is a file: `metrics/class_survival.py` *is* the metric `class_survival`.

A family is a folder of this package. Listing it imports nothing; loading a component imports that
one file and takes its `component`. Other packages add theirs through an entry point in the group
`firsthand.<family>`.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from collections.abc import Mapping
from dataclasses import fields, replace
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from firsthand.errors import InputError, MissingExtra, UnknownComponent


@cache
def names(family: str) -> tuple[str, ...]:
    """Which components are there? Sorted, built-in ones and those of other packages.

    >>> "class_survival" in names("metrics")
    True
    """
    return tuple(sorted({*_built_in(family), *_outside(family)}))


@cache
def load(family: str, name: str) -> Any:
    """Import one component.

    Raises:
        UnknownComponent: nothing of that name is in the family.
        MissingExtra: it needs a package that is not installed.
    """
    if name in _built_in(family):
        return _load_file(family, name)
    outside = _outside(family)
    if name in outside:
        return outside[name].load()
    raise UnknownComponent(family, name, names(family))


def load_any(family: str, name: str) -> Any:
    """A component by its name, or the `component` of a Python file of the user: a name in .py.

    Raises:
        UnknownComponent: nothing of that name is in the family.
        InputError: there is no such file, or it defines no component.
        MissingExtra: it needs a package that is not installed.
    """
    return _from_file(Path(name)) if name.endswith(".py") else load(family, name)


def _from_file(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(f"firsthand_user_{path.stem}", path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise InputError("there is no such component", expected="a Python file", where=str(path))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if not hasattr(module, "component"):
        raise InputError(
            "the file defines no `component`",
            expected="component = Mine(), an object with the methods of its family",
            where=str(path),
        )
    return module.component


def with_options(component: Any, options: Mapping[str, Any]) -> Any:
    """A component with some of its fields set; those that say what it is cannot be.

    >>> with_options(load("policies", "fresh"), {"share": 0.2}).share
    0.2

    Raises:
        InputError: it has no such option, or one of another kind.
    """
    known = {each.name for each in fields(component)} - FACTS if options else set()
    for option, value in options.items():
        if option not in known:
            raise InputError(
                f"{component.name} has no option {option!r}",
                expected="one of " + ", ".join(sorted(known)) if known else "no options",
            )
        _check_kind(component, option, value)
    return replace(component, **options) if options else component


FACTS = frozenset({"name", "question"})


def _check_kind(component: Any, option: str, value: Any) -> None:
    """A number where a number is the default, and so on."""
    usual = getattr(component, option)
    kinds = {bool: (bool,), int: (int,), float: (int, float), str: (str,)}.get(type(usual))
    fits = kinds is None or (
        isinstance(value, kinds) and (bool in kinds) == isinstance(value, bool)
    )
    if not fits:
        raise InputError(
            f"{option} is {value!r}", expected=f"a {type(usual).__name__}, such as {usual!r}"
        )


def load_all(family: str) -> dict[str, Any]:
    """Every component of a family whose packages are installed, by name."""
    found: dict[str, Any] = {}
    for name in names(family):
        try:
            found[name] = load(family, name)
        except MissingExtra:
            continue
    return found


@cache
def _built_in(family: str) -> frozenset[str]:
    folder = Path(__file__).parent / family
    return frozenset(module.name for module in pkgutil.iter_modules([str(folder)]))


@cache
def _outside(family: str) -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=f"firsthand.{family}")}


def _load_file(family: str, name: str) -> Any:
    try:
        return importlib.import_module(f"firsthand.{family}.{name}").component
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        # A typo inside a component must not be reported as a missing package.
        if missing in {"", "firsthand"}:
            raise
        raise MissingExtra(f"{family} component {name}", missing, "all") from error
