"""What `audit` and `gate` share: their options, how their question is put, how they exit."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import MISSING, dataclass, fields, replace
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Concatenate,
    Literal,
    ParamSpec,
    cast,
    get_type_hints,
)

import typer

from firsthand.types import HUMAN, Audit, Provenance, Verdict

if TYPE_CHECKING:
    from firsthand.sides import Side

Options = ParamSpec("Options")
Origin = Literal["human", "synthetic", "model-labelled", "unknown"]

Candidate = Annotated[
    str,
    typer.Argument(
        metavar="CANDIDATE",
        help="Training set to judge: path, ledger version, saved profile or file of features.",
    ),
]
Reference = Annotated[
    str, typer.Option("--reference", "-r", help="Human-verified data to preserve.")
]
Anchor = Annotated[
    str | None, typer.Option("--anchor", help="Held-out human-verified set that must stay unseen.")
]
DataFormat = Annotated[
    str | None,
    typer.Option("--data-format", help="Format of the data, where looking does not tell."),
]
Declared = Annotated[
    Origin | None, typer.Option("--origin", help="Origin of the candidate where nothing says it.")
]
Generator = Annotated[
    str | None, typer.Option("--generator", metavar="NAME@VERSION", help="Model that made it.")
]
VerifiedBy = Annotated[str | None, typer.Option("--verified-by", help="Who checked the labels.")]
ProvenanceFile = Annotated[
    Path | None, typer.Option("--provenance", help="Side file that says origins by file.")
]
GroupBy = Annotated[
    str | None,
    typer.Option(
        "--group-by",
        metavar="PATTERN",
        help="What depends on each other: regex or path part of the key.",
    ),
]
Limits = Annotated[
    Path | None,
    typer.Option("--limits", help="Limits file; firsthand.yaml of this folder, else defaults."),
]
Metrics = Annotated[
    list[str] | None, typer.Option("--metric", help="Only this metric; may be repeated.")
]
Features = Annotated[
    str | None,
    typer.Option(
        metavar="NAME[=MODEL]",
        help="What turns media into points; by default what needs no model.",
    ),
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Of the random halves behind the null.")]
Strict = Annotated[bool, typer.Option("--strict", help="Bad content is an error, not a skip.")]
Report = Annotated[
    Path | None, typer.Option("--report", help="Write one offline HTML file for people.")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
Lang = Annotated[
    str | None, typer.Option("--lang", help="en or zh; else the language of the locale.")
]

EXIT: dict[Verdict, int] = {"pass": 0, "block": 1, "cannot-say": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Everything that decides an audit, as it was typed: each field is an option of the command."""

    candidate: Candidate
    reference: Reference
    anchor: Anchor = None
    data_format: DataFormat = None
    origin: Declared = None
    generator: Generator = None
    verified_by: VerifiedBy = None
    provenance: ProvenanceFile = None
    group_by: GroupBy = None
    features: Features = None
    limits: Limits = None
    metric: Metrics = None
    seed: Seed = 0
    strict: Strict = False


def asks(show: Callable[Concatenate[Question, Options], None]) -> Callable[..., None]:
    """A command that takes the options of a `Question`, and then those of `show` itself."""
    own = list(inspect.signature(show, eval_str=True).parameters.values())[1:]
    names = {each.name for each in fields(Question)}

    def command(**given: Any) -> None:
        question = Question(**{name: given.pop(name) for name in names})
        cast(Callable[..., None], show)(question, **given)

    named = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in [*_options_of(), *own]]
    command.__signature__ = inspect.Signature(named)  # type: ignore[attr-defined]
    command.__doc__ = show.__doc__
    return command


def _options_of() -> Iterator[inspect.Parameter]:
    kinds = get_type_hints(Question, include_extras=True)
    for each in fields(Question):
        default = inspect.Parameter.empty if each.default is MISSING else each.default
        kind = inspect.Parameter.KEYWORD_ONLY
        yield inspect.Parameter(each.name, kind, default=default, annotation=kinds[each.name])


def judge(asked: Question) -> Audit:
    """Read, measure, decide. Commands in the advice name the sets as they were typed."""
    from firsthand.audit import audit

    declared = _declared(asked)
    try:
        result = audit(
            _opened(asked, asked.candidate, declared, asked.provenance),
            _opened(asked, asked.reference, HUMAN),
            anchor=None if asked.anchor is None else _opened(asked, asked.anchor, HUMAN),
            limits=asked.limits,
            origin=declared,
            metrics=asked.metric,
            seed=asked.seed,
            report=progress,
        )
    finally:
        progress("")
    return replace(
        result,
        candidate={**result.candidate, "source": asked.candidate, "options": _options(asked)},
        reference={**result.reference, "source": asked.reference},
        anchor=None if result.anchor is None else {**result.anchor, "source": asked.anchor},
    )


def _options(asked: Question) -> list[str]:
    """What else was typed that the answer depends on."""
    given = {
        "--origin": asked.origin,
        "--generator": asked.generator,
        "--verified-by": asked.verified_by,
        "--provenance": asked.provenance,
        "--group-by": asked.group_by,
        "--features": asked.features,
        "--limits": asked.limits,
        "--data-format": asked.data_format,
        "--seed": asked.seed or None,
    }
    named = [(name, str(value)) for name, value in given.items() if value is not None]
    named += [("--metric", metric) for metric in asked.metric or ()]
    return [word for pair in named for word in pair]


def _opened(
    asked: Question, source: str, declared: Provenance | None, side_file: Path | None = None
) -> Side:
    from firsthand.sources import side_of

    return side_of(
        source,
        asked.features,
        format=asked.data_format,
        strict=asked.strict,
        provenance=side_file,
        declared=declared,
        group_by=asked.group_by,
    )


def _declared(asked: Question) -> Provenance | None:
    from firsthand.errors import InputError
    from firsthand.provenance import declare

    if asked.origin is not None:
        return declare(asked.origin, asked.generator, asked.verified_by)
    if asked.generator or asked.verified_by:
        raise InputError(
            "--generator and --verified-by add to an origin, and none is given",
            todo="Add --origin synthetic, model-labelled or human.",
        )
    return None


def progress(step: str) -> None:
    """One line on a terminal that is written over; nothing where nobody watches."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{step}", end="", file=sys.stderr, flush=True)


def colourful() -> bool:
    """May stdout carry colours? See no-color.org."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return sys.stdout.isatty() and not plain


def write_report(result: Audit, path: Path, lang: str | None) -> None:
    """Write the HTML report.

    Raises:
        InputError: there is nowhere to write it.
    """
    from firsthand.errors import InputError
    from firsthand.messages import language
    from firsthand.report import write

    try:
        write(result, path, language(lang))
    except OSError as error:
        raise InputError(
            f"the report cannot be written: {error.strerror}",
            expected="a file in a folder that exists and can be written to",
            where=str(path),
        ) from error
