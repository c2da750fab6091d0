"""`firsthand audit`: the main job, for people."""

from __future__ import annotations

from typing import Annotated

import typer

from firsthand.cli import _judging as judging


def command(
    candidate: judging.Candidate,
    reference: judging.Reference,
    anchor: judging.Anchor = None,
    format: Annotated[
        str | None,
        typer.Option(
            "--format", "--data-format", help="Format of the data, where looking does not tell."
        ),
    ] = None,
    origin: judging.Declared = None,
    generator: judging.Generator = None,
    verified_by: judging.VerifiedBy = None,
    provenance: judging.ProvenanceFile = None,
    group_by: judging.GroupBy = None,
    limits: judging.Limits = None,
    metric: judging.Metrics = None,
    seed: judging.Seed = 0,
    strict: judging.Strict = False,
    report: judging.Report = None,
    as_json: judging.Json = False,
    lang: judging.Lang = None,
) -> None:
    """Shall this training set be trained on? Verdict, losses, origins, what to do.

    Exit code: 0 pass, 1 blocked, 2 wrong use or I/O, 3 cannot say.
    """
    from firsthand.messages import language
    from firsthand.report import render

    spoken = language(lang)
    result = judging.judge(
        judging.Question(
            candidate=candidate,
            reference=reference,
            anchor=anchor,
            format=format,
            origin=origin,
            generator=generator,
            verified_by=verified_by,
            provenance=provenance,
            group_by=group_by,
            limits=limits,
            metrics=metric,
            seed=seed,
            strict=strict,
        )
    )
    if report is not None:
        judging.write_report(result, report, lang)
    if as_json:
        print(render(result, "json"), end="")
    else:
        colour, where = judging.colourful(), str(report or "")
        print(render(result, "text", spoken, colour=colour, report=where), end="")
    raise typer.Exit(judging.EXIT[result.verdict])
