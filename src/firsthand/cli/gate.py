"""`firsthand gate`: the decision of `audit`, in the formats of continuous integration."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from firsthand.cli import _judging as judging

Output = Literal["text", "json", "junit", "markdown", "github"]


@judging.asks
def command(
    question: judging.Question,
    format: Annotated[Output, typer.Option("--format", help="How to say the decision.")] = "text",
    report: judging.Report = None,
    as_json: judging.Json = False,
    lang: judging.Lang = None,
) -> None:
    """Stop a pipeline unless this training set may be trained on: audit for CI.

    Exit code: 0 pass, 1 blocked, 2 wrong use or I/O, 3 cannot say.
    """
    from firsthand.messages import language
    from firsthand.report import render

    result = judging.judge(question)
    if report is not None:
        judging.write_report(result, report, lang)
    print(render(result, "json" if as_json else format, language(lang)), end="")
    raise typer.Exit(judging.EXIT[result.verdict])
