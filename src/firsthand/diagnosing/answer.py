"""What a diagnosis says: evidence with its nulls, hypotheses in their order, what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from firsthand.types import ALL, Skip, Slice, Undetermined

Cause = Literal[
    "healthy",
    "overfitting",
    "mode-collapse",
    "biased-sampling",
    "catastrophic-forgetting",
    "distribution-shift",
    "model-collapse",
    "collapse-like",
    "over-dispersion",
]
Verdict = Literal["healthy", "failure", "cannot-say"]
Code = Literal["A", "P", "B", "F", "T", "C", "D", "E", "H", "I"]
State = Literal[
    "broken", "whole", "human", "model-made", "gradual", "step", "flat", "biased", "fair", "unknown"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One question about a link, and its answer.

    `value` is what the training set or the model shows, `null_low` to `null_high` what chance alone
    shows 95 % of the time, `p_value` how often chance looks this bad, corrected for everything that
    was asked. All are None where `state` is unknown; `reason` then says why.
    """

    code: Code
    state: State
    value: float | None = None
    null_low: float | None = None
    null_high: float | None = None
    p_value: float | None = None
    metric: str = ""
    slice: Slice = ALL
    unit: str = ""
    absolute: float | None = None  # as papers define it, with no null: for comparison only
    n: int = 0  # samples of the smaller side
    reason: str = ""

    @property
    def sign(self) -> str:
        """Code and state, as the rules name them."""
        return f"{self.code}:{self.state}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypothesis:
    """One cause, how much speaks for it, and what speaks for and against it."""

    cause: Cause
    score: float  # sum of the weights in `rules.RULES`: an order, not a probability
    evidence_for: tuple[Code, ...]
    evidence_against: tuple[Code, ...]
    explains: tuple[Code, ...]  # what is broken and would be so under this cause


@dataclass(frozen=True, slots=True, kw_only=True)
class Settles:
    """An input that was not given, and between which causes it would decide."""

    option: str
    between: tuple[Cause, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodingRule:
    """How words were drawn inside their contexts, by an n-gram model of the training set.

    `name` is the simplest rule that explains the output as used; where it is "top-p" or "both" the
    exponent beside it was found together with the nucleus.
    """

    name: Literal["fair", "temperature", "top-p", "both"]
    top_p: float  # share of each context's mass that can be drawn; 1 is all
    top_p_low: float
    top_p_high: float
    order: int  # words of a run: each is drawn from the order - 1 before
    words: int  # of each generation of the forecast
    capped: bool  # only a part of the texts was looked at: the forecast is then too low
    kept_low: float  # ends of `SamplingBias.kept_after`
    kept_high: float
    shares_exponent: float  # what this comes to for the shares of words from one generation on


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplingBias:
    """What temperature, filters or guidance do to the model's own distribution.

    Cells of feature space are no kinds that a model favours: of points there is no exponent. Where
    there is a `rule`, exponent and forecast are of probabilities inside a context, not of shares.
    """

    exponent: float | None  # shares become shares ** exponent; above 1 sharpens
    low: float | None
    high: float | None
    lost: float  # share of the unfiltered output that the filtered one cannot reach
    lost_low: float
    lost_high: float
    kept_after: float  # share of the original mass that is reached after `generations`
    fair_after: float | None  # the same of fair sampling: what chance alone leaves
    moved_after: float | None  # share of mass that stands elsewhere then, by the exponent alone
    generations: int
    kinds: int  # words, classes or cells of feature space that were counted
    counted: str  # "tokens", "classes" or "cells"
    kept: tuple[tuple[str, float], ...] = ()  # of each class: filtered over unfiltered count
    rule: DecodingRule | None = None  # of texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast a history loses, against fair drawing at its size.

    `speed` is how many draws a generation there were, over how many explain the loss by chance
    alone: above 1 is faster than chance. The other numbers are None where `state` is unknown;
    `reason` then says why. Of classes there is no expected share: each may gain or lose.
    """

    state: Literal["faster", "as-chance", "slower", "unknown"]
    metric: str = ""
    slice: Slice = ALL
    generation: int = 0  # the last one that was looked at
    draws: float | None = None  # of each generation
    counted: Literal["", "samples", "words", "objects"] = ""
    value: float | None = None  # what the last generation keeps
    expected: float | None = None  # what fair drawing keeps
    null_low: float | None = None  # and the ends of what it keeps 95 % of the time
    null_high: float | None = None
    speed: float | None = None
    speed_low: float | None = None
    speed_high: float | None = None  # None: without end
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operating:
    """What a threshold of confidence keeps of a class or size, over what people draw.

    None where people drew too few; above 1 more are predicted than people draw.
    """

    slice: Slice
    n: int  # objects that people drew
    kept: float | None  # predicted at the threshold in use, over people's count
    reached: float | None  # the same at any confidence that was kept
    threshold: float | None  # of a class and size: the one that gives people's count, or the lowest


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One of the senses in which people speak of collapse, measured or not."""

    name: str
    state: Literal["seen", "not-seen", "unknown"]
    value: float | None = None
    null_low: float | None = None
    null_high: float | None = None
    metric: str = ""
    slice: Slice = ALL
    needs: str = ""  # code of what it would take


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """Which failure is it?

    `hypotheses` come in their order; those after the first that explain something the ones before
    do not are in `together`: failures that occur at the same time.
    """

    verdict: Verdict
    hypotheses: tuple[Hypothesis, ...]
    together: tuple[Cause, ...]
    evidence: tuple[Evidence, ...]
    settles: tuple[Settles, ...]
    profile: tuple[Definition, ...]
    sampling: SamplingBias | None
    undetermined: tuple[Undetermined, ...]
    sizes: tuple[tuple[str, int], ...]
    level: float  # family-wise, of all questions together
    seed: int
    pace: Pace | None = None  # None without a history
    operating: tuple[Operating, ...] = ()  # of predictions that were given
    confidence: float | None = None  # the threshold in use of these
    skips: tuple[Skip, ...] = ()  # what of the sets was left out while reading
    schema: str = "firsthand.diagnose/1"

    @property
    def cause(self) -> Cause | None:
        """The first hypothesis, if there is any."""
        return self.hypotheses[0].cause if self.hypotheses else None

    def of(self, code: Code) -> Evidence:
        """The answer to one question."""
        return next(each for each in self.evidence if each.code == code)
