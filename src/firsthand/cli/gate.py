"""`firsthand gate`: the decision of `audit`, in the formats of continuous integration."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from firsthand.cli import _judging as judging

Output = Literal["text", "json", "junit", "markdown", "github"]


def command(
    candidate: judging.Candidate,
    reference: judging.Reference,
    anchor: judging.Anchor = None,
    format: Annotated[Output, typer.Option("--format", help="How to say the decision.")] = "text",
    data_format: Annotated[
        str | None,
        typer.Option("--data-format", help="Format of the data, where looking does not tell."),
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
    """Stop a pipeline unless this training set may be trained on: audit for CI.

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
            format=data_format,
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
    print(render(result, "json" if as_json else format, spoken), end="")
    raise typer.Exit(judging.EXIT[result.verdict])
