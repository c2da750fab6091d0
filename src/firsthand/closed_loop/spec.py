"""What decides a closed loop: detector, data, arms, seeds, and how long is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from firsthand.closed_loop.arms import ARMS, Arm, Options
from firsthand.closed_loop.detector import Detector
from firsthand.errors import InputError
from firsthand.formats import yamltext
from firsthand.recursion import require
from firsthand.registry import load_any, with_options

CONTROLS = ("Z0", "Z0K")


@dataclass(frozen=True, kw_only=True)
class Training:
    """How long one generation is trained."""

    epochs: int
    rate: float  # of the first step after warm-up

    def __post_init__(self) -> None:
        require(self.epochs >= 1, "epochs", self.epochs, "1 or more epochs")
        require(self.rate > 0, "rate", self.rate, "a learning rate above 0")


@dataclass(frozen=True, kw_only=True)
class Loop:
    """A closed loop. Each arm runs once for each seed, from the same generation 0."""

    model: str
    model_options: Options
    start: Path  # weights, or the description of a model
    human: str  # labelled pictures: some are people's, the labels of the others stay hidden
    humans: int  # how many are people's; which, the seed says
    test: str  # what recall is measured on
    pool: str = ""  # what a model labels, in place of the rest of `human`
    anchor: str = ""  # what a gate looks at
    arms: tuple[Arm, ...]
    seeds: tuple[int, ...] = (0,)
    generations: int = 4
    images: int  # of each training set after the first
    first: Training
    then: Training
    small: float = 0.0  # side of a small object, in sides of the picture; 0: thirds, as elsewhere
    ledger: str = ""  # where every generation is registered

    def __post_init__(self) -> None:
        for name in ("humans", "generations", "images"):
            require(getattr(self, name) >= 1, name, getattr(self, name), "1 or more")
        require(0 <= self.small < 1, "small", self.small, "a share of the picture's side")
        looking = [arm.name for arm in self.arms if arm.anchored]
        if looking and not self.anchor:
            raise InputError(
                f"the arm {looking[0]} looks at an anchor, and there is none",
                expected="labelled pictures that nothing trains on, as `anchor`",
            )

    @property
    def name(self) -> str:
        """Of its detectors in a ledger: the family, or the file without its ending."""
        return Path(self.model).stem

    def detector(self) -> Detector:
        """The detector with its options.

        Raises:
            UnknownComponent, InputError: there is none of that name, or it has no such option.
        """
        component = load_any("models", self.model)
        found: Detector = with_options(component, dict(self.model_options))
        return found


def load(path: str | Path) -> Loop:
    """Read a closed loop from a YAML file.

    Raises:
        InputError: a key is unknown or missing, or a value does not fit; says where.
    """
    document = yamltext.load(Path(path))
    try:
        return parse(document.value or {}, Path(path).parent)
    except InputError as error:
        if not error.where:
            error.where = document.where()
            error.args = (error._sentence(),)
        raise


def parse(values: Mapping[str, Any], folder: Path = Path()) -> Loop:
    """A loop from plain values; paths are read from `folder`, controls are always among the arms.

    Raises:
        InputError: a key is unknown or missing, or a value does not fit.
    """
    _known("key", values, {each.name for each in fields(Loop)} - {"model_options"})
    given = dict(values)
    for name in ("model", "start", "human", "humans", "test", "arms", "images", "first", "then"):
        if name not in given:
            raise InputError(f"{name} is missing", expected=f"a value for {name}")
    given["model"], given["model_options"] = _named("model", given["model"])
    if given["model"].endswith(".py"):
        given["model"] = str(folder / given["model"])
    given["arms"] = _with_controls([arm(one) for one in given["arms"]])
    given["seeds"] = tuple(given.get("seeds", (0,)))
    for name in ("first", "then"):
        _known(f"key of {name}", given[name], {"epochs", "rate"})
        given[name] = Training(**given[name])
    given["start"] = folder / given["start"]
    for name in ("human", "test", "pool", "anchor", "ledger"):
        if given.get(name):
            given[name] = str(folder / given[name])
    return Loop(**given)


def arm(given: Any) -> Arm:
    """An arm by its name, or of its parts.

    >>> arm({"name": "mine", "labels": {"name": "fixed", "confidence": 0.3}}).label_options
    (('confidence', 0.3),)

    Raises:
        InputError: it has no such part, or there is no arm of that name.
    """
    if isinstance(given, str):
        _known("arm", [given], set(ARMS))
        return ARMS[given]
    parts = {each.name for each in fields(Arm)} - {"policy_options", "label_options"}
    _known("part of an arm", given, parts)
    made = dict(given)
    for part, options in (("policy", "policy_options"), ("labels", "label_options")):
        if part in made:
            made[part], made[options] = _named(part, made[part])
    found = Arm(**made)
    found.labelling()
    return found


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
            raise InputError(
                f"unknown {kind} {name!r}", expected="one of " + ", ".join(sorted(names))
            )
