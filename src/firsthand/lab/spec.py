"""What decides a simulated run: model, policy, sizes, seed; and the cells that it is cut into."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from firsthand import registry
from firsthand.engine import Cell
from firsthand.errors import InputError
from firsthand.lab.command import Command
from firsthand.recursion import Policy, Recipe, Sampling

FORMAT = 2  # of cells: raised when the same spec would draw other random numbers
NUMBERS = 2**22  # that the chains of one cell keep in memory, about
MOST = 20_000  # chains of one cell: more gain nothing

Options = tuple[tuple[str, Any], ...]


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """A run. Equal experiments have equal results, chain by chain.

    >>> Experiment(model="gaussian", policy="replace", generations=5, samples=10).name
    'gaussian-replace'
    """

    model: str  # a family, or the path of a Python file with a `component`
    policy: str
    generations: int
    samples: int  # the wanted size of every training set after the first
    first: int = 0  # human samples of the first training set; 0: as many as `samples`
    chains: int = 1
    seed: int = 0
    every: int = 0  # generations between records; 0: such that there are about a hundred
    model_options: Options = ()
    policy_options: Options = ()
    sampling: Sampling = Sampling()
    data: str = ""  # human data in place of the population that the family brings
    name: str = ""

    def __post_init__(self) -> None:
        if not self.name:
            label = f"{Path(self.model).stem}-{self.policy}"
            object.__setattr__(self, "name", label)
        object.__setattr__(self, "first", self.first or self.samples)
        object.__setattr__(self, "every", self.every or max(1, self.generations // 100))

    @property
    def recorded(self) -> tuple[int, ...]:
        """The generations that are measured; the last is always one of them."""
        regular = range(self.every, self.generations + 1, self.every)
        return tuple(sorted({*regular, self.generations}))

    @property
    def recipe(self) -> Recipe:
        """What every training set after the first is made of."""
        policy: Policy = configured("policies", self.policy, self.policy_options)
        found = policy.compose(self.first, self.samples)
        if found.made < 1 or found.human > self.first:
            raise InputError(
                f"policy {self.policy} makes {found} of {self.first} human samples and a training "
                f"set of {self.samples}",
                expected="at least one generated sample, and no more human ones than there are",
                todo="Change samples or first.",
            )
        return found

    def decided(self) -> dict[str, Any]:
        """Everything that decides the result, as JSON values; the name does not."""
        told = asdict(self)
        del told["name"]
        for part in ("model_options", "policy_options"):
            told[part] = dict(getattr(self, part))
        return told

    def family(self) -> Any:
        """Its model family or model, with its options set.

        Raises:
            UnknownComponent, InputError: there is none, it has no such option, or it is a detector.
        """
        found = configured("models", self.model, self.model_options)
        if hasattr(found, "predict"):
            raise InputError(
                f"{self.model} is a detector, which trains on files",
                expected="a model that is fitted and drawn from",
                todo="Give lab run a spec with arms: docs/closed-loop.md.",
            )
        return found


def configured(kind: str, name: str, options: Options) -> Any:
    """A component with its options; a name that ends in .py is a file of the user.

    Raises:
        UnknownComponent, InputError: there is no such component, or it has no such option.
    """
    return registry.with_options(_component(kind, name), dict(options))


COMMAND = Command()


def _component(kind: str, name: str) -> Any:
    if kind == "models" and name == COMMAND.name:
        return COMMAND
    return registry.load_any(kind, name)


def cells(experiment: Experiment, compiled: bool, human: str = "") -> list[Cell]:
    """The run in blocks of chains, cut without regard to where they will be computed.

    `human` is the digest of the human data, where some are given.
    """
    family, recipe = experiment.family(), experiment.recipe
    sums = getattr(family, "exact", True) and not recipe.picks(experiment.first)
    many = experiment.generations if recipe.earlier else 1
    rows = 8 if sums else experiment.first + recipe.total * many
    width = family.width(rows) if hasattr(family, "width") else NUMBERS
    block = min(experiment.chains, MOST, max(1, NUMBERS // max(width, 1)))
    told = {"lab": FORMAT, "compiled": compiled, "human": human, "code": _code(experiment.model)}
    decided = {**told, **experiment.decided()}
    return [
        Cell.of({**decided, "begins": begin, "chains": min(block, experiment.chains - begin)})
        for begin in range(0, experiment.chains, block)
    ]


def placeless(cell: Cell) -> Cell:
    """The cell without where its files lie: what they hold is in it, and decides random numbers."""
    spec = cell.spec
    return Cell.of({**spec, "model": Path(spec["model"]).name, "data": ""})


def _code(model: str) -> str:
    """A file of the user may change between runs; components change with the package."""
    return hashlib.sha256(Path(model).read_bytes()).hexdigest() if model.endswith(".py") else ""


def opened(cell: Cell) -> tuple[Experiment, bool]:
    """The chains of one cell as an experiment, and whether they are compiled."""
    spec = cell.spec
    known = {each.name for each in fields(Experiment)}
    given = {key: value for key, value in spec.items() if key in known}
    given["sampling"] = Sampling(**spec["sampling"])
    for part in ("model_options", "policy_options"):
        pairs = spec[part].items()
        given[part] = tuple((key, tuple(v) if isinstance(v, list) else v) for key, v in pairs)
    return Experiment(**given), spec["compiled"]
