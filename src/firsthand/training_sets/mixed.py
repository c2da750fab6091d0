"""What was asked for, and what a training set turned out to hold: its manifest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from firsthand import __version__
from firsthand.composition import compose, held
from firsthand.recursion import Recipe
from firsthand.report.plain import skips_by_code
from firsthand.training_sets.drawn import ROLES, Drawn, Line
from firsthand.training_sets.placing import Place
from firsthand.training_sets.pools import BOXED, IMAGES, Given, LeftOut, Pools
from firsthand.types import Dataset, Sample, Skip

SCHEMA = "firsthand.mix/1"


@dataclass(frozen=True, kw_only=True)
class Order:
    """What was asked for, next to the data."""

    out: Path
    format: str
    place: Place
    policy: str
    options: Mapping[str, Any]
    strategy: str
    seed: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Mixed:
    """A training set on disk, and what is in it. Counts are of training samples unless said."""

    out: Path
    data: Path  # what a trainer is given
    order: Order
    recipe: Recipe
    dataset: Dataset  # as it was read back: training and validation samples, repeats included
    parts: Mapping[str, int]  # different samples of each part
    lines: Mapping[str, int]  # how often they stand there
    human_left_out: int  # human samples that were not drawn, or that the policy leaves out
    by_class: Mapping[str, int]  # lines by provenance class
    classes: Mapping[str, tuple[int, int]]  # class -> objects in the human data, objects here
    unlabelled: int  # images without a label file, which trainers take for empty
    weight: tuple[float, float]  # of a human sample where a generated one has 1: asked, reached
    referenced: int  # images that stay where they are; all others lie in the folder
    val: int
    left_out: tuple[LeftOut, ...]
    sources: tuple[Mapping[str, Any], ...]
    skips: tuple[Skip, ...]  # what of the sources was left out while reading
    version: str = ""  # in the ledger, where there is one

    @property
    def document(self) -> dict[str, Any]:
        """Everything but the samples, as JSON values: the manifest."""
        counts = {name: getattr(self, name) for name in _TOLD}
        plain = {n: dict(is_) if isinstance(is_, Mapping) else is_ for n, is_ in counts.items()}
        return {
            **asdict(self.order),
            "out": str(self.out),
            "recipe": asdict(self.recipe),
            "task": self.dataset.task,
            "digest": self.dataset.digest,
            "samples": sum(self.lines.values()),
            **plain,
            "left_out": [one._asdict() for one in self.left_out],
            "sources": [dict(one) for one in self.sources],
            "skips": skips_by_code(self.skips),
            "tool_version": __version__,
        }


_TOLD = (
    "parts",
    "lines",
    "human_left_out",
    "by_class",
    "classes",
    "unlabelled",
    "weight",
    "referenced",
    "val",
)


class Chosen(NamedTuple):
    """The samples of a set, how many of which part they were to be, and what there was."""

    pools: Pools
    recipe: Recipe
    training: Drawn


def told(
    order: Order, given: Given, chosen: Chosen, train: Sequence[Line], found: Dataset
) -> Mixed:
    """Count what is in a set.

    Args:
        order: what was asked for.
        given: the datasets behind it.
        chosen: what was to go in.
        train: its training samples, and how often each stands there.
        found: the set as it was read back.
    """
    pools, recipe = chosen.pools, chosen.recipe
    parts = Counter(line.item.role for line in train)
    training = [one for one in found.samples if one.split != "val"]
    human = _objects(pools.classes, (one.sample for one in pools.human))
    here = _objects(found.classes, training)
    by_class = compose(replace(found, samples=tuple(training))).by_class
    return Mixed(
        out=order.out,
        data=order.out / "data.yaml" if order.format == "yolo" else order.out,
        order=order,
        recipe=recipe,
        dataset=found,
        parts={role: parts[role] for role in ROLES if parts[role]},
        lines=_repeats(train),
        human_left_out=len(pools.human) - parts["human"],
        by_class={str(name): count for name, count in by_class.items()},
        classes={name: (human[name], here.get(name, 0)) for name in pools.classes},
        unlabelled=sum(found.task in BOXED and one.label is None for one in training),
        weight=(recipe.human_weight, _reached(train, found.task in IMAGES)),
        referenced=0,
        val=len(pools.val),
        left_out=pools.left_out,
        sources=tuple(_sources(given)),
        skips=tuple(skip for _, one in given.parts for skip in one.skips),
    )


def _repeats(train: Sequence[Line]) -> dict[str, int]:
    times: Counter[str] = Counter()
    for line in train:
        times[line.item.role] += line.times
    return {role: times[role] for role in ROLES if times[role]}


def _reached(train: Sequence[Line], repeats: bool) -> float:
    """What a human sample counts on average, where a generated one counts 1."""
    people = [line for line in train if line.item.role in {"human", "fresh"}]
    made = [line for line in train if line.item.role == "generated"]
    if not people or not made:
        return 1.0

    def mean(lines: Sequence[Line]) -> float:
        """Images count by how often they are there; rows carry their weights with them."""
        return sum(line.times if repeats else line.item.weight for line in lines) / len(lines)

    return mean(people) / mean(made)


def _objects(classes: Sequence[str], samples: Iterable[Sample]) -> dict[str, int]:
    """Boxes of each class; samples of it where they have no boxes."""
    found: Counter[str] = Counter()
    for one in samples:
        numbers = held(one) if one.boxes is None else one.boxes.classes.tolist()
        found.update(classes[at] for at in numbers)
    return {name: found[name] for name in classes}


def _sources(given: Given) -> Iterator[dict[str, Any]]:
    for role, one in given.parts:
        yield {
            "role": role,
            "name": one.name,
            "path": one.root,
            "format": one.format,
            "digest": one.digest,
            "samples": len(one.samples),
            "skips": dict(Counter(skip.code for skip in one.skips)),
        }
