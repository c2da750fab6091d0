"""A detector of Ultralytics: what is lost when it trains on labels of its own?

Trains and predicts through the public interface of the package `ultralytics` (extra `[yolo]`),
which is loaded when it is first needed, and told to stay offline. Nothing of it is part of this
package: it has its own licence (AGPL-3.0, or its makers'), which then holds for what you run.

The settings that differ from its defaults make short trainings on small sets cheap, and are the
same in every generation: an optimiser step a batch (`nbs`), no mosaic, validation once at the end.
Ultralytics changes the rate once an epoch, so a training of one epoch ends at its highest rate, and
what it then finds is noisy: give `ramp` for few epochs.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firsthand.detections import Detections
from firsthand.errors import InputError, MissingExtra

Picture = NDArray[np.uint8]

STRIDE = 32  # pixels that the side of an input has to be a multiple of
MOST = 300  # boxes an image
LAST = 0.05  # of the rate is left at the end


class _Rate:
    """A callback that sets the rate before each step: up in a line for a while, then down."""

    def __init__(self, ramp: float) -> None:
        self.ramp, self.step = ramp, 0

    def __call__(self, trainer: Any) -> None:
        steps = len(trainer.train_loader) * trainer.epochs
        rising = max(1, round(self.ramp * steps))
        for group in trainer.optimizer.param_groups:
            group["lr"] = group["initial_lr"] * _share(self.step, rising, steps)
        self.step += 1


def _share(step: int, rising: int, steps: int) -> float:
    """Of the highest rate, in a step."""
    return float(np.interp(step, [-1, rising - 1, max(rising, steps - 1)], [0.0, 1.0, LAST]))


@dataclass(frozen=True, kw_only=True)
class Yolo:
    """A detection model of Ultralytics. Sizes in pixels, rates per step."""

    name: str = "yolo"
    question: str = "What does a detector lose when it trains on its own labels?"
    imgsz: int = 640
    batch: int = 16
    flipud: float = 0.0
    scale: float = 0.2
    hue: float = 0.015
    saturation: float = 0.3
    value: float = 0.2
    ramp: float | None = None  # of the steps, in which the rate rises; None: an epoch
    device: str = ""  # where; as Ultralytics chooses unless told
    confidence: float = 0.01  # below which nothing is a prediction

    def __post_init__(self) -> None:
        ramp = self.ramp
        fits = isinstance(ramp, int | float) and not isinstance(ramp, bool) and 0 <= ramp < 1
        if ramp is not None and not fits:
            raise InputError(f"ramp is {ramp!r}", expected="a share of the steps, 0 up to below 1")

    def train(
        self, start: Path, data: Path, out: Path, *, epochs: int, rate: float, seed: int
    ) -> None:
        """Train on a data.yaml from weights, or from the description of a model; writes `out`.

        Raises:
            InputError: the weights are of no detector.
        """
        work = out.with_name(f"{out.name}.work")
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        with (work / "log.txt").open("w", encoding="utf-8") as log, _said_to(log):
            model = _detector(start)
            if self.ramp is not None:
                model.add_callback("on_train_batch_start", _Rate(self.ramp))
            model.train(data=str(data), **self._settings(work, epochs, rate, seed))
        (work / "run" / "weights" / "last.pt").replace(out)
        shutil.rmtree(work)

    def predict(
        self, weights: Path, pictures: Iterable[tuple[str, Picture]], scale: float = 1.0
    ) -> Iterator[Detections]:
        """What it finds on named (height, width, 3) RGB pictures, seen `scale` times as large."""
        with open(os.devnull, "w", encoding="utf-8") as nowhere, _said_to(nowhere):  # noqa: PTH123
            model = _detector(weights)
        side = STRIDE * round(self.imgsz * scale / STRIDE)
        waiting = iter(pictures)
        while some := list(islice(waiting, self.batch)):
            blue_first = [np.ascontiguousarray(picture[..., ::-1]) for _, picture in some]
            found = model.predict(
                blue_first,
                imgsz=side,
                conf=self.confidence,
                max_det=MOST,
                device=self.device or None,
                verbose=False,
            )
            for (key, _), one in zip(some, found, strict=True):
                yield _detections(key, one.boxes)

    def _settings(self, work: Path, epochs: int, rate: float, seed: int) -> dict[str, Any]:
        return {
            "epochs": epochs,
            "imgsz": self.imgsz,
            "batch": self.batch,
            "nbs": self.batch,
            "optimizer": "AdamW",
            "lr0": rate,
            "lrf": LAST,
            "warmup_epochs": 1 if self.ramp is None else 0,
            "warmup_bias_lr": 0.0,
            "mosaic": 0.0,
            "flipud": self.flipud,
            "scale": self.scale,
            "hsv_h": self.hue,
            "hsv_s": self.saturation,
            "hsv_v": self.value,
            "val": False,
            "plots": False,
            "workers": 0,
            "cache": "ram",
            "amp": False,
            "device": self.device or None,
            "seed": seed,
            "verbose": False,
            "project": str(work.resolve()),
            "name": "run",
        }


def _detector(weights: Path) -> Any:
    """A model of boxes: others would be taught rectangles as outlines, or no labels at all."""
    model = _ultralytics().YOLO(str(weights))
    if model.task != "detect":
        raise InputError(
            f"the closed loop starts from a model for {model.task}",
            expected="a detector: labels of the loop are boxes, of data with outlines those around",
            todo="start from a detector such as yolo26n.pt; "
            "outlines go from model to model with `firsthand label` and `firsthand train`",
            where=str(weights),
        )
    return model


def _ultralytics() -> Any:
    os.environ.setdefault("YOLO_OFFLINE", "true")
    os.environ.setdefault("YOLO_AUTOINSTALL", "false")
    os.environ.setdefault("YOLO_VERBOSE", "false")
    try:
        return importlib.import_module("ultralytics")
    except ModuleNotFoundError as error:
        raise MissingExtra("the model yolo", "ultralytics", "yolo") from error


@contextlib.contextmanager
def _said_to(file: Any) -> Iterator[None]:
    """Its progress bars go to a file: what this package prints is the result."""
    with contextlib.redirect_stdout(file), contextlib.redirect_stderr(file):
        yield


def _detections(key: str, boxes: Any) -> Detections:
    return Detections(
        key,
        boxes.cls.cpu().numpy().astype(np.int32),
        boxes.xywhn.cpu().numpy().astype(np.float64),
        boxes.conf.cpu().numpy().astype(np.float64),
    )


component = Yolo()
