"""The next training set: pictures that a teacher labels, human ones, and what is done to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from firsthand.closed_loop.arms import Arm
from firsthand.closed_loop.drawing import chosen, pasting, rare_first
from firsthand.closed_loop.items import Item, covering, items_of
from firsthand.closed_loop.pictures import Pictures
from firsthand.detections import Cells, Objects, match
from firsthand.detections.choosing import Anchor, Expected, doubtful
from firsthand.detections.objects import IntArray
from firsthand.engine import Cell
from firsthand.errors import InputError
from firsthand.recursion import Recipe
from firsthand.types import BoolArray

RARE = 0.5  # of an even share
UNSURE = 0.05  # confidence below which a prediction of a rare class is nothing at all
SEEN = 0.08  # confidence from which on something may be there, and nothing is pasted over it


@dataclass(frozen=True, eq=False)
class Ground:
    """What stays the same in all generations of one seed."""

    humans: Pictures  # what people labelled
    pool: Pictures  # what a model labels; what people would have said is only compared with
    cells: Cells
    expected: Expected


@dataclass(frozen=True, eq=False)
class Taught:
    """What a teacher sees on the pictures that it is to label, and how sure it may be of it."""

    pictures: Pictures
    found: Objects
    anchor: Anchor | None = None


def drawn(
    ground: Ground, recipe: Recipe, cell: Cell, wider: int, labelled: int = 1
) -> tuple[Pictures, Pictures]:
    """Pictures of the pool to label, and others, of which people label some now.

    Args:
        ground: where from.
        recipe: how many.
        cell: where random numbers are from.
        wider: how many there are to choose from for each one that people label, if there are.
        labelled: how many a model labels for each one that comes in, if there are.
    """
    many = recipe.made + recipe.fresh
    if many > len(ground.pool):
        raise InputError(
            f"{many} new pictures are asked for, and there are {len(ground.pool)}",
            expected="a pool at least as large",
            todo="Lower images, or give a larger pool.",
        )
    order = cell.rng(0).permutation(len(ground.pool))
    made = min(labelled * recipe.made, len(order) - recipe.fresh)
    return ground.pool.only(order[:made]), ground.pool.only(order[made:][: wider * recipe.fresh])


def tail(found: Objects, expected: Expected, n: int) -> IntArray:
    """The n pictures that most likely hold what is rare among people's labels.

    A prediction weighs its confidence over how many objects of its cell people label.
    """
    rare = 1 / np.maximum(expected.rate[expected.cells.of(found)], 1 / expected.images)
    weight = np.bincount(found.image, found.confidence * rare, minlength=found.images)
    return np.sort(np.argsort(-weight, kind="stable")[:n])


def composed(
    arm: Arm,
    ground: Ground,
    recipe: Recipe,
    taught: Taught | None,
    fresh: Pictures,
    cell: Cell,
) -> tuple[list[Item], dict[str, Any]]:
    """The pictures of the next training set, and what is told of their labels.

    Args:
        arm: what is done.
        ground: pictures of people and of the pool.
        recipe: how many of each.
        taught: what the teacher sees; None where people's labels are used in its place.
        fresh: new pictures with people's labels.
        cell: where random numbers are from.
    """
    rng = cell.rng(1)
    told: dict[str, Any] = {}
    seen: Objects | None = None
    labels: Objects | None = None
    people = items_of(ground.humans, ground.humans.objects, "human")
    if taught is None:
        made = [people[at] for at in _people_again(arm, ground, recipe.made, rng)]
    else:
        made, labels, told = _labelled(arm, ground, taught, rng)
        seen = taught.found.rows(taught.found.confidence > SEEN)
    if arm.paste:
        made = pasting(made, ground.humans, ground.cells, seen, arm.paste, rng)
    if labels is not None and arm.balance:
        rows = rare_first(labels, recipe.made, ground.cells, rng, again=True)
        made = [made[at] for at in rows]
    replayed = chosen(ground.humans, recipe.human, ground.cells, arm.replay, rng)
    human = [people[at] for at in replayed]
    return [*made, *items_of(fresh, fresh.objects, "human"), *human], told


def _people_again(arm: Arm, ground: Ground, n: int, rng: np.random.Generator) -> IntArray:
    """Which human pictures stand where a model's labels would."""
    if arm.balance:
        return rare_first(ground.humans.objects, n, ground.cells, rng, again=True)
    return chosen(ground.humans, n, ground.cells, "random", rng)


def _labelled(
    arm: Arm, ground: Ground, taught: Taught, rng: np.random.Generator
) -> tuple[list[Item], Objects, dict[str, Any]]:
    answer = arm.labelling().choose(taught.found, ground.expected, rng, taught.anchor)
    pool, kept, unsure = answer.pool, answer.kept, answer.unsure & arm.inpaint
    if arm.rare:
        of_rare = rare(ground)[pool.label]
        kept = kept & ~(of_rare & (pool.confidence < arm.rare))
        unsure |= doubtful(pool, kept) & of_rare & (pool.confidence >= UNSURE)
    labels = pool.rows(kept)
    made = items_of(taught.pictures, labels, "model")
    if unsure.any():
        made = covering(made, pool.rows(unsure))
    told = counted(labels, taught.pictures.objects, ground)
    told["painted"] = int(unsure.sum())
    told["thresholds"] = [None if np.isinf(t) else float(t) for t in answer.thresholds]
    return made, labels, told


def rare(ground: Ground) -> BoolArray:
    """Which classes have less than half of an even share of people's objects, (classes,)."""
    share = np.bincount(ground.humans.objects.label, minlength=len(ground.cells.classes))
    return np.asarray(share < RARE * share.sum() / len(share))


def counted(labels: Objects, truth: Objects, ground: Ground) -> dict[str, Any]:
    """Labels by cell, how many people would have made, and how many of both are the same."""
    cells, holder = ground.cells, match(truth, labels)
    return {
        "images": labels.images,
        "empty": labels.images - len(np.unique(labels.image)),
        "labels": cells.counts(labels).tolist(),
        "expected": (ground.expected.rate * labels.images).tolist(),
        "right": cells.counts(labels.rows(holder.human >= 0)).tolist(),
        "truth": cells.counts(truth).tolist(),
        "found": cells.counts(truth.rows(holder.found >= 0)).tolist(),
    }


def at_most(items: Sequence[Item], recipe: Recipe, cell: Cell) -> list[Item]:
    """All of them, or as many as the recipe allows, drawn without replacement."""
    if recipe.at_most is None or recipe.at_most >= len(items):
        return list(items)
    rows = cell.rng(2).choice(len(items), recipe.at_most, replace=False)
    return [items[at] for at in rows]
