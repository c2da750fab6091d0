"""`firsthand audit`: the main job, for people."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from firsthand.cli import _judging as judging


@judging.asks
def command(
    question: judging.Question,
    format: Annotated[str | None, typer.Option(help="The same as --data-format.")] = None,
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
    result = judging.judge(replace(question, data_format=format or question.data_format))
    if report is not None:
        judging.write_report(result, report, lang)
    if as_json:
        print(render(result, "json"), end="")
    else:
        colour, where = judging.colourful(), str(report or "")
        print(render(result, "text", spoken, colour=colour, report=where), end="")
    raise typer.Exit(judging.EXIT[result.verdict])
