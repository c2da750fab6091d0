"""`firsthand train`: what `yolo train` does, guarded."""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from firsthand import __version__
from firsthand.cli import _judging as judging

if TYPE_CHECKING:
    from firsthand.errors import Refused
    from firsthand.integrations.ultralytics import Guard

SETTINGS = {"allow_extra_args": True, "ignore_unknown_options": True}
"""Whatever is not an option here is a setting of Ultralytics."""

_WORDS: dict[str, Any] = {"true": True, "false": False, "none": None}


def command(
    context: typer.Context,
    weights: Annotated[str, typer.Argument(help="Weights or model, as Ultralytics names them.")],
    data: Annotated[str, typer.Option("--data", help="Training set: data.yaml or folder.")],
    reference: Annotated[
        str | None,
        typer.Option("--reference", "-r", help="Human-verified data to preserve; else its val."),
    ] = None,
    anchor: judging.Anchor = None,
    anchor_every: Annotated[
        str, typer.Option(help="Look at the anchor every so many epochs, or auto.")
    ] = "auto",
    origin: judging.Declared = None,
    allow_undetermined: Annotated[
        bool, typer.Option("--allow-undetermined", help="Train although a question stays open.")
    ] = False,
    stop_on_loss: Annotated[
        bool, typer.Option("--stop-on-loss", help="Stop once two looks show a loss.")
    ] = False,
    limits: judging.Limits = None,
    as_json: judging.Json = False,
    lang: judging.Lang = None,
) -> None:
    """Train a YOLO, guarded: refuse what lost its tails, and say what became of the model.

    Any other --KEY VALUE or KEY=VALUE is a setting of Ultralytics, such as --epochs 5 --imgsz 640.
    Exit code: 0 pass, 1 blocked, 2 wrong use or I/O, 3 cannot say.
    """
    from firsthand.errors import Refused
    from firsthand.integrations.ultralytics import guard, load
    from firsthand.messages import language

    settings = parsed(context.args)
    with contextlib.redirect_stdout(sys.stderr):  # what Ultralytics prints is not the result
        _check(settings)
        model = load(weights)
        watching = guard(
            model,
            reference,
            anchor=anchor,
            anchor_every="auto" if anchor_every == "auto" else _count(anchor_every),
            origin=origin,
            allow_undetermined=allow_undetermined,
            stop_on_loss=stop_on_loss,
            limits=limits,
            lang=language(lang),
            announce=False,
        )
        refused: Refused | None = None
        try:
            _train(model, data, settings)
        except Refused as error:
            refused = error
    _print(watching, refused, as_json, lang)
    raise typer.Exit(refused.exit_code if refused is not None else 0)


def _train(model: Any, data: str, settings: dict[str, Any]) -> None:
    """Train; what Ultralytics refuses is said to be its own word."""
    from firsthand.errors import FirsthandError, InputError

    try:
        model.train(data=data, **settings)
    except FirsthandError:
        raise
    except (ValueError, RuntimeError, OSError, AssertionError) as error:
        said = " ".join(str(error).split())
        raise InputError(
            f"Ultralytics stopped: {said[:500]}",
            expected="settings, weights and data that it can train with",
        ) from error


def parsed(words: list[str]) -> dict[str, Any]:
    """Settings as they were typed: --epochs 5, --epochs=5, epochs=5, or --cos_lr alone.

    >>> parsed(["--epochs", "5", "lr0=1e-3", "--plots=False", "--cos-lr", "--device", "0,1"])
    {'epochs': 5, 'lr0': 0.001, 'plots': False, 'cos_lr': True, 'device': '0,1'}

    Raises:
        InputError: a word is no setting.
    """
    from firsthand.errors import InputError

    out: dict[str, Any] = {}
    waiting = ""
    for word in words:
        name, given, value = word.removeprefix("--").partition("=")
        if word.startswith("--") or (given and not waiting):
            waiting = name.replace("-", "_")
            out[waiting] = _value(value) if given else True
            waiting = "" if given else waiting
        elif waiting:
            out[waiting], waiting = _value(word), ""
        else:
            raise InputError(f"{word!r} belongs to no setting", expected="--KEY VALUE or KEY=VALUE")
    return out


def _value(word: str) -> Any:
    if word.lower() in _WORDS:
        return _WORDS[word.lower()]
    for kind in (int, float, json.loads):
        with contextlib.suppress(ValueError):
            return kind(word)
    return word


def _count(word: str) -> int:
    from firsthand.errors import InputError

    if not word.isdigit() or not int(word):
        raise InputError(f"--anchor-every {word}", expected="auto, or a number of epochs from 1")
    return int(word)


def _check(settings: dict[str, Any]) -> None:
    """Ultralytics' own word on its settings, before anything is read."""
    from firsthand.embedding.weights import package
    from firsthand.errors import InputError

    check = package("ultralytics.cfg", "training with Ultralytics", "yolo").get_cfg
    try:
        check(overrides=settings)
    except (SyntaxError, TypeError, ValueError) as error:
        said = " ".join(str(error.msg if isinstance(error, SyntaxError) else error).split())
        raise InputError(
            f"Ultralytics refuses a setting: {said[:300]}",
            expected="settings of its train mode, such as epochs, imgsz, batch, device",
        ) from error


def _print(watching: Guard, refused: Refused | None, as_json: bool, lang: str | None) -> None:
    from firsthand.messages import language
    from firsthand.report import render

    run = watching.run
    if run is not None and run.verdict is not None:
        found = Path(run.folder, "verdict.json").read_text("utf-8")
        print(found if as_json else "\n".join(run.lines), end="" if as_json else "\n")
    elif refused is not None and as_json:
        audit = json.loads(render(refused.audit, "json"))
        said = {"schema": "firsthand.train/1", "tool_version": __version__, "state": "refused"}
        said |= {"verdict": audit["verdict"], "todo": refused.todo, "audit": audit}
        print(json.dumps(said, ensure_ascii=False))
    elif refused is not None:
        text = render(refused.audit, "text", language(lang), colour=judging.colourful())
        print(text + (f"\n{refused.todo}" if refused.todo else ""))
