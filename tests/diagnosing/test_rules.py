"""The table: what speaks for what, what is never said, what a missing input would settle."""

import itertools

import pytest

from firsthand.diagnosing import rules
from firsthand.diagnosing.answer import Evidence

GIVEN = dict.fromkeys(("samples", "heldout", "unfiltered", "history", "origin"), False)
STATES = {
    "A": ("broken", "whole", "unknown"),
    "P": ("broken", "whole"),
    "B": ("broken", "whole", "unknown"),
    "D": ("broken", "whole", "unknown"),
    "E": ("human", "model-made", "unknown"),
    "H": ("gradual", "step", "flat", "unknown"),
    "I": ("biased", "fair", "unknown"),
}


def seen(signs):
    return [Evidence(code=sign[0], state=sign[2:]) for sign in signs.split()]


@pytest.mark.parametrize(
    ("signs", "first"),
    [
        ("A:whole P:whole B:whole F:whole C:whole D:whole E:human", "healthy"),
        ("A:whole B:whole F:whole C:broken D:broken E:human", "overfitting"),
        ("A:whole B:broken F:whole C:whole D:whole I:unknown", "mode-collapse"),
        ("A:whole B:broken F:whole C:whole D:whole I:biased", "biased-sampling"),
        ("A:whole B:broken F:whole C:whole D:whole I:fair", "mode-collapse"),
        ("A:broken P:whole B:whole E:human H:step", "catastrophic-forgetting"),
        ("A:broken P:broken B:whole E:human", "distribution-shift"),
        ("A:broken P:whole B:whole E:model-made H:unknown", "model-collapse"),
        ("A:broken P:whole B:whole E:unknown H:gradual", "model-collapse"),
        ("A:broken P:whole B:whole E:unknown H:unknown", "collapse-like"),
        ("A:whole B:broken F:broken T:broken", "over-dispersion"),
    ],
)
def test_each_pattern_of_the_table(signs, first):
    assert rules.ranked(seen(signs))[0].cause == first


def test_collapse_needs_models_or_time_whatever_else_is_seen():
    for states in itertools.product(*STATES.values()):
        found = dict(zip(STATES, states, strict=True))
        causes = {each.cause for each in rules.ranked(seen(" ".join(map(":".join, found.items()))))}
        if "model-collapse" in causes:
            assert found["E"] == "model-made" or found["H"] == "gradual"
            assert found["E"] != "human"
        if found["E"] == "human":
            assert "collapse-like" not in causes
        if "healthy" in causes:
            assert causes == {"healthy"}


@pytest.mark.parametrize("shape", ["gradual", "step"])
def test_nothing_is_healthy_whose_history_got_worse(shape):
    assert rules.ranked(seen(f"A:whole P:whole B:whole E:human H:{shape}")) == ()


def test_a_gap_without_copies_is_what_every_model_shows():
    assert rules.ranked(seen("A:whole B:whole C:broken D:whole E:human"))[0].cause == "healthy"


def test_failures_that_occur_together_are_told_together():
    evidence = seen("A:broken P:whole B:whole C:broken D:broken E:model-made")
    assert set(rules.together(rules.ranked(evidence), evidence)) == {
        "model-collapse",
        "overfitting",
    }
    alone = seen("A:broken P:whole B:whole C:whole D:whole E:human")
    assert rules.together(rules.ranked(alone), alone) == ("catastrophic-forgetting",)


def test_what_is_missing_is_named_only_where_it_would_settle_something():
    evidence = seen("A:broken P:whole B:broken E:unknown H:unknown I:unknown")
    evidence.append(Evidence(code="C", state="unknown", reason="no-heldout"))
    given = GIVEN | {"samples": True}
    options = {one.option for one in rules.settles(evidence, given, rules.ranked(evidence))}
    assert options == {"--origin", "--history", "--unfiltered", "--heldout"}
    whole = seen("A:whole P:whole B:whole C:whole D:whole E:unknown")
    assert rules.settles(whole, given, rules.ranked(whole)) == ()
