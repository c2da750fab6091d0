"""What decides a closed loop: detector, data, arms, seeds, and how long is trained."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from firsthand.closed_loop.arms import Arm, Options
from firsthand.closed_loop.detector import Detector
from firsthand.errors import InputError
from firsthand.recursion import require
from firsthand.registry import load_any, with_options


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
    rare: str = ""  # the class that tables look at; "": of which people labelled least
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
