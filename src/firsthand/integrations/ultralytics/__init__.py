"""Guards trainings of Ultralytics YOLO through public callbacks, and asks its models.

    import firsthand
    from ultralytics import YOLO

    model = YOLO("yolo26n.pt")
    firsthand.guard(model, reference="human/data.yaml")
    model.train(data="coco8.yaml", epochs=5, imgsz=640)

Ultralytics is loaded when it is first needed. It has a licence of its own (AGPL-3.0, or one of its
makers'), which then holds for what you run; nothing of it is part of this package.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from firsthand.config import Limits
from firsthand.integrations.ultralytics.gate import Question, Source
from firsthand.integrations.ultralytics.guarding import Guard
from firsthand.integrations.ultralytics.predict import Predictor, framework, load, predictor
from firsthand.integrations.ultralytics.registering import Where, check
from firsthand.integrations.ultralytics.run import Wishes
from firsthand.integrations.ultralytics.watch import Every, check_every
from firsthand.messages import Language, language
from firsthand.types import Provenance

__all__ = ["Guard", "Predictor", "guard", "load", "predictor"]


def guard(
    model: Any,
    reference: Source | None = None,
    *,
    anchor: Source | None = None,
    anchor_every: Every = "auto",
    allow_undetermined: bool = False,
    origin: Provenance | str | None = None,
    limits: Limits | Path | str | None = None,
    ledger: Where = None,
    stop_on_loss: bool = False,
    seed: int = 0,
    lang: Language = "en",
    announce: bool = True,
) -> Guard:
    """Shall this run train on this, and did it lose what people labelled?

    Call it before `model.train(...)`. It adds public callbacks, and nothing else changes.

    Args:
        model: a `YOLO` that detects, segments or classifies.
        reference: human-verified data to preserve; the training set's own val if None.
        anchor: human images that are never trained on; the reference's val, else what of the
            reference is not trained on.
        anchor_every: look at the anchor after every so many epochs, and after the last; "auto"
            takes at most 15 % of the training's time.
        allow_undetermined: train, and end, although a required question stays open.
        origin: what you declare of samples that no side file speaks of: "human", "synthetic",
            "model-labelled", or what `declare` makes of more.
        limits: a limits file or object; `firsthand.yaml` of the working folder, else the defaults.
        ledger: where to register the run: a ledger or its folder; the nearest one if None, if
            there is one; False for none.
        stop_on_loss: stop when two looks in a row show a loss against an earlier model.
        seed: of the random splits behind nulls and intervals.
        lang: language of what is said on stderr and in the report.
        announce: say the verdict on stderr too, at the end.

    Returns:
        The guard; after training its `verdict` is "pass", "block" or "cannot-say". The run's folder
        then holds `firsthand/` with verdict.json, report.html, recall.svg and audit.html.

    Raises:
        MissingExtra: Ultralytics is not installed.
        LedgerNotFound: there is no ledger where one is named.
        InputError: it does not know an event that the guard needs, the model has a guard, or
            `anchor_every` or `lang` means nothing.
            `model.train` raises InputError where something cannot be read or compared, Blocked
            where a limit is breached or the model lost what an earlier one found, and CannotSay
            where that cannot be told.
    """
    framework()
    check(ledger)
    check_every(anchor_every)
    question = Question(
        reference=reference,
        anchor=anchor,
        limits=limits,
        origin=origin,
        allow_undetermined=allow_undetermined,
        seed=seed,
        lang=language(lang),
    )
    wishes = Wishes(
        question=question,
        every=anchor_every,
        stop_on_loss=stop_on_loss,
        ledger=ledger,
        announce=announce,
    )
    return Guard(model, wishes).attach()
