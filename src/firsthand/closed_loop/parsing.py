"""A closed loop from a YAML file or plain values: every key and value is checked and named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from firsthand.closed_loop.arms import ARMS, Arm, Options
from firsthand.closed_loop.spec import Loop, Training
from firsthand.errors import InputError
from firsthand.formats import yamltext

CONTROLS = ("Z0", "Z0K")
NEEDED = ("model", "start", "human", "humans", "test", "arms", "images", "first", "then")
PATHS = ("start", "human", "test", "pool", "anchor", "ledger")
WHOLE = ("humans", "generations", "images")


def load(path: str | Path) -> Loop:
    """Read a closed loop from a YAML file; its paths are seen from there.

    Raises:
        InputError: a key is unknown or missing, or a value does not fit; says where.
    """
    document = yamltext.load(Path(path))
    try:
        return parse(_mapping("the spec", document.value), Path(path).parent)
    except InputError as error:
        if not error.where:
            error.where = document.where()
            error.args = (error._sentence(),)
        raise


def parse(values: Mapping[str, Any], folder: Path = Path()) -> Loop:
    """A loop from plain values; paths are seen from `folder`, controls are always among the arms.

    Raises:
        InputError: a key is unknown or missing, or a value does not fit.
    """
    _check(values)
    given = dict(values)
    for name in PATHS:
        if name in given:
            given[name] = str(folder / given[name]) if given[name] else ""
    given["start"] = Path(given["start"])
    given["model"], given["model_options"] = _named("model", given["model"])
    if given["model"].endswith(".py"):
        given["model"] = str(folder / given["model"])
    given["arms"] = _with_controls([arm(one) for one in _listed("arms", given["arms"])])
    given["seeds"] = tuple(_listed("seeds", given.get("seeds", [0])))
    for name in ("first", "then"):
        given[name] = _training(name, given[name])
    return Loop(**given)


def _check(values: Mapping[str, Any]) -> None:
    """Keys are known, those needed are there, and plain values are of their kind."""
    _known("key", values, {each.name for each in fields(Loop)} - {"model_options"})
    for name in NEEDED:
        if name not in values:
            raise InputError(f"{name} is missing", expected=f"a value for {name}")
    kinds = dict.fromkeys(WHOLE, int) | dict.fromkeys((*PATHS, "rare"), str) | {"small": float}
    for name, kind in kinds.items():
        if name in values:
            _kind(name, values[name], kind)
    for seed in _listed("seeds", values.get("seeds", [0])):
        _kind("a seed", seed, int)


def arm(given: Any) -> Arm:
    """An arm by its name, or of its parts.

    >>> arm({"name": "mine", "labels": {"name": "fixed", "confidence": 0.3}}).label_options
    (('confidence', 0.3),)

    Raises:
        InputError: it has no such part, or there is no arm of that name.
        UnknownComponent: there is no such policy or way of labelling.
    """
    if isinstance(given, str):
        _known("arm", [given], set(ARMS))
        return ARMS[given]
    made = dict(_mapping("an arm", given))
    defaults = {each.name: each.default for each in fields(Arm)}
    _known("part of an arm", made, set(defaults) - {"policy_options", "label_options"})
    for part, options in (("policy", "policy_options"), ("labels", "label_options")):
        if part in made:
            made[part], made[options] = _named(part, made[part])
    for name, value in made.items():
        usual = defaults[name]
        _kind(name, value, str if usual is MISSING else type(usual))
    if "name" not in made:
        raise InputError("an arm has no name", expected="a name")
    found = Arm(**made)
    found.labelling()
    return found


def _training(name: str, given: Any) -> Training:
    values = _mapping(name, given)
    _known(f"key of {name}", values, {"epochs", "rate"})
    for key, kind in (("epochs", int), ("rate", float)):
        if key not in values:
            raise InputError(f"{key} is missing in {name}", expected=f"a value for {key}")
        _kind(key, values[key], kind)
    return Training(**values)


def _with_controls(arms: list[Arm]) -> tuple[Arm, ...]:
    names = [each.name for each in arms]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"two arms are called {twice!r}", expected="a name for each")
    return (*arms, *(ARMS[name] for name in CONTROLS if name not in names))


def _named(kind: str, given: Any) -> tuple[str, Options]:
    """A name, or a mapping with a name and options."""
    options = dict(given) if isinstance(given, Mapping) else {"name": given}
    name = options.pop("name", None)
    if not isinstance(name, str):
        raise InputError(f"{kind} is {given!r}", expected=f"the name of a {kind}")
    return name, tuple(sorted(options.items()))


def _known(kind: str, given: Any, names: set[str]) -> None:
    for name in given:
        if name not in names:
            known = ", ".join(sorted(names))
            raise InputError(f"unknown {kind} {name!r}", expected=f"one of {known}")


def _kind(name: str, value: Any, kind: type) -> None:
    """A whole number is a number, too; yes and no are none."""
    fits = isinstance(value, (int, float) if kind is float else kind)
    if not fits or isinstance(value, bool) != (kind is bool):
        said = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
        raise InputError(f"{name} is {value!r}", expected=said.get(kind, f"a {kind.__name__}"))


def _mapping(name: str, given: Any) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise InputError(f"{name} is {given!r}", expected="keys and values")
    return given


def _listed(name: str, given: Any) -> list[Any]:
    if not isinstance(given, (list, tuple)):
        raise InputError(f"{name} is {given!r}", expected="a list")
    return list(given)
