"""Write the next training set: which samples, how often, and how a trainer finds them.

A policy says what the set is made of (`recursion.Recipe`); this follows it to the sample, reads the
result back with the reader that an audit uses, and leaves nothing behind where the two differ.
Human data are never changed, and never left out altogether without being told to.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from firsthand import registry
from firsthand.errors import InputError
from firsthand.read import declared_as, read
from firsthand.recursion import Policy, Recipe
from firsthand.training_sets import validation
from firsthand.training_sets.apart import check_apart
from firsthand.training_sets.assembling import FORMATS, assemble, check_format
from firsthand.training_sets.drawn import Drawn
from firsthand.training_sets.mixed import Chosen, Mixed, Order
from firsthand.training_sets.placing import PLACES, Place
from firsthand.training_sets.pools import IMAGES, Given, Pools, pools
from firsthand.training_sets.recipes import followed, planned, refuse_loss
from firsthand.training_sets.replay import STRATEGIES, Strategy
from firsthand.types import HUMAN, UNKNOWN, Dataset, Provenance

if TYPE_CHECKING:
    from firsthand.ledger import Ledger

Source = str | Path | Dataset

__all__ = ["FORMATS", "PLACES", "STRATEGIES", "Mixed", "mix"]


def mix(
    policy: str | Policy | Recipe,
    *,
    out: str | Path,
    human: Source,
    generated: Source | None = None,
    earlier: Sequence[Source] = (),
    fresh: Source | None = None,
    val: Source | None = None,
    options: Mapping[str, Any] | None = None,
    made_by: Provenance | None = None,
    samples: int | None = None,
    split: str = "train",
    strategy: Strategy = "random",
    doubted: Collection[str] = (),
    place: Place = "reference",
    format: str | None = None,
    seed: int = 0,
    allow_replace: bool = False,
    ledger: Ledger | None = None,
    strict: bool = False,
) -> Mixed:
    """Make the next training set by a policy, on disk, and say exactly what went in.

    Args:
        policy: name of a policy, one with its options set, or a recipe to be followed as it is.
        out: folder to write; it must not exist, and is there whole or not at all.
        human: the human data. To name them so says that people made them, where nothing in the
            data says who made any of them; so it is with `fresh` and `val`.
        generated: what models made or labelled.
        earlier: training sets of earlier generations, the oldest first, for policies that keep
            them.
        fresh: human samples that were never trained on, for policies that ask for them.
        val: what trainers may validate on; by default the split `val` of the human data. People
            made or verified every sample of it, and none is trained on.
        options: fields of the policy, such as `{"share": 0.2}`.
        made_by: where generated samples come from, where nothing in the data says so.
        samples: size of the set; as large as the data allow unless told.
        split: of samples that have a split, those of this one are trained on.
        strategy: how human samples are drawn where not all go in: at random, or `stratified`, the
            rare ones likelier, or `quota`, the classes in their human shares
            (`training_sets.replay`).
        doubted: keys of generated samples that a verifier doubts, for the policy `filtered`.
        place: `reference` leaves images where they are if trainers find the right label there;
            `link` and `copy` put all of them into the folder.
        format: `yolo` (boxes), `folders` (classified images), `jsonl` or `parquet` (texts, tables).
        seed: of all that is drawn.
        allow_replace: human data may be left out altogether.
        ledger: gets the set as a version on a branch of the folder's name.
        strict: bad content in a source is an error instead of a counted skip.

    Raises:
        HumanDataLost: the policy leaves out all human data, and `allow_replace` is not said.
        InputError: the data do not fit each other or the policy, the validation set holds what no
            person made or verified or what is trained on, `out` lies among images of the data, or
            the disk is full.
        UnknownComponent: there is no such policy.
    """
    known = Known(ledger, strict)
    given = Given(
        human=_opened(human, HUMAN, known),
        generated=_opened_if(generated, made_by, known),
        fresh=_opened_if(fresh, HUMAN, known),
        earlier=tuple(_opened(one, None, known) for one in earlier),
        val=_opened_if(val, HUMAN, known),
    )
    check_apart(Path(out), (dataset for _, dataset in given.parts))
    chosen = _policy(policy, options or {})
    order = Order(
        out=Path(out),
        format=check_format(format, given.human.task),
        place=_one_of("place", place, PLACES),
        policy=getattr(chosen, "name", "recipe"),
        options=dict(options or {}),
        strategy=_one_of("strategy", strategy, STRATEGIES),
        seed=seed,
    )
    held = pools(given, split)
    rng = np.random.Generator(np.random.Philox(key=seed))
    plan = planned(chosen, held, samples, doubted, rng)
    if not allow_replace:
        refuse_loss(plan.recipe, held, f"policy {order.policy}")
    training = followed(plan, held, rng, strategy=cast(Strategy, order.strategy))
    _check_val(held, training)
    return assemble(order, given, Chosen(held, plan.recipe, training), rng, ledger=ledger)


class Known(NamedTuple):
    """How sources are opened: what knows their models, and whether bad content is an error."""

    ledger: Ledger | None
    strict: bool


def _opened(source: Source, declared: Provenance | None, known: Known) -> Dataset:
    """The data; where the ledger knows the models, their outputs' generation follows.

    Data that say of some samples where they come from are not told so of the others.
    """
    dataset = source if isinstance(source, Dataset) else read(source, strict=known.strict)
    if all(one.provenance == UNKNOWN for one in dataset.samples):
        dataset = declared_as(dataset, declared)
    return dataset if known.ledger is None else known.ledger.settled(dataset)


def _opened_if(source: Source | None, declared: Provenance | None, known: Known) -> Dataset | None:
    return None if source is None else _opened(source, declared, known)


def _policy(policy: str | Policy | Recipe, options: Mapping[str, Any]) -> Policy | Recipe:
    if isinstance(policy, Recipe):
        if options:
            raise InputError(f"options {dict(options)} of a recipe", expected="none")
        return policy
    found: Policy = registry.load("policies", policy) if isinstance(policy, str) else policy
    configured: Policy = registry.with_options(found, options)
    return configured


def _one_of(name: str, value: Any, known: tuple[Any, ...]) -> Any:
    if value not in known:
        raise InputError(f"{name} is {value!r}", expected="one of " + ", ".join(known))
    return value


def _check_val(held: Pools, training: Drawn) -> None:
    if not held.val and held.task in IMAGES:
        raise InputError(
            "there is no validation set, and trainers would make one up, of generated images too",
            expected="human data with a split val, or validation data of their own",
            todo="Name images that people labelled and that are not trained on: --val SOURCE; or "
            "cut some off first: firsthand anchor HUMAN --out DIR",
        )
    validation.check(held.val, (one.sample for one in training))
