"""From a policy to whole numbers that the data at hand can fill."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import numpy as np

from firsthand.errors import HumanDataLost, InputError
from firsthand.messages import text
from firsthand.recursion import Ingredients, Policy, Recipe, composed
from firsthand.training_sets.drawn import Drawn, in_order
from firsthand.training_sets.pools import Pools
from firsthand.training_sets.replay import Strategy, quota, stratified


class Plan(NamedTuple):
    """What goes in, and the generated samples that it may be drawn from."""

    recipe: Recipe
    generated: Drawn  # those that the verifier kept, in the order in which they are taken


def planned(
    policy: Policy | Recipe,
    held: Pools,
    samples: int | None,
    doubted: Collection[str],
    rng: np.random.Generator,
) -> Plan:
    """Ask the policy, and check that there is as much as it wants.

    Args:
        policy: or a recipe, which is taken as it is.
        held: what there is.
        samples: size of the set; as large as the data allow where it is None.
        doubted: keys of generated samples that the verifier doubts.
        rng: draws what the verifier keeps.

    Raises:
        InputError: the policy asks for more than there is, or for what was not given.
    """
    there = len(held.human) + len(held.fresh) + len(held.generated)
    if not there:
        raise InputError("no sample may be trained on" + _why(held), expected="1 or more")
    recipe = _asked(policy, held, there if samples is None else samples)
    generated = _verified(recipe, held.generated, doubted, rng)
    _check_whole(recipe)
    limits = _Limits(len(held.human), len(held.fresh), len(generated), len(held.earlier))
    if isinstance(policy, Recipe) or samples is not None:
        limits.check(recipe)
        return Plan(recipe, generated)
    limits.check_given(recipe, held)
    sizes = range(there, 0, -1)
    recipes = (_possible(policy, held, size) for size in sizes)
    found = next((one for one in recipes if one is not None and limits.hold(one)), None)
    if found is None:
        limits.check(recipe)
        raise InputError(f"no set of the policy {policy.name} can be made of these data")
    return Plan(found, generated)


def followed(
    plan: Plan, held: Pools, rng: np.random.Generator, *, strategy: Strategy = "random"
) -> Drawn:
    """Choose the samples; human ones come first.

    Args:
        plan: how many of each part.
        held: what there is.
        rng: draws where not all go in.
        strategy: of that drawing; human samples, and with `quota` fresh ones, too.
    """
    recipe, human, fresh = plan.recipe, held.human, held.fresh
    if strategy == "stratified" and 0 < recipe.human < len(human):
        human = stratified(human, held.classes)
    if strategy == "quota":
        human, fresh = (quota(each, held.human, held.classes) for each in (human, fresh))
    parts = Ingredients(
        made=Drawn(plan.generated.items[: recipe.made]),
        human=human,
        humans=len(human),
        fresh=fresh.pick(recipe.fresh, rng) if recipe.fresh else None,
        earlier=held.human.join(held.earlier),
    )
    return in_order(composed(recipe, parts, rng)[0])


class _Limits(NamedTuple):
    human: int
    fresh: int
    made: int
    earlier: int

    def hold(self, recipe: Recipe) -> bool:
        """Is there as much as the recipe says?"""
        enough = all(
            getattr(recipe, part) <= getattr(self, part) for part in ("human", "fresh", "made")
        )
        return enough and recipe.total > 0 and (recipe.at_most or 0) <= self._pool(recipe)

    def check(self, recipe: Recipe) -> None:
        """Say which part is missing.

        Raises:
            InputError: there is too little of one.
        """
        for part, name in PARTS:
            asked, there = getattr(recipe, part), getattr(self, part)
            if asked > there:
                raise InputError(
                    f"the recipe asks for {asked:,} {name} samples, and there are {there:,}",
                    expected=f"at most {there:,}",
                    todo="Lower --samples or the share, or give more data.",
                )
        if not self.hold(recipe):
            raise InputError(
                f"{recipe} makes a set of {recipe.at_most or recipe.total:,} samples",
                expected=f"1 to {self._pool(recipe):,}",
            )

    def check_given(self, recipe: Recipe, held: Pools) -> None:
        """Say which part was forgotten altogether, or why nothing of it may go in.

        Raises:
            InputError: the policy needs it.
        """
        for part, name in PARTS:
            if getattr(recipe, part) and not getattr(self, part):
                raise InputError(
                    f"the policy needs {name} samples, and there are none{_why(held, name)}",
                    expected=f"--{'generated' if part == 'made' else part} with at least one",
                )

    def _pool(self, recipe: Recipe) -> int:
        return recipe.total + (self.human + self.earlier if recipe.earlier else 0)


def _why(held: Pools, role: str = "") -> str:
    """What was left out of a part, or of all; nothing where nothing was."""
    out = [one for one in held.left_out if role in {"", one.role}]
    said = "; ".join(
        f"of {one.role}, {one.samples:,} are left out: {text(f'mix.reason.{one.reason}')}"
        for one in out
    )
    return f" ({said})" if said else ""


PARTS = (("human", "human"), ("fresh", "fresh"), ("made", "generated"))


def refuse_loss(recipe: Recipe, held: Pools, name: str) -> None:
    """Stop where a set would do without the human data altogether.

    Raises:
        HumanDataLost: none of them goes in, not even by chance.
    """
    if recipe.human or recipe.earlier:
        return
    raise HumanDataLost(
        f"{name} leaves all {len(held.human):,} human samples out: the model would learn only from "
        + ("fresh human data and " if recipe.fresh else "")
        + "what models made",
        expected="a policy that keeps human data: anchor, mixed or accumulate",
        todo="If that is what you want, say --allow-replace.",
    )


def _asked(policy: Policy | Recipe, held: Pools, samples: int) -> Recipe:
    if isinstance(policy, Recipe):
        return policy
    if samples < 1:
        raise InputError(f"a set of {samples} samples", expected="1 or more")
    return policy.compose(len(held.human), samples)


def _check_whole(recipe: Recipe) -> None:
    if recipe.human and recipe.earlier:
        raise InputError(
            f"{recipe} asks for human samples and for everything from before",
            expected="one of both: the earlier data hold the human ones",
        )


def _possible(policy: Policy, held: Pools, samples: int) -> Recipe | None:
    try:
        return _asked(policy, held, samples)
    except InputError:
        return None


def _verified(
    recipe: Recipe, generated: Drawn, doubted: Collection[str], rng: np.random.Generator
) -> Drawn:
    """Generated samples in random order, without those that the verifier rejects."""
    mixed = rng.permutation(len(generated))
    items = [generated.items[at] for at in mixed.tolist()]
    if not recipe.verified:
        return Drawn(tuple(items))
    doubts = frozenset(doubted)
    _check_doubts(recipe, generated, doubts)
    chance = [recipe.keep_doubtful if one.sample.key in doubts else recipe.keep for one in items]
    kept = rng.random(len(items)) < np.array(chance)
    return Drawn(tuple(one for one, keeps in zip(items, kept.tolist(), strict=True) if keeps))


def _check_doubts(recipe: Recipe, generated: Drawn, doubted: frozenset[str]) -> None:
    unknown = doubted - {one.sample.key for one in generated}
    if unknown:
        raise InputError(
            f"{len(unknown):,} samples that the verifier doubts are not among the generated ones, "
            f"such as {min(unknown)}",
            expected="keys of generated samples",
        )
    if recipe.keep_doubtful < recipe.keep and not doubted:
        raise InputError(
            "the policy rejects what a verifier doubts, and nothing is doubted",
            expected="keys of the generated samples that your verifier doubts",
            todo="Name a file with one key a line: --doubted FILE",
        )
