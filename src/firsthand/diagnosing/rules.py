"""Which pattern of evidence speaks for which cause: one table, and the order that follows from it.

A cause is considered if each of its conditions holds and nothing that excludes it does. Its score
is the sum of the weights of what was seen. Weights say how much a sign tells two causes apart, from
the toy table in docs/diagnosis.md: 3 for the sign that a cause is defined by, 1 to 2 for one that
separates it from a neighbour, 0.5 for one that is only compatible with it. They order hypotheses;
they are no probabilities.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, cast

from firsthand.diagnosing.answer import Cause, Code, Evidence, Hypothesis, Settles

ALARMS = frozenset(
    {"A:broken", "P:broken", "B:broken", "F:broken", "D:broken", "I:biased"}
    | {"H:gradual", "H:step"}
)
"""Signs of a failure. C is none by itself: every model fits what it saw a little better. Nor is T:
a set may be spread wider and be as it should."""


class Rule(NamedTuple):
    """One line of the table."""

    needs: tuple[frozenset[str], ...]  # of each set, one sign
    never: frozenset[str]
    weights: Mapping[str, float]
    explains: frozenset[str]


def _rule(needs: str, never: str, explains: str, **weights: float) -> Rule:
    """Signs apart by blanks, alternatives by a bar; A_broken is A:broken."""
    return Rule(
        tuple(frozenset(each.split("|")) for each in needs.split()),
        frozenset(never.split()),
        {name.replace("__", ":").replace("_", "-"): weight for name, weight in weights.items()},
        frozenset(explains.split()),
    )


RULES: Mapping[Cause, Rule] = {
    "overfitting": _rule(
        "D:broken|C:broken", "C:whole D:whole", "C D",
        D__broken=3, C__broken=2, A__whole=0.5, B__whole=0.5,
    ),
    "mode-collapse": _rule(
        "B:broken", "I:biased", "B",
        B__broken=3, F__whole=1, I__fair=1.5, F__broken=-1.5, T__broken=-2,
    ),
    "biased-sampling": _rule(
        "B:broken|I:biased", "I:fair", "B I",
        I__biased=4, B__broken=1.5, F__whole=0.5, T__broken=-1,
    ),
    "catastrophic-forgetting": _rule(
        "A:broken", "E:model-made", "A",
        A__broken=2, P__whole=1.5, E__human=1.5, H__step=1, P__broken=-2, H__gradual=-1,
        E__unknown=-1,
    ),
    "distribution-shift": _rule(
        "P:broken", "E:model-made", "A P",
        P__broken=3, A__broken=0.5, E__human=1.5, E__unknown=-1,
    ),
    "model-collapse": _rule(
        "A:broken|P:broken E:model-made|H:gradual", "E:human", "A P",
        A__broken=2, P__broken=0.5, E__model_made=2.5, H__gradual=2, B__whole=0.5, H__step=-1.5,
        H__flat=-1.5,
    ),
    "collapse-like": _rule(
        "A:broken E:unknown", "H:gradual H:step", "A P",
        A__broken=2, P__whole=0.5, P__broken=0.5, E__unknown=1.5, H__flat=-1,
    ),
    "over-dispersion": _rule(
        "F:broken", "", "F T B",
        F__broken=2, T__broken=3, T__whole=-2, B__broken=0.5,
    ),
    "healthy": _rule(
        "A:whole|B:whole", " ".join(sorted(ALARMS)), "",
        A__whole=1, B__whole=1, C__whole=0.5, D__whole=0.5, F__whole=0.5, P__whole=0.5,
        H__flat=0.5, I__fair=0.5,
    ),
}  # fmt: skip


def ranked(evidence: Sequence[Evidence]) -> tuple[Hypothesis, ...]:
    """Every cause that the evidence allows, the one that most speaks for first."""
    signs = {each.sign for each in evidence}
    found = [_hypothesis(cause, rule, signs) for cause, rule in RULES.items() if _may(rule, signs)]
    fair = [each for each in found if each.score > 0]
    return tuple(sorted(fair, key=lambda one: -one.score))


def _may(rule: Rule, signs: set[str]) -> bool:
    return all(each & signs for each in rule.needs) and not rule.never & signs


def _hypothesis(cause: Cause, rule: Rule, signs: set[str]) -> Hypothesis:
    said = {sign: weight for sign, weight in rule.weights.items() if sign in signs}
    broken = {sign[0] for sign in signs if sign in ALARMS | {"C:broken", "T:broken"}}
    return Hypothesis(
        cause=cause,
        score=sum(said.values()),
        evidence_for=_codes(sign for sign, weight in said.items() if weight > 0),
        evidence_against=_codes(sign for sign, weight in said.items() if weight < 0),
        explains=_codes(rule.explains & broken),
    )


def _codes(signs: object) -> tuple[Code, ...]:
    return cast(tuple[Code, ...], tuple(sorted({str(sign)[0] for sign in signs})))  # type: ignore[attr-defined]


def together(hypotheses: Sequence[Hypothesis], evidence: Sequence[Evidence]) -> tuple[Cause, ...]:
    """The first, and each later one that explains an alarm which none before it does."""
    open_ = {each.code for each in evidence if each.sign in ALARMS}
    out: list[Cause] = []
    for each in hypotheses:
        if not out or open_ & set(each.explains):
            out.append(each.cause)
        open_ -= set(each.explains)
    return tuple(out)


def settles(
    evidence: Sequence[Evidence], given: Mapping[str, bool], hypotheses: Sequence[Hypothesis]
) -> tuple[Settles, ...]:
    """What was not given and would tell between causes that are still open."""
    signs = {each.sign for each in evidence}
    open_ = {each.cause for each in hypotheses}
    asked: dict[str, tuple[bool, tuple[Cause, ...]]] = {
        "--samples": (True, ("mode-collapse", "overfitting", "healthy")),
        "--origin": (
            bool({"A:broken", "P:broken"} & signs) and "E:unknown" in signs,
            ("model-collapse", "catastrophic-forgetting", "distribution-shift"),
        ),
        "--history": (
            bool(open_ & {"collapse-like", "model-collapse"}),
            ("model-collapse", "catastrophic-forgetting"),
        ),
        "--unfiltered": ("B:broken" in signs, ("mode-collapse", "biased-sampling")),
        "--heldout": (
            given["samples"]
            and any(each.code == "C" and each.reason == "no-heldout" for each in evidence),
            ("overfitting", "healthy"),
        ),
    }
    return tuple(
        Settles(option=option, between=between)
        for option, (useful, between) in asked.items()
        if useful and not given[option.removeprefix("--")]
    )
