"""An experiment from a YAML file, or from flags: every key and value is checked and named."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from firsthand.errors import FirsthandError, InputError
from firsthand.formats import yamltext
from firsthand.lab.spec import Experiment, Options
from firsthand.recursion import Sampling

Where = Callable[..., str]

WHOLE = {"generations": 1, "samples": 1, "first": 1, "chains": 1, "seed": 0, "every": 1}
NEEDED = ("model", "policy", "generations", "samples")
KEYS = (*WHOLE, "model", "policy", "sampling", "data", "name")


def load(path: str | Path) -> Experiment:
    """Read an experiment from a YAML file.

    Raises:
        InputError: a key is unknown or missing, or a value does not fit; says where.
    """
    return asked(path, {})


def asked(
    path: str | Path | None, flags: Mapping[str, Any], options: Sequence[str] = ()
) -> Experiment:
    """An experiment from a file, if any, changed by flags and by options like `policy.share=0.2`.

    >>> flags = {"model": "gaussian", "policy": "fresh", "generations": 3, "samples": 9}
    >>> asked(None, flags, ["policy.share=0.2", "sampling.spread=0.9"]).policy_options
    (('share', 0.2),)

    Raises:
        InputError: a key is unknown or missing, or a value does not fit; says where.
    """
    values, where, folder = _values(path, flags, options)
    return parse(values, where, folder)


def grid(
    path: str | Path | None, flags: Mapping[str, Any], options: Sequence[str] = ()
) -> list[Experiment]:
    """The experiments of a spec in which keys may have lists of values: one for each combination.

    >>> flags = {"model": "gaussian", "generations": 3, "samples": [9, 99]}
    >>> made = grid(None, {**flags, "policy": ["replace", {"name": "fresh", "share": 0.2}]})
    >>> [(each.samples, each.policy) for each in made]
    [(9, 'replace'), (9, 'fresh'), (99, 'replace'), (99, 'fresh')]

    Raises:
        InputError: as `asked`, or a list is empty.
    """
    values, where, folder = _values(path, flags, options)
    lists = {key: value for key, value in values.items() if isinstance(value, list)}
    for key, value in lists.items():
        if not value:
            raise InputError(f"{key} is []", expected="at least one value", where=where(key))
    made = (
        parse({**values, **dict(zip(lists, chosen, strict=True))}, where, folder)
        for chosen in product(*lists.values())
    )
    return list(dict.fromkeys(made))


def _values(
    path: str | Path | None, flags: Mapping[str, Any], options: Sequence[str]
) -> tuple[dict[str, Any], Where, Path | None]:
    """Plain values, where each stands, and the folder that paths start from."""
    values: dict[str, Any] = {}
    where: Where = lambda *_: ""  # noqa: E731 - as `Document.where` where there is no document
    if path is not None:
        document = yamltext.load(Path(path))
        values, where = document.value or {}, document.where
        if not isinstance(values, dict):
            raise InputError("this is no mapping", expected="keys and values", where=where())
    values = {**values, **flags}
    for option in options:
        _set(values, option)
    return values, where, None if path is None else Path(path).parent


def _set(values: dict[str, Any], option: str) -> None:
    """`policy.share=0.2` sets the option of the policy, whose name may stand there alone."""
    import yaml

    key, equals, value = option.partition("=")
    part, dot, name = key.partition(".")
    if not equals or not dot or part not in ("model", "policy", "sampling"):
        raise InputError(f"--set {option}", expected="model.OPTION=VALUE, policy.… or sampling.…")
    before = values.get(part, {})
    before = dict(before) if isinstance(before, dict) else {"name": before}
    values[part] = {**before, name: yaml.safe_load(value)}


def parse(
    values: Mapping[str, Any], where: Where = lambda *_: "", folder: Path | None = None
) -> Experiment:
    """Check plain values and make an experiment of them.

    >>> parse({"model": "gaussian", "policy": "replace", "generations": 0, "samples": 5})
    Traceback (most recent call last):
    ...
    firsthand.errors.InputError: generations is 0. Expected a whole number of 1 or more.

    Raises:
        InputError: a key is unknown or missing, or a value does not fit.
    """
    _check_keys(values, where)
    given: dict[str, Any] = {key: str(values[key]) for key in ("data", "name") if key in values}
    for key in WHOLE:
        if key in values:
            _check_whole(key, values[key], where(key))
            given[key] = values[key]
    for kind in ("model", "policy"):
        given[kind], given[f"{kind}_options"] = _component(kind, values[kind], where, folder)
    if "data" in given and folder is not None:
        given["data"] = str(folder / given["data"])
    given["sampling"] = _sampling(values.get("sampling", {}), where)
    return _checked(Experiment(**given), where)


def _check_keys(values: Mapping[str, Any], where: Where) -> None:
    for key in values:
        if key not in KEYS:
            raise InputError(
                f"unknown key {key!r}", expected="one of " + ", ".join(KEYS), where=where(key)
            )
    for key in NEEDED:
        if key not in values:
            raise InputError(
                f"{key} is missing", expected=f"{key} among the keys or flags", where=where()
            )


def _checked(experiment: Experiment, where: Where) -> Experiment:
    """The components exist, take their options, and fit one another."""
    for kind, ask in (("policy", lambda: experiment.recipe), ("model", experiment.family)):
        try:
            component = ask()
        except FirsthandError as error:
            if error.where or not where(kind):
                raise
            error.where = where(kind)
            error.args = (error._sentence(),)
            raise
    allowed: frozenset[str] = getattr(component, "sampling", frozenset())
    for name in experiment.sampling.biased:
        if name not in allowed:
            raise InputError(
                f"{name} has no meaning for the model {experiment.model}",
                expected="one of " + ", ".join(sorted(allowed)) if allowed else "no sampling bias",
                where=where("sampling", name),
            )
    return experiment


def _check_whole(key: str, value: Any, where: str) -> None:
    least = WHOLE[key]
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise InputError(
            f"{key} is {value!r}", expected=f"a whole number of {least} or more", where=where
        )


def _component(kind: str, given: Any, where: Where, folder: Path | None) -> tuple[str, Options]:
    """A name, or a mapping with a name and options."""
    options = dict(given) if isinstance(given, dict) else {"name": given}
    if "command" in options and kind == "model":
        options["name"] = "command"
    name = options.pop("name", None)
    if not isinstance(name, str):
        raise InputError(
            f"{kind} is {given!r}", expected=f"the name of a {kind}", where=where(kind)
        )
    if name.endswith(".py") and folder is not None:
        name = str(folder / name)
    frozen = {
        key: tuple(value) if isinstance(value, list) else value for key, value in options.items()
    }
    return name, tuple(sorted(frozen.items()))


def _sampling(given: Any, where: Where) -> Sampling:
    limits = {"temperature": (0, None), "top_p": (0, 1), "spread": (0, None)}
    if not isinstance(given, dict):
        raise InputError(f"sampling is {given!r}", expected="a mapping", where=where("sampling"))
    for key, value in given.items():
        place = where("sampling", key)
        if key not in limits:
            raise InputError(
                f"unknown key {key!r}", expected="one of " + ", ".join(limits), where=place
            )
        low, high = limits[key]
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not value > low or (high is not None and value > high):
            asked = "a number above 0" + (f", at most {high}" if high else "")
            raise InputError(f"{key} is {value!r}", expected=asked, where=place)
    return Sampling(**{key: float(value) for key, value in given.items()})
