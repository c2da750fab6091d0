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
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from firsthand import registry, trajectory
from firsthand.errors import InputError
from firsthand.measure import Measured
from firsthand.provenance import declare
from firsthand.read import read, samples_digest
from firsthand.recursion import Policy, Recipe
from firsthand.types import Audit, Dataset, FloatArray, Measurement, Provenance, Undetermined

if TYPE_CHECKING:
    from firsthand.ledger import Ledger


@dataclass(frozen=True, kw_only=True)
class Spec:
    """Everything that decides a run, next to the human data.

    `budget` is the size of every training set after the first, which is the human data as they
    are. `options` are fields of the model family.

    >>> spec = Spec(model="gmm", policy="replace", budget=900, options=(("components", 3),))
    >>> spec.name
    'gmm-replace'
    """

    model: str
    policy: str
    budget: int
    options: tuple[tuple[str, str | int | float], ...] = ()
    seed: int = 0
    chain: int = 0

    @property
    def name(self) -> str:
        """Of its models, and of its branch in a ledger."""
        return f"{self.model}-{self.policy}" + (f"-{self.chain}" if self.chain else "")

    def digest(self, human: Dataset, *more: int) -> bytes:
        """sha256 of all that decides a run, or a part of it."""
        told = [asdict(self), samples_digest(human.samples), *more]
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

    Raises:
        InputError: a sample without class or picture, pictures of several sizes, a budget that the
            policy refuses, an option that the model family has not, or a folder in use.
        LedgerError: the ledger has a run of that name.
    """
    model, policy = _model(spec), registry.load("policies", spec.policy)
    kept, wanted = _counts(policy, len(human.samples), spec.budget)
    step = Generation(0, human, f"{spec.name}@0", _first_version(human, ledger))
    yield _registered(step, ledger)
    for number in range(1, generations + 1):
        rng = spec.rng(human, number)
        source = pictures(step.data)
        state = model.fit(source.features, source.labels, rng)
        features, labels = model.sample(state, wanted, rng)
        place = Path(folder) / f"generation-{number:02d}"
        _write(place, Pictures(features, labels, source.shape), human.classes, number)
        chosen = _chosen(human, kept, rng)
        made = _made(place, human.classes, step)
        data = _together(chosen, made)
        version = _committed(spec, number, (chosen, made), ledger)
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


def _counts(policy: Policy, human: int, budget: int) -> tuple[int, int]:
    recipe = policy.compose(human, budget)
    kept, made = recipe.human, recipe.made
    if recipe != Recipe(human=kept, made=made):
        raise InputError(
            f"policy {policy.name} asks for {recipe}",
            expected="human samples of the first set and generated ones, which is all done on disk",
            todo="Simulate this policy, or use replace or anchor.",
        )
    if kept > human or made < 1:
        raise InputError(
            f"policy {policy.name} makes a budget of {budget} into {kept} human and {made} "
            f"generated samples, and there are {human} human ones",
            expected="no more human samples than there are, and at least one generated",
            todo="Change the budget.",
        )
    return kept, made


def _chosen(human: Dataset, kept: int, rng: np.random.Generator) -> Dataset:
    if kept == len(human.samples):
        return human
    at = np.sort(rng.choice(len(human.samples), size=kept, replace=False))
    return replace(human, samples=tuple(human.samples[index] for index in at), digest="")


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


def _together(human: Dataset, made: Dataset) -> Dataset:
    samples = (*human.samples, *made.samples)
    return replace(
        made,
        samples=samples,
        skips=(*human.skips, *made.skips),
        digest=samples_digest(samples),
    )


def _first_version(human: Dataset, ledger: Ledger | None) -> str:
    if ledger is None:
        return ""
    first = ledger.version("main")
    if len(first.sources) != 1 or first.samples != len(human.samples):
        raise InputError(
            f"the main branch holds {first.samples} samples from {len(first.sources)} sources",
            expected=f"the {len(human.samples)} human samples, from one source",
            todo="Make a ledger for the lab: init, add the human data, commit.",
            where=str(ledger.root),
        )
    return first.name


def _committed(
    spec: Spec, number: int, parts: tuple[Dataset, Dataset], ledger: Ledger | None
) -> str:
    if ledger is None:
        return ""
    human, made = parts
    [name] = ledger.version("main").sources
    source = ledger.root / name
    if human.samples:
        ledger.add(human, source=source, replace=True)
    else:
        ledger.remove(source)
    ledger.add(made, source=f"generated by {spec.name}", replace=True)
    return ledger.commit(f"{spec.name}: generation {number}", branch=spec.name).name


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
