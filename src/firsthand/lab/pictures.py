"""What happens to data when a model trains on what it made? Runs that loop with real components.

A model family is fitted to a training set of pictures and draws new ones; a policy says how many
of them make the next training set together with how many human ones. All pictures are written as
ordinary image files, so that anything that reads a dataset can look at them, and every training
set goes into a ledger where one is given.

A generation is a function of its `Spec`, the human data and its number, and of nothing else: the
same comes out in another process, and a longer run begins with the same generations.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from firsthand import registry, trajectory
from firsthand.errors import InputError
from firsthand.lab.on_disk import Sets, Verifier, drawn_by
from firsthand.lab.recorded import committed, first_version
from firsthand.measure import Measured
from firsthand.provenance import declare
from firsthand.read import read, samples_digest
from firsthand.recursion import Policy, Recipe
from firsthand.training_sets.drawn import Item
from firsthand.types import Audit, Dataset, FloatArray, Measurement, Provenance, Undetermined

if TYPE_CHECKING:
    from firsthand.ledger import Ledger


@dataclass(frozen=True, kw_only=True)
class Spec:
    """Everything that decides a run, next to the human data.

    `budget` is the size of every training set after the first, which is the human data as they
    are. `options` are fields of the model family, `policy_options` those of the policy.

    >>> spec = Spec(model="gmm", policy="replace", budget=900, options=(("components", 3),))
    >>> spec.name
    'gmm-replace'
    """

    model: str
    policy: str
    budget: int
    options: tuple[tuple[str, str | int | float], ...] = ()
    policy_options: tuple[tuple[str, str | int | float], ...] = ()
    seed: int = 0
    chain: int = 0

    @property
    def name(self) -> str:
        """Of its models, and of its branch in a ledger."""
        return f"{self.model}-{self.policy}" + (f"-{self.chain}" if self.chain else "")

    def digest(self, human: Dataset, *more: int) -> bytes:
        """sha256 of all that decides a run, or a part of it."""
        spec = asdict(self)
        if not self.policy_options:
            del spec["policy_options"]
        told = [spec, samples_digest(human.samples), *more]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).digest()

    def rng(self, human: Dataset, generation: int) -> np.random.Generator:
        """Random numbers of one generation: Philox, keyed by the digest."""
        key = int.from_bytes(self.digest(human, generation)[:16], "big")
        return np.random.Generator(np.random.Philox(key=key))


class Generation(NamedTuple):
    """A training set, and the model that is trained on it."""

    number: int  # 0: the human data; later ones hold samples of this generation
    data: Dataset
    generator: str  # NAME@VERSION of the model that is trained on it
    version: str  # of the data in the ledger; empty without one


class Pictures(NamedTuple):
    """Grey pictures of one size, as points with their class."""

    features: FloatArray  # (n, height * width) in [0, 1]
    labels: NDArray[np.int64]  # (n,) index into the class names
    shape: tuple[int, int]


def run(
    spec: Spec,
    human: Dataset,
    generations: int,
    folder: str | Path,
    ledger: Ledger | None = None,
    fresh: Dataset | None = None,
) -> Iterator[Generation]:
    """Train, draw, compose, again: yields each training set as soon as it exists.

    Args:
        spec: model family, policy, budget and seed.
        human: grey pictures of one size, each with its class, as `read` gives them.
        generations: how many follow the human data.
        folder: where the pictures of each generation are written; it must hold none yet.
        ledger: its main branch holds the human data and nothing else. Every training set becomes a
            version on a branch named after the run; every model is registered with what it was
            trained on.
        fresh: human samples that come in by and by, for policies that ask for them; none is used
            twice.

    Every policy is followed as its recipe says, by the code that `mix` uses. A sample that weighs
    more than others is there more than once. A verifier doubts pictures that lie further from the
    human mean of their class than nine tenths of the human ones.

    Raises:
        InputError: a sample without class or picture, pictures of several sizes, a budget that the
            policy refuses, an option that the model family has not, or a folder in use.
        LedgerError: the ledger has a run of that name.
    """
    model = _model(spec)
    sets = Sets(_recipe(spec, human), human, fresh, generations)
    verifier = Verifier(sets.recipe, pictures(human)) if sets.recipe.verified else None
    step = Generation(0, human, f"{spec.name}@0", first_version(human, ledger))
    yield _registered(step, ledger)
    for number in range(1, generations + 1):
        rng = spec.rng(human, number)
        source = pictures(step.data)
        state = model.fit(source.features, source.labels, rng)
        features, labels = drawn_by(model, state, sets.recipe.made, verifier, rng)
        place = Path(folder) / f"generation-{number:02d}"
        _write(place, Pictures(features, labels, source.shape), human.classes, number)
        made = _made(place, human.classes, step)
        items = sets.next(made, rng)
        data = _together(human, made, items)
        version = committed(spec.name, number, items, (human, fresh), ledger)
        step = Generation(number, data, f"{spec.name}@{number}", version)
        yield _registered(step, ledger)


def rows(spec: Spec, step: Generation, found: Measured | Audit) -> list[trajectory.Row]:
    """What was measured of one generation, as rows of a trajectory; nothing is left out."""
    where = trajectory.Step(spec.name, spec.chain, spec.policy, step.number)
    both: list[Measurement | Undetermined] = [*found.measurements, *found.undetermined]
    return trajectory.rows(where, both, n=len(step.data.samples))


def _model(spec: Spec) -> Any:
    try:
        return replace(registry.load("models", spec.model), **dict(spec.options))
    except TypeError as error:
        raise InputError(
            f"the options of model {spec.model} are {dict(spec.options)} ({error})",
            expected="names of its fields",
            todo=f"See src/firsthand/models/{spec.model}.py.",
        ) from error


def _recipe(spec: Spec, human: Dataset) -> Recipe:
    policy: Policy = registry.with_options(
        registry.load("policies", spec.policy), dict(spec.policy_options)
    )
    recipe = policy.compose(len(human.samples), spec.budget)
    if recipe.human > len(human.samples) or recipe.made < 1:
        raise InputError(
            f"policy {policy.name} makes a budget of {spec.budget} into {recipe.human} human and "
            f"{recipe.made} generated samples, and there are {len(human.samples)} human ones",
            expected="no more human samples than there are, and at least one generated",
            todo="Change the budget.",
        )
    return recipe


def _made(place: Path, classes: tuple[str, ...], by: Generation) -> Dataset:
    """The pictures of one generation, read back from disk, with all that is known of them."""
    found = read(place, progress=False)
    index = [classes.index(name) for name in found.classes]  # a class may have died out
    provenance = _provenance(by)
    samples = tuple(
        replace(one, provenance=provenance, category=index[one.category])
        for one in found.samples
        if one.category is not None
    )
    return replace(found, classes=classes, samples=samples)


def _provenance(by: Generation) -> Provenance:
    """Of the outputs of a model trained on a generation: one more, and its mean ancestry."""
    shares = [one.provenance.ancestry for one in by.data.samples]
    known = [share for share in shares if share is not None]
    return replace(
        declare("synthetic", by.generator, generation=by.number + 1),
        generation_declared=False,
        generation_at_least=None,
        ancestry=sum(known) / len(known) if len(known) == len(shares) else None,
        own=True,
    )


def _together(human: Dataset, made: Dataset, items: Sequence[Item]) -> Dataset:
    samples = tuple(one.sample for one in items)
    return replace(
        made,
        samples=samples,
        skips=(*human.skips, *made.skips),
        digest=samples_digest(samples),
    )


def _registered(step: Generation, ledger: Ledger | None) -> Generation:
    if ledger is not None:
        ledger.register_model(step.generator, trained_on=step.version)
    return step


def pictures(dataset: Dataset) -> Pictures:
    """Open all pictures of a dataset.

    Raises:
        InputError: a sample has no class or no picture, or they are of several sizes.
    """
    from PIL import Image

    pixels = []
    for one in dataset.samples:
        if one.category is None or not one.path:
            raise InputError(
                f"the sample {one.key!r} has no {'class' if one.path else 'picture'}",
                expected="pictures, each with its class",
                where=one.path,
            )
        try:
            with Image.open(one.path) as picture:
                pixels.append(np.asarray(picture.convert("L"), dtype=np.float64) / 255)
        except OSError as error:
            raise InputError(f"the picture cannot be read ({error})", where=one.path) from error
    shapes = {each.shape for each in pixels}
    if len(shapes) != 1:
        raise InputError(
            f"pictures of {len(shapes)} different sizes",
            expected="pictures of one size",
            todo="Scale them to one size first.",
        )
    labels = np.array([one.category for one in dataset.samples], dtype=np.int64)
    [(height, width)] = shapes
    return Pictures(np.array(pixels).reshape(len(pixels), -1), labels, (height, width))


def _write(place: Path, drawn: Pictures, classes: tuple[str, ...], number: int) -> None:
    from PIL import Image

    if place.exists():
        raise InputError(
            "there are pictures of a generation already",
            expected="a folder without any",
            todo="Name another folder, or remove this one.",
            where=str(place),
        )
    for name in np.unique(drawn.labels):
        (place / classes[name]).mkdir(parents=True)
    levels = np.round(np.clip(drawn.features, 0.0, 1.0) * 255).astype(np.uint8)
    for at, (pixels, label) in enumerate(zip(levels, drawn.labels, strict=True)):
        picture = Image.fromarray(pixels.reshape(drawn.shape))
        picture.save(place / classes[label] / f"generation-{number:02d}-{at:05d}.png")
