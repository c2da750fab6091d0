"""One guarded training run: what the user wished, and how far it has come."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from firsthand.integrations.ultralytics import registering
from firsthand.integrations.ultralytics.gate import Admitted, Question
from firsthand.integrations.ultralytics.lineage import Lineage
from firsthand.integrations.ultralytics.watch import Budget, Every, Look, Watch
from firsthand.types import Verdict

NEEDED = (
    "on_pretrain_routine_start",
    "on_train_start",
    "on_train_epoch_start",
    "on_model_save",
    "on_fit_epoch_end",
    "on_train_end",
)
"""Events without which nothing can be said of a run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """How a run is to be guarded, as the user said."""

    question: Question
    every: Every = "auto"
    stop_on_loss: bool = False
    ledger: registering.Where = None
    announce: bool = True  # say the verdict on stderr too


@dataclass(slots=True)
class Run:
    """One training run, as far as it has come."""

    folder: Path
    given: Admitted
    lineage: Lineage
    budget: Budget
    watch: Watch | None = None
    earlier: dict[str, Look] = field(default_factory=dict)  # generation-0 and parent
    looks: list[Look] = field(default_factory=list)
    fired: set[str] = field(default_factory=set)
    saved: int = 0  # epoch of the weights that were saved last
    best: int = 0  # epoch of the best weights
    since: float = 0.0  # when the epoch began; 0 between epochs
    falling: int = 0  # looks in a row that showed a loss
    stopped: int = 0  # epoch at which it was stopped for a loss
    parent_classes: frozenset[str] = frozenset()
    verdict: Verdict | None = None
    lines: tuple[str, ...] = ()  # the verdict in words
