"""An audit put into words once; every format lays out the same story.

Numbers are formatted here and nowhere else, so that the verdict, a table and a chart cannot
disagree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from firsthand.messages import Language, advice_for, advice_for_missing, command, has, text
from firsthand.report.ahead import Aside, aside
from firsthand.report.cause import Cause, cause
from firsthand.report.left_out import Missing, Skipped, missing, skipped
from firsthand.report.words import clean, counted_line, facts, number_line, numbers, part
from firsthand.types import (
    PROVENANCE_CLASSES,
    Audit,
    Finding,
    ProvenanceClass,
    Verdict,
)

SHAPES: Mapping[Verdict, str] = {"pass": "●", "block": "■", "cannot-say": "◆"}
SEVERITY_SHAPES = {"block": "■", "watch": "▲", "note": "●"}


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do next: a sentence and, where one can be typed, a command."""

    text: str
    command: str


@dataclass(frozen=True, slots=True)
class Told:
    """One finding in words."""

    finding: Finding
    shape: str
    severity: str
    title: str
    number: str  # empty where nothing was measured
    counted: str
    why: str
    advice: tuple[Advice, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """How much of the set is of one provenance class."""

    name: ProvenanceClass
    text: str
    count: int
    share: float


@dataclass(frozen=True, slots=True)
class Story:
    """All that is said about an audit, in one language."""

    audit: Audit
    lang: Language
    word: str
    shape: str
    sentence: str
    title: str
    subtitle: str
    anchor: str
    findings: tuple[Told, ...]
    next: tuple[Advice, ...]
    shares: tuple[Share, ...]
    ancestry: str
    ahead: Aside | None  # what comes if it goes on like this
    cause: Cause | None  # which failure the losses are
    undetermined: tuple[Missing, ...]
    skips: tuple[Skipped, ...]
    provenance_line: str  # tool, schema, seed, seconds

    def say(self, code: str, **params: object) -> str:
        """A catalogue text in the story's language."""
        return text(code, self.lang, **params)


def tell(audit: Audit, lang: Language = "en") -> Story:
    """Put an audit into words."""
    order = ("block", "watch", "note")
    ranked = sorted(audit.findings, key=lambda finding: order.index(finding.severity))
    findings = tuple(_told(finding, audit, lang) for finding in ranked)
    return Story(
        audit=audit,
        lang=lang,
        word=text(f"verdict.{audit.verdict}.word", lang),
        shape=SHAPES[audit.verdict],
        sentence=_sentence(audit, findings, lang),
        title=text("label.title", lang, candidate=_name(audit.candidate)),
        subtitle=_subtitle(audit, lang),
        anchor=_anchor(audit, lang),
        findings=findings,
        next=_next(audit, findings, lang),
        shares=_shares(audit, lang),
        ancestry=_ancestry(audit, lang),
        ahead=aside(audit.ahead, _path(audit.reference), lang),
        cause=_cause(audit, lang),
        undetermined=missing(audit.undetermined, lang),
        skips=skipped(audit.skips, lang),
        provenance_line=_made(audit, lang),
    )


def _told(finding: Finding, audit: Audit, lang: Language) -> Told:
    said = _params(finding, audit, lang)
    measured = finding.measurement
    code = finding.code if has(f"finding.{finding.code}.title") else "other"
    if code == "other" and measured is not None:
        code = "metric-moved"
    return Told(
        finding=finding,
        shape=SEVERITY_SHAPES[finding.severity],
        severity=text(f"severity.{finding.severity}", lang),
        title=_capital(text(f"finding.{code}.title", lang, **said)),
        number=number_line(measured, lang) if measured else "",
        counted=counted_line(measured, lang) if measured else "",
        why=text("label.announced" if "expected" in said else f"finding.{code}.why", lang, **said),
        advice=_advice(finding, audit, lang),
    )


def _params(finding: Finding, audit: Audit, lang: Language) -> dict[str, object]:
    """Everything a finding's text may speak of; all data made harmless."""
    said: dict[str, object] = {
        "code": clean(finding.code),
        "part": part(finding.slice, lang),
        "candidate": _name(audit.candidate),
        "reference": _name(audit.reference),
        "details": ", ".join(f"{clean(k)} = {clean(v)}" for k, v in finding.params.items()),
    }
    said |= {key: clean(value) for key, value in finding.slice}
    if finding.measurement is not None:
        said |= numbers(finding.measurement, lang)
        said["question"] = facts(finding.measurement.metric, lang)[0]
        said["worse"] = text(f"worse.{finding.measurement.worse}", lang)
    return said | {
        key: value if isinstance(value, int | float) else clean(value)
        for key, value in finding.params.items()
    }


def _advice(finding: Finding, audit: Audit, lang: Language) -> tuple[Advice, ...]:
    """Its own advice, else the one that goes with its code; none for what was announced."""
    if "expected" in finding.params:
        return ()
    return advised(finding.advice or advice_for(finding.code), audit, lang)


def advised(codes: Sequence[str], audit: Audit, lang: Language) -> tuple[Advice, ...]:
    """Advice in words; what the catalogue cannot say is shown as its code."""
    typed = retyped(audit)
    return tuple(
        Advice(
            text(f"advice.{code}", lang) if has(f"advice.{code}") else clean(code),
            clean(command(code, typed)),
        )
        for code in codes
    )


def retyped(audit: Audit) -> list[str]:
    """The words that ask the same question again, declarations and limits included."""
    words = ["firsthand", "audit", _path(audit.candidate), "--reference", _path(audit.reference)]
    words += ["--anchor", _path(audit.anchor)] if audit.anchor is not None else []
    options = audit.candidate.get("options")
    return words + [str(word) for word in options] if isinstance(options, list) else words


def _cause(audit: Audit, lang: Language) -> Cause | None:
    options = audit.candidate.get("options")
    words = [str(word) for word in options] if isinstance(options, list) else []
    own = all(each.code != "other-source" for each in audit.findings)
    return cause(audit.diagnosis, _path(audit.reference), _path(audit.candidate), words, lang, own)


def _sentence(audit: Audit, findings: Sequence[Told], lang: Language) -> str:
    blocking = [told for told in findings if _blocks(told)]
    return text(
        f"verdict.{audit.verdict}.sentence",
        lang,
        broken=len({told.finding.limit or told.finding.code for told in blocking}),
        measured=len(audit.measurements),
        undetermined=len(audit.undetermined),
        first=_first(audit, blocking, lang),
    )


def _first(audit: Audit, blocking: Sequence[Told], lang: Language) -> str:
    """What the verdict rests on, in one clause."""
    if blocking:
        return blocking[0].title
    required = {name for name, limit in limits(audit).items() if limit.get("required")}
    needed = [each for each in audit.undetermined if each.metric in required]
    if not needed:
        return text("verdict.cannot-say-unnamed", lang)
    first = missing(needed[:1], lang)[0]
    return text("label.needing", lang, reason=first.reason, needs=first.needs)


def _next(audit: Audit, findings: Sequence[Told], lang: Language) -> tuple[Advice, ...]:
    """At most three things to do, the most pressing first, none twice."""
    reasons = dict.fromkeys(each.reason for each in audit.undetermined)
    codes = [code for reason in reasons for code in advice_for_missing(reason)]
    blocking = [each for told in findings if _blocks(told) for each in told.advice]
    others = [each for told in findings if not _blocks(told) for each in told.advice]
    return tuple(dict.fromkeys([*blocking, *advised(codes, audit, lang), *others]))[:3]


def _blocks(told: Told) -> bool:
    return told.finding.severity == "block"


def said_once(findings: Sequence[Told]) -> Iterator[Told]:
    """Findings for one page: what an earlier one explained or advised is not said again."""
    said: set[str | Advice] = set()
    for told in findings:
        advice = tuple(each for each in told.advice if each not in said)
        yield replace(told, why="" if told.why in said else told.why, advice=advice)
        said |= {told.why, *told.advice}


def _shares(audit: Audit, lang: Language) -> tuple[Share, ...]:
    made_of = audit.composition
    return tuple(
        Share(name, text(f"provenance.{name}", lang), count, count / made_of.total)
        for name in PROVENANCE_CLASSES
        if (count := made_of.by_class.get(name, 0))
    )


def _ancestry(audit: Audit, lang: Language) -> str:
    made_of = audit.composition
    if made_of.ancestry is not None:
        deepest = max((int(each) for each in made_of.by_generation if each.isdigit()), default=0)
        code = "label.ancestry-through" if deepest else "label.ancestry"
        return text(code, lang, ancestry=made_of.ancestry, deepest=deepest)
    code = "label.ancestry-unknown" if made_of.ancestry_known else "label.ancestry-none"
    return text(code, lang, known=made_of.ancestry_known, total=made_of.total)


def limits(audit: Audit) -> dict[str, Mapping[str, Any]]:
    """The limits that the verdict was taken by, by name."""
    used = audit.limits.get("limits")
    return dict(used) if isinstance(used, Mapping) else {}


def _subtitle(audit: Audit, lang: Language) -> str:
    return text(
        "label.subtitle",
        lang,
        candidate=_name(audit.candidate),
        reference=_name(audit.reference),
        n_candidate=audit.candidate.get("samples", 0),
        n_reference=audit.reference.get("samples", 0),
    )


def _anchor(audit: Audit, lang: Language) -> str:
    if audit.anchor is None:
        return ""
    count = audit.anchor.get("samples", 0)
    return text("label.anchor", lang, anchor=_name(audit.anchor), count=count)


def _made(audit: Audit, lang: Language) -> str:
    said = [
        text("label.made-by", lang, version=audit.version, schema=audit.schema),
        text("label.seed", lang, seed=audit.seed),
        text("label.seconds", lang, seconds=audit.seconds),
    ]
    return text("label.join", lang).join(said)


def _name(side: Mapping[str, object]) -> str:
    # As it was typed where that is known: two sets may both be called data.yaml.
    return clean(side.get("source") or side.get("name") or side.get("path") or "?")


def _path(side: Mapping[str, object]) -> str:
    return str(side.get("source") or side.get("path") or side.get("name") or "?")


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
