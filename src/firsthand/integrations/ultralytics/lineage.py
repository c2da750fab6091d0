"""Which models does this one come from? Read from checkpoints and run folders; never guessed.

A guarded run leaves `firsthand/verdict.json` in its folder, with the digests of its weights and its
own ancestors. Weights whose digest stands there are known; of all others only their parent
is, as far as their training settings name it, and their generation is unknown.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Any

from firsthand.integrations.ultralytics.predict import framework

FOLDER = "firsthand"
VERDICT = "verdict.json"
SCHEMA = "firsthand.train/1"


@dataclass(frozen=True, slots=True)
class Ancestor:
    """A model that this one was trained from, directly or through others."""

    name: str  # NAME@VERSION
    weights: str
    digest: str  # sha256 of the weights
    generation: int | None  # None: unknown
    run: str  # folder of the run that made it, empty where nobody knows
    trained_on: str = ""  # as its settings name it
    human: bool = False  # people made or verified all that its run trained on


@dataclass(frozen=True, slots=True)
class Lineage:
    """The parent first, then its parent, as far as is known."""

    ancestors: tuple[Ancestor, ...]
    scratch: bool  # trained from the description of a model, without weights

    @property
    def parent(self) -> Ancestor | None:
        """The model that the training started from."""
        return self.ancestors[0] if self.ancestors else None

    @property
    def first(self) -> Ancestor | None:
        """The earliest model that people's data alone made, if the chain leads to one.

        What its own training started from, such as weights that were published, may be unknown.
        """
        return next((each for each in reversed(self.ancestors) if each.human), None)

    def generation(self, of_data: int | None) -> int | None:
        """The generation of a model trained from here on such data; unknown if a part is.

        A model is as far from people as the farther of its data and its parent.
        """
        if self.scratch:
            return of_data
        known = self.parent.generation if self.parent else None
        return None if of_data is None or known is None else max(of_data, known)


def lineage(weights: str | Path | None, settings: Mapping[str, Any] | None) -> Lineage:
    """Where does a model come from that was loaded from these weights?

    Args:
        weights: the file; None where the model was described and not loaded.
        settings: with which the weights were trained (`train_args`), if they say so.
    """
    if weights is None or not Path(weights).is_file():
        return Lineage((), scratch=weights is None)
    weights = Path(weights).absolute()
    digest = digest_of(weights)
    told = settings or {}
    records = map(record_of, (weights.parent.parent, *_run_of(told)))
    recorded = next((each for each in records if each and digest in each["model"]["digests"]), None)
    if recorded is not None:
        own = recorded["model"]
        parent = Ancestor(
            own["name"],
            str(weights),
            digest,
            own["generation"],
            recorded["run"],
            own["data"],
            (recorded.get("data") or {}).get("all_human") is True,
        )
        return Lineage((parent, *(Ancestor(**each) for each in recorded["lineage"])), False)
    trained_on = str(told.get("data") or "")
    name = f"{_plain(weights.stem)}@{digest[:12]}"
    return Lineage((Ancestor(name, str(weights), digest, None, "", trained_on),), False)


def of_weights(model: Any, weights: str | Path) -> Ancestor | None:
    """What is known of a loaded model whose weights lie in a file; None where there is no file."""
    checkpoint = model.ckpt if isinstance(model.ckpt, dict) else {}
    return lineage(weights, checkpoint.get("train_args")).parent


def _run_of(settings: Mapping[str, Any]) -> Iterator[Path]:
    """Where the run of a checkpoint was, as its settings say: its weights may lie elsewhere."""
    if settings.get("save_dir"):  # newer versions leave it out
        yield Path(str(settings["save_dir"]))
    if settings.get("name"):
        project = Path(str(settings.get("project") or ""))
        if not project.is_absolute():
            runs = Path(str(framework().settings["runs_dir"]))
            project = runs / str(settings.get("task") or "detect") / project
        yield project / str(settings["name"])


def started_from(model: Any, trainer: Any) -> tuple[str | None, dict[str, Any]]:
    """The weights that a training starts from, and the settings they were trained with.

    None is a model that was described and not loaded; "" is weights of which no file is known.
    """
    checkpoint = model.ckpt if isinstance(model.ckpt, dict) else {}
    settings = dict(checkpoint.get("train_args") or {})
    if trainer.args.resume:
        began = str(settings.get("model") or "")
        return (began if began.endswith(".pt") else None), {}
    before: Any = getattr(model, "trainer", None)
    if checkpoint and hasattr(before, "best"):  # it was trained before, by the same object
        return str(before.best if Path(before.best).is_file() else before.last), settings
    if model.ckpt_path is not None:
        return str(model.ckpt_path), settings
    if isinstance(trainer.args.pretrained, str | Path):
        return str(trainer.args.pretrained), settings
    return ("" if checkpoint else None), settings


def record_of(run: str | Path | None) -> dict[str, Any] | None:
    """What a guarded run wrote into its folder about its weights, or None."""
    if not run:
        return None
    file = Path(run) / FOLDER / VERDICT
    try:
        found = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    whole = isinstance(found, dict) and found.get("schema") == SCHEMA and "lineage" in found
    if not whole or "digests" not in (found.get("model") or {}):
        return None
    return {**found, "run": str(run)}


def model_name(run: Path, digest: str) -> str:
    """A name for the model of a run that nobody else has: NAME@VERSION."""
    return f"{_plain(run.name)}@{digest[:12]}"


def digest_of(file: Path) -> str:
    """sha256 of a file's bytes, hexadecimal."""
    with file.open("rb") as opened:
        return file_digest(opened, "sha256").hexdigest()


def written(found: Lineage) -> list[dict[str, Any]]:
    """As JSON."""
    return [asdict(each) for each in found.ancestors]


def _plain(name: str) -> str:
    return "".join(each if each.isalnum() or each in "._-" else "-" for each in name) or "model"
