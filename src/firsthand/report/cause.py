"""Which failure an audit's losses are, in the words of `diagnose`: a section of its report."""

from __future__ import annotations

from dataclasses import dataclass

from firsthand.diagnosing.answer import Code, Diagnosis
from firsthand.diagnosing.links import TOLERATED
from firsthand.messages import Language, number, text
from firsthand.report import diagnosed

ASKED: tuple[Code, ...] = ("A", "P", "E")  # an audit knows neither model nor history
Rows = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Cause:
    """A diagnosis of a training set, laid out; `commands` are pairs of a sentence and a command."""

    lines: tuple[str, ...]  # the verdict, and two sentences
    commands: tuple[tuple[str, str], ...]
    causes_title: str
    causes_header: tuple[str, ...]
    causes: Rows
    evidence_title: str
    evidence_header: tuple[str, ...]
    evidence: Rows
    settles: tuple[str, ...]


def cause(
    found: Diagnosis | None,
    reference: str,
    train: str,
    options: list[str],
    lang: Language,
    own: bool = True,
) -> Cause | None:
    """The section, or None where nothing was diagnosed.

    Args:
        found: the diagnosis of an audit.
        reference: the reference as it was typed.
        train: the training set as it was typed.
        options: pairs of options and values that were typed for the audit.
        lang: of all sentences.
        own: whether a model behind the set is known to descend from the project's own.
    """
    if found is None:
        return None
    sources = {"--reference": reference, "--train": train}
    given = dict(zip(options[::2], options[1::2], strict=True))
    sources |= {name: given[name] for name in ("--origin", "--features") if name in given}
    told = diagnosed.Told(found, sources, lang)
    if found.verdict == "healthy":  # something is lost, but less than a cause is asked for
        return Cause((text("diagnose.small", lang),), (), "", (), (), "", (), (), ())
    header, *rows = diagnosed.evidence_rows(told, ASKED)
    lines = [line for line in diagnosed.head(told).splitlines() if line]
    if found.cause == "model-collapse" and not own:
        lines.append(told.say("lineage"))
    return Cause(
        lines=tuple(lines),
        commands=tuple(
            (told.say(f"remedy.{remedy}"), command) for remedy, command in diagnosed.commands(told)
        ),
        causes_title=told.say("causes"),
        causes_header=tuple(told.say(name) for name in ("cause", "score", "for", "against")),
        causes=tuple(_cause(told, place) for place in range(len(found.hypotheses))),
        evidence_title=told.say("evidence", level=found.level, tolerated=TOLERATED),
        evidence_header=tuple(header),
        evidence=tuple(tuple(row) for row in rows),
        settles=tuple(diagnosed.settled(told)),
    )


def _cause(told: diagnosed.Told, place: int) -> tuple[str, ...]:
    one = told.found.hypotheses[place]
    name = told.say(f"name.{one.cause}")
    if one.cause in told.found.together[1:]:
        name += f" ({told.say('together')})"
    sides = (
        ", ".join(told.say(f"question.{code}") for code in codes) or told.say("none")
        for codes in (one.evidence_for, one.evidence_against)
    )
    return (name, number(one.score), *sides)
