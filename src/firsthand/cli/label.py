"""`firsthand label`: label images with a detector, and say what may be lost."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from firsthand.cli._judging import Lang, Seed
from firsthand.cli._ledger import Json, say
from firsthand.errors import InputError, LedgerNotFound

if TYPE_CHECKING:
    from firsthand.label import Labels, Source
    from firsthand.ledger import Ledger
    from firsthand.messages import Language
    from firsthand.types import Slice

Media = Literal["human", "synthetic", "unknown"]


def command(
    detector: Annotated[
        str,
        typer.Argument(
            metavar="WEIGHTS",
            help="Weights of a detector; or its predictions: a .jsonl file, a folder of .txt.",
        ),
    ],
    images: Annotated[Path, typer.Argument(help="Folder of images to label, or a .txt list.")],
    reference: Annotated[
        str, typer.Option("--reference", "-r", help="What people labelled: path or version.")
    ],
    out: Annotated[Path, typer.Option(help="Folder to write; must not exist.")],
    method: Annotated[
        str, typer.Option(help="count_matched, fixed, sampled, soft; docs/labelling.md.")
    ] = ("count_matched"),
    options: Annotated[
        list[str] | None, typer.Option("--set", metavar="OPTION=VALUE", help="Such as floor=0.05.")
    ] = None,
    anchor: Annotated[
        Path | None,
        typer.Option(help="Predictions for the reference's split val, where they are files."),
    ] = None,
    prior: Annotated[
        list[str] | None,
        typer.Option(metavar="CLASS=N", help="Objects an image, where the images are known."),
    ] = None,
    generator: Annotated[
        str | None, typer.Option(metavar="NAME@VERSION", help="The detector's name.")
    ] = None,
    trained_on: Annotated[
        int | None,
        typer.Option(min=0, help="Generation it learned from, 0: human data; else as guarded."),
    ] = None,
    media: Annotated[Media, typer.Option(help="Who made the images.")] = "unknown",
    imgsz: Annotated[int | None, typer.Option(help="Side that WEIGHTS look at, pixels.")] = None,
    checks: Annotated[int, typer.Option(min=0, help="Boxes to list for a person.")] = 100,
    seed: Seed = 0,
    no_ledger: Annotated[bool, typer.Option("--no-ledger", help="Record it in none.")] = False,
    as_json: Json = False,
    lang: Lang = None,
) -> None:
    """Label images with a detector so that rare and small objects keep their labels.

    Exit code: 0 written, 2 wrong use or I/O.
    """
    from firsthand.label import label
    from firsthand.messages import language

    source, name, learned = _detector(detector, imgsz)
    found = label(
        source,
        images,
        reference=reference,
        out=out,
        method=method,
        options=dict(_pairs("--set", options or ())),
        anchor=anchor,
        prior={key: _number(key, value) for key, value in _pairs("--prior", prior or ())},
        generator=generator or name,
        trained_on=learned if trained_on is None else trained_on,
        media=media,
        checks=checks,
        seed=seed,
        ledger=None if no_ledger else _ledger(),
    )
    steps = _next(found, reference)
    say("label", {**found.document, "next": steps}, _text(found, steps, language(lang)), as_json)


def _detector(given: str, imgsz: int | None) -> tuple[Source, str, int | None]:
    """What answers about images; its name and what it learned from, where a guarded run says so."""
    from firsthand.detections import files

    path = Path(given)
    if files.can_read(path):
        return path, "", None
    if path.suffix.lower() in {".jsonl", ".txt"} or path.is_dir():
        raise InputError(
            "there are no predictions there",
            expected="a .jsonl file, or a folder of .txt files with six columns",
            where=given,
        )
    if not path.exists() and (len(path.parts) > 1 or not path.suffix):
        raise InputError(
            "there is no such file or folder",
            expected="weights of a detector, a .jsonl file of predictions or a folder of .txt",
            where=given,
        )
    from firsthand.integrations.ultralytics.lineage import of_weights
    from firsthand.integrations.ultralytics.predict import predictor

    settings = {} if imgsz is None else {"imgsz": imgsz}
    asked = predictor(given, outlines=True, **settings)
    if asked.task == "classify":
        raise InputError(
            "the weights are of a model that names whole images, and draws no boxes",
            expected="weights of a detector",
            where=given,
        )
    made = of_weights(asked.model, path)
    if made is None:
        return asked, f"{path.stem.replace('@', '_').replace(' ', '_')}@named", None
    return asked, made.name, made.generation


def _pairs(option: str, given: Sequence[str]) -> list[tuple[str, Any]]:
    import yaml

    found = []
    for each in given:
        name, equals, value = each.partition("=")
        if not equals or not name:
            raise InputError(f"{option} {each}", expected="NAME=VALUE")
        found.append((name, yaml.safe_load(value)))
    return found


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e6:
        raise InputError(f"--prior {name}={value}", expected="objects an image, 0 or more")
    return float(value)


def _ledger() -> Ledger | None:
    from firsthand.ledger import Ledger

    try:
        return Ledger.open(".")
    except LedgerNotFound:
        return None


def _next(found: Labels, reference: str) -> list[str]:
    """What to type now."""
    out, human = shlex.quote(str(found.out)), shlex.quote(reference)
    steps = [f"firsthand audit {out} --reference {human}"]
    if not found.val:
        steps.insert(0, f"firsthand anchor {human} --origin human --out {out}-anchor")
    return steps


def _text(found: Labels, steps: Sequence[str], lang: Language) -> str:
    from firsthand.messages import text
    from firsthand.training_sets.pseudo_labels import CHECKS

    facts = {"labels": found.labels, "images": found.images, "empty": found.empty}
    lines = [text("labels.done", lang, **facts, method=found.method)]
    lines += _doubts(found, lang)
    lines += ["", *_table(found, lang), ""]
    if found.skips:
        times = Counter(skip.code for skip in found.skips)
        codes = ", ".join(f"{text(f'skip.{code}', lang)}: {n}" for code, n in times.items())
        lines.append(text("labels.left-out", lang, count=len(found.skips), codes=codes))
    if found.checks:
        path = str(found.out / CHECKS)
        lines.append(text("labels.check", lang, path=path, count=len(found.checks)))
    return "\n".join([*lines, *(text("label.next", lang, command=step) for step in steps)])


def _doubts(found: Labels, lang: Language) -> list[str]:
    from firsthand.messages import text

    said = [
        text(f"labels.{each.why}", lang, name=each.name, share=each.share) for each in found.doubts
    ]
    if not found.anchor_images:
        said.append(text("labels.no-anchor", lang))
    if not found.val:
        said.append(text("labels.no-val", lang))
    if found.media == "unknown":
        said.append(text("labels.no-media", lang))
    if found.boxes_only:
        said.append(text("labels.boxes-only", lang))
    return [f"  ▲ {one}" for one in said]


def _table(found: Labels, lang: Language) -> list[str]:
    from firsthand.messages import text
    from firsthand.report.words import padded, width

    head = ["", *(text(f"labels.{each}", lang) for each in ("labels", "wanted"))]
    head += [text(f"labels.{each}", lang) for each in ("recall", "precision")]
    rows = [head]
    for name, sizes in found.classes.items():
        part: Slice = (("class", name),) if len(found.classes) > 1 else ()
        shares = [_share(found, metric, part, lang) for metric in ("recall", "precision")]
        rows.append([name, f"{sum(sizes.values()):,}", f"{found.wanted[name]:,.0f}", *shares])
    wide = [max(width(row[at]) for row in rows) for at in range(len(head))]
    shown = (
        "  ".join(padded(cell, room) for cell, room in zip(row, wide, strict=True)).rstrip()
        for row in rows
    )
    return [text("labels.table", lang, count=found.anchor_images), *(f"  {row}" for row in shown)]


def _share(found: Labels, metric: str, part: Slice, lang: Language) -> str:
    from firsthand.messages import percent, text
    from firsthand.types import Measurement

    for each in found.quality:
        fits = each.metric == f"label_{metric}" and each.slice == part
        if fits and isinstance(each, Measurement):
            return f"{percent(each.value)} [{percent(each.low)}, {percent(each.high)}]"
    return text("labels.cannot-say", lang)
