"""Arms: what the next training set is made of, who labels, and what is trained from what.

An arm is a composition of parts that exist on their own: a policy (how many human and how many
labelled pictures), a way of labelling, which human pictures are replayed, what is pasted and
painted over, who teaches and who learns. `docs/yolo-collapse.md` compares those of the table.

Two controls stand beside any claim. **Z0** trains on the same human pictures for as many steps, so
it says what more training alone gives. **Z0K** also replays and pastes what is rare among them, so
it says what is won without any label of a model.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal

from firsthand.errors import InputError
from firsthand.recursion import Policy, Recipe, require
from firsthand.registry import load, with_options

Options = tuple[tuple[str, Any], ...]
PEOPLE = "people"  # in place of a way of labelling: human pictures again, with people's labels


@dataclass(frozen=True, kw_only=True)
class Arm:
    """How each generation comes from the one before. Arms with equal fields are the same arm."""

    name: str
    policy: str = "mixed"
    policy_options: Options = ()
    labels: str = "fixed"  # a way of labelling, or PEOPLE
    label_options: Options = ()
    repeats: bool = True  # a human picture may come into one training set several times
    replay: Literal["random", "stratified"] = "random"  # which human pictures come in
    paste: int = 0  # human objects put into each picture that is not replayed
    balance: bool = (
        False  # pictures with labels of what is rare come in more often, replayed or not
    )
    inpaint: bool = False  # unsure objects are painted over
    rare: float = 0.0  # surer than this are labels of rare classes; others of them are painted over
    fresh: Literal["random", "tail"] = "random"  # which new pictures people label
    views: int = 1  # of a teacher on each picture
    teacher: Literal["parent", "first", "both", "peers"] = "parent"
    student: Literal["parent", "first", "start"] = "parent"  # what is trained on
    calibrate: bool = False  # labels are chosen by how right the teacher is on the anchor, too
    gate: bool = False  # a child that finds less than generation 0 on the anchor is not shipped

    def __post_init__(self) -> None:
        require(self.paste >= 0, "paste", self.paste, "0 or more objects a picture")
        require(1 <= self.views <= 4, "views", self.views, "1 to 4 views")
        for name in CHOICES:
            allowed = CHOICES[name]
            require(getattr(self, name) in allowed, name, getattr(self, name), " or ".join(allowed))

    @property
    def anchored(self) -> bool:
        """Whether it looks at the anchor."""
        return self.gate or self.calibrate

    def recipe(self, humans: int, images: int) -> Recipe:
        """What a training set of so many pictures is made of.

        Raises:
            InputError: there is no such policy, or it asks for what a detector's loop has not.
        """
        policy: Policy = with_options(load("policies", self.policy), dict(self.policy_options))
        found = policy.compose(max(humans, images) if self.repeats else humans, images)
        if found.verified or found.human_weight != 1.0:
            raise InputError(
                f"the policy {self.policy} asks for {found}",
                expected="a policy without weights and without a verifier of samples",
                todo="Choose labels by `labels`: that is a detector's verifier.",
            )
        return found

    def labelling(self) -> Any:
        """Its way of labelling; None where people's labels are used again."""
        if self.labels == PEOPLE:
            return None
        return with_options(load("labelling", self.labels), dict(self.label_options))

    def decided(self) -> dict[str, Any]:
        """What decides what it does where that is not as usual, as JSON values; no name does."""
        told: dict[str, Any] = {"policy": self.policy, "labels": self.labels}
        for each in fields(self):
            value = getattr(self, each.name)
            if each.name != "name" and value != each.default:
                told[each.name] = dict(value) if each.name.endswith("options") else value
        return told


CHOICES = {
    "replay": ("random", "stratified"),
    "fresh": ("random", "tail"),
    "teacher": ("parent", "first", "both", "peers"),
    "student": ("parent", "first", "start"),
}


def _mixed(name: str, share: float, **parts: Any) -> Arm:
    return Arm(name=name, policy_options=(("share", share),), **parts)


def _tail(name: str, labels: str = "count_matched", **parts: Any) -> Arm:
    """Of the pictures .3 human, the rare ones preferred; a human object in every other one."""
    usual = {"policy_options": THIRD, "replay": "stratified", "paste": 1}
    return Arm(name=name, labels=labels, **{**usual, **parts})


THIRD: Options = (("share", 0.3),)
HALVES: Options = (("share", 0.5),)
HALF: Options = (("confidence", 0.5),)
SURE: Options = (("confidence", 0.5), ("floor", 0.05))  # what is painted over lies in between
RATHER_SURE: Options = (("confidence", 0.4), ("floor", 0.05))

ARMS: dict[str, Arm] = {
    arm.name: arm
    for arm in (
        _mixed("Z0", 1.0, labels=PEOPLE),
        _tail("Z0K", PEOPLE),
        _tail("Z0K-balanced", PEOPLE, balance=True),
        _tail("Z0KK", PEOPLE, paste=2),
        Arm(name="replace", policy="replace", label_options=HALF),
        Arm(name="replace25", policy="replace", label_options=(("confidence", 0.25),)),
        Arm(name="accumulate", policy="accumulate_subsample", label_options=HALF, repeats=False),
        Arm(name="fresh10", policy="fresh", policy_options=(("share", 0.1),), label_options=HALF),
        Arm(
            name="fresh10-tail",
            policy="fresh",
            policy_options=(("share", 0.1),),
            label_options=HALF,
            fresh="tail",
        ),
        _mixed("mix30", 0.3, label_options=HALF),
        _mixed("mix30-stratified", 0.3, label_options=HALF, replay="stratified"),
        _tail("KC", "fixed", label_options=HALF),
        Arm(name="D", policy="replace", labels="count_matched"),
        _tail("DC", paste=0),
        _tail("DCK"),
        _tail("DCKT", views=4),
        _tail("DCK-anchored", calibrate=True),
        _tail("SCK", "sampled", calibrate=True),
        _tail("DCT", views=4, paste=0),
        _tail("DRK", rare=0.5),
        _tail("DCKT-first", views=4, teacher="first"),
        _tail("DCKT-both", views=4, teacher="both"),
        _tail("DCKT-peers", views=4, teacher="peers"),
        _tail("JCK", "fixed", label_options=SURE, inpaint=True),
        _tail("JCKT", "fixed", label_options=RATHER_SURE, inpaint=True, views=4),
        _tail(
            "JCKT-balanced", "fixed", label_options=RATHER_SURE, inpaint=True, views=4, balance=True
        ),
        _tail("DCKT-balanced", views=4, balance=True),
        _tail("DRKT", views=4, rare=0.5),
        _tail("DCKKT", views=4, paste=2),
        _tail("DCKKT-peers", views=4, paste=2, teacher="peers"),
        _tail("DRKKT", views=4, rare=0.5, paste=2),
        _tail("JCKKT", "fixed", label_options=RATHER_SURE, inpaint=True, views=4, paste=2),
        _tail("DCKT50", policy_options=HALVES, views=4),
        _tail("DCKT-from-first", views=4, student="first"),
        _tail("DJCKT", label_options=(("floor", 0.1),), inpaint=True, views=4),
        Arm(name="replace-gated", policy="replace", label_options=HALF, gate=True),
        _tail("DCK-gated", gate=True),
        _tail("DCKT-gated", views=4, gate=True),
        _tail("DCKT50-gated", policy_options=HALVES, views=4, gate=True),
    )
}
