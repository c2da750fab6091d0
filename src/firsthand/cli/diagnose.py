"""`firsthand diagnose`: which failure is it, and what speaks for and against each?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from firsthand.cli import _judging as judging
from firsthand.cli._histories import of_chain, rows_of

if TYPE_CHECKING:
    from firsthand.trajectory import Row

EXIT = {"healthy": 0, "failure": 1, "cannot-say": 3}


def command(
    reference: judging.Reference,
    train: Annotated[str, typer.Option("--train", "-t", help="What the model was trained on.")],
    samples: Annotated[
        str | None, typer.Option("--samples", help="What the model puts out, as it is used.")
    ] = None,
    heldout: Annotated[
        str | None,
        typer.Option("--heldout", help="Data like the training set that no model was trained on."),
    ] = None,
    history: Annotated[
        str | None,
        typer.Option(
            "--history",
            metavar="RUN|LEDGER|FILE",
            help="Numbers of every generation: a run, a ledger, a trajectory.parquet.",
        ),
    ] = None,
    unfiltered: Annotated[
        str | None,
        typer.Option(
            "--unfiltered", help="Output of the same model at temperature 1, without filters."
        ),
    ] = None,
    predictions: Annotated[
        Path | None,
        typer.Option(
            "--predictions",
            metavar="FILE.jsonl",
            help="Of a detector: what its threshold keeps by class and size, and which keeps all.",
        ),
    ] = None,
    confidence: Annotated[
        float, typer.Option(help="The threshold in use, of --predictions.", min=0, max=1)
    ] = 0.25,
    origin: Annotated[
        judging.Origin | None,
        typer.Option("--origin", help="Origin of the training set where nothing says it."),
    ] = None,
    features: judging.Features = None,
    policy: Annotated[
        str | None, typer.Option(help="Of a history of several: policy, run or chain.")
    ] = None,
    profile: Annotated[
        Path | None,
        typer.Option(
            "--profile", metavar="FILE.html", help="Also write the eight senses of collapse."
        ),
    ] = None,
    seed: judging.Seed = 0,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE.svg", help="Draw it as one SVG.")
    ] = None,
    as_json: judging.Json = False,
    lang: judging.Lang = None,
) -> None:
    """Which failure is it? Ranked causes, with the evidence for and against each.

    The way from the reference over the training set to the model's samples is split, and each link
    is set against chance. What is not given is said to be missing, with what it would settle.

    Exit code: 0 healthy, 1 a failure was found, 2 wrong use or I/O, 3 cannot say.
    """
    from firsthand.diagnose import diagnose
    from firsthand.messages import language
    from firsthand.report import collapse_page, diagnosed

    spoken = language(lang)
    try:
        found = diagnose(
            reference,
            train,
            samples,
            heldout,
            None if history is None else _history(history, reference, policy, features, seed),
            unfiltered,
            origin=origin,
            features=features,
            profile=profile is not None,
            predictions=predictions,
            confidence=confidence,
            seed=seed,
            report=judging.progress,
        )
    finally:
        judging.progress("")
    given = {
        "--reference": reference, "--train": train, "--samples": samples, "--heldout": heldout,
        "--history": history, "--unfiltered": unfiltered, "--origin": origin,
        "--predictions": predictions, "--features": features, "--policy": policy,
        "--confidence": confidence if predictions else None, "--seed": seed or None,
    }  # fmt: skip
    typed = {option: str(value) for option, value in given.items() if value is not None}
    told = diagnosed.Told(found, typed, spoken)
    if plot is not None:
        plot.write_text(diagnosed.picture(told), encoding="utf-8")
    if profile is not None:
        profile.write_text(collapse_page.page(told), encoding="utf-8")
    print(diagnosed.document(told) if as_json else diagnosed.render(told), end="")
    raise typer.Exit(EXIT[found.verdict])


def _history(
    source: str, reference: str, policy: str | None, features: str | None, seed: int
) -> list[Row]:
    also = ("coverage",)  # the one of points of which it is known how fast chance loses
    rows, _ = rows_of([source], reference, None, features, seed, also)
    return of_chain(rows, policy, source)
