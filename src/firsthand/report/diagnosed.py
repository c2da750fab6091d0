"""A diagnosis in words: two sentences and a command, then causes, evidence and what is missing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import nan
from shlex import join

from firsthand import __version__
from firsthand.diagnosing.answer import Cause, Code, Definition, Diagnosis, Evidence, Hypothesis
from firsthand.diagnosing.links import TOLERATED
from firsthand.diagnosing.rules import ALARMS
from firsthand.messages import Language, has, number, text
from firsthand.report import charts
from firsthand.report.left_out import noted
from firsthand.report.operated import kept_of
from firsthand.report.pacing import said_of
from firsthand.report.plain import plain, skips_by_code
from firsthand.report.sampled import sampled
from firsthand.report.sheet import Panel, note, sheet
from firsthand.report.shortage import needed, too_small
from firsthand.report.words import amount, clean, part

# The number that each cause is told with: the first that is known and broken.
KEY: dict[Cause, tuple[Code, ...]] = {
    "overfitting": ("D", "C"),
    "mode-collapse": ("B",),
    "biased-sampling": ("I", "B"),
    "catastrophic-forgetting": ("A",),
    "distribution-shift": ("P",),
    "model-collapse": ("A", "P"),
    "collapse-like": ("A",),
    "over-dispersion": ("T", "F"),
}
BROKEN = frozenset({"broken", "biased"})


@dataclass(frozen=True)
class Told:
    """A diagnosis with the language it is told in, and the sets as they were typed."""

    found: Diagnosis
    sources: dict[str, str]  # by option, such as "--reference"
    lang: Language = "en"

    def say(self, code: str, **params: object) -> str:
        """A text of the diagnosis in its language."""
        return text(f"diagnose.{code}", self.lang, **params)


def render(told: Told) -> str:
    """The verdict, two sentences and a command; then what they rest on."""
    blocks = [head(told), _next(told)]
    if told.found.hypotheses:
        blocks.append("\n".join(_causes(told)))
    blocks.append("\n".join(_evidence(told)))
    blocks += ["\n".join(sampled(told.found.sampling, told.say))] if told.found.sampling else []
    blocks += [said_of(told.found.pace, told.lang)] if told.found.pace else []
    blocks += ["\n".join(kept_of(told.found, told.lang))] if told.found.operating else []
    blocks.append(needed(told.found, told.lang))
    blocks += ["\n".join(f"? {line}" for line in settled(told))] if told.found.settles else []
    blocks += ["\n".join(_profile(told))] if told.found.profile else []
    blocks.append(noted(told.found.skips, 0, told.lang))
    return "\n\n".join(block for block in blocks if block) + "\n"


def document(told: Told) -> str:
    """The same for programs: codes and numbers, no sentences."""
    said = {"schema": told.found.schema, "tool_version": __version__} | plain(told.found)
    said["skips"] = plain(skips_by_code(told.found.skips))
    return json.dumps(said, ensure_ascii=False, allow_nan=False, indent=2) + "\n"


def head(told: Told) -> str:
    """The verdict, and two sentences."""
    found = told.found
    open_ = sum(each.state == "unknown" for each in found.evidence)
    counts = {"open": open_, "asked": len(found.evidence)}
    if found.verdict != "failure" or found.cause is None:
        alarms = any(each.sign in ALARMS for each in found.evidence)
        unexplained = found.verdict == "cannot-say" and alarms
        word = told.say(f"verdict.{'unexplained' if unexplained else found.verdict}")
        return f"{word}\n\n{told.say(f'says.{found.verdict}', **counts)}"
    *others, last = (told.say(f"name.{cause}") for cause in found.together)
    causes = told.say("and").join([told.say("list").join(others), last] if others else [last])
    return f"{told.say('verdict.failure', causes=causes)}\n\n{_sentences(told, found.cause)}"


def _sentences(told: Told, cause: Cause) -> str:
    made = told.found.of("E")
    by_time = cause == "model-collapse" and made.state != "model-made"
    code = "model-collapse-time" if by_time else cause
    return told.say(f"says.{code}", number=_number(told, cause), share=made.value or 0.0)


def _number(told: Told, cause: Cause) -> str:
    known = [one for code in KEY[cause] if (one := told.found.of(code)).value is not None]
    one = next((each for each in known if each.state in BROKEN), known[0])
    low, high = (amount(end or 0.0, one.unit) for end in (one.null_low, one.null_high))
    what = _what(told, one)
    return told.say(
        "number",
        what=what[:1].upper() + what[1:],
        value=amount(one.value or 0.0, one.unit),
        low=low,
        high=high,
    )


def _what(told: Told, one: Evidence | Definition) -> str:
    code = f"diagnose.shown.{one.metric}"
    name = text(code, told.lang) if has(code) else clean(one.metric)
    return f"{name} ({part(one.slice, told.lang)})" if one.slice else name


def commands(told: Told) -> list[tuple[str, str]]:
    """What to do about the first cause: codes of remedies, and commands.

    Words in capitals are yours to fill in.
    """
    cause, sources = told.found.cause, told.sources
    reference, train = sources["--reference"], sources["--train"]
    again = {
        "overfitting": "SAMPLES-OF-AN-EARLIER-EPOCH",
        "mode-collapse": "SAMPLES-AFTER-RETRAINING",
        "over-dispersion": "SAMPLES-AT-LOWER-TEMPERATURE",
        "biased-sampling": sources.get("--unfiltered", "UNFILTERED"),
    }
    audit = ["firsthand", "audit"]
    if cause in again:
        bare = {option: path for option, path in sources.items() if option != "--unfiltered"}
        found = [(str(cause), _again(bare, "--samples", again[cause]))]
        sampling = told.found.sampling
        labelled = sampling is not None and sampling.counted == "classes"
        return found + [("thresholds", _label(reference))] * labelled
    if cause == "catastrophic-forgetting":
        return [(cause, join([*audit, "TRAIN-AND-OLD-DATA", "--reference", reference]))]
    if cause == "distribution-shift":
        words = [*audit, train, "--reference", reference, "--report", "shift.html"]
        return [(cause, join(words))]
    if cause == "model-collapse":
        return [(cause, join(["firsthand", "plan", reference])), ("anchor", _anchored(sources))]
    if cause == "collapse-like":
        return [(cause, _again(sources, "--origin", "ORIGIN"))]
    small = too_small(told.found)
    if small:
        return [("more", _again(sources, small, "MORE-SAMPLES"))]
    missing = [each.option for each in told.found.settles]
    return [
        ("missing", _again(sources, missing[0], "PATH")) if missing else ("again", _again(sources))
    ]


def _label(reference: str) -> str:
    words = ["firsthand", "label", "WEIGHTS", "IMAGES", "--reference", reference, "--out", "NEXT"]
    return join(words)


def _anchored(sources: Mapping[str, str]) -> str:
    words = ["firsthand", "mix", "--policy", "anchor", "--human", sources["--reference"]]
    words += ["--generated", sources["--train"], "--out", "NEXT"]
    return join([*words, "--origin", sources["--origin"]] if "--origin" in sources else words)


def _again(sources: Mapping[str, str], option: str = "", value: str = "") -> str:
    given = {**sources, **({option: value} if option else {})}
    return join(["firsthand", "diagnose", *(word for pair in given.items() for word in pair)])


def _next(told: Told) -> str:
    return "\n".join(
        told.say("or" if at else "next", remedy=told.say(f"remedy.{remedy}"), command=command)
        for at, (remedy, command) in enumerate(commands(told))
    )


def _causes(told: Told) -> Iterator[str]:
    yield told.say("causes")
    for place, one in enumerate(told.found.hypotheses, start=1):
        yield f"{place}. {_cause(told, one)}"


def _cause(told: Told, one: Hypothesis) -> str:
    """Name and score, what speaks for it and what against it."""
    name = told.say(f"name.{one.cause}")
    if one.cause in told.found.together[1:]:
        name += f" ({told.say('together')})"
    sides = ((told.say("for"), one.evidence_for), (told.say("against"), one.evidence_against))
    said = "; ".join(
        f"{word}: {' '.join(codes) if codes else told.say('none')}" for word, codes in sides
    )
    return f"{name} [{number(one.score)}] {said}"


def _evidence(told: Told) -> Iterator[str]:
    found = told.found
    yield told.say("evidence", level=found.level, tolerated=TOLERATED)
    yield from _aligned(evidence_rows(told, [one.code for one in found.evidence]))


def evidence_rows(told: Told, codes: Sequence[Code]) -> list[list[str]]:
    """A heading, and the answer to each of these questions."""
    heads = (told.say(f"head.{name}") for name in ("question", "state", "value", "null", "p"))
    return [["", *heads], *(_row(told, told.found.of(code)) for code in codes)]


def _row(told: Told, one: Evidence) -> list[str]:
    question, state = told.say(f"question.{one.code}"), told.say(f"state.{one.state}")
    if one.value is None:
        return [one.code, question, state, _reason(told, one.reason), "", ""]
    value = f"{amount(one.value, one.unit)} {_what(told, one)}".strip()
    low, high = one.null_low, one.null_high
    band = "" if low is None or high is None else _band(low, high, one.unit)
    chance = "" if one.p_value is None else number(one.p_value)
    return [one.code, question, state, value, band, chance]


def _band(low: float, high: float, unit: str) -> str:
    return f"{amount(low, unit)} – {amount(high, unit)}"


def _reason(told: Told, reason: str) -> str:
    if has(f"diagnose.reason.{reason}"):
        return told.say(f"reason.{reason}")
    known = has(f"undetermined.{reason}.why")
    return text(f"undetermined.{reason}.why", told.lang) if known else clean(reason)


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(_wide(row[at]) for row in rows) for at in range(len(rows[0]))]
    for row in rows:
        cells = (cell + " " * (wide - _wide(cell)) for cell, wide in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


def _wide(words: str) -> int:
    return sum(2 if ord(letter) > 0x2E7F else 1 for letter in words)


def settled(told: Told) -> Iterator[str]:
    """What each input that is missing would tell apart."""
    for each in told.found.settles:
        causes = told.say("list").join(told.say(f"name.{cause}") for cause in each.between)
        yield told.say("settles", option=each.option, causes=causes)


def _profile(told: Told) -> Iterator[str]:
    yield told.say("profile")
    yield from _aligned([definition(told, one) for one in told.found.profile])


def definition(told: Told, one: Definition) -> list[str]:
    """One sense of collapse: its words, whether it was seen, and the number or what it needs."""
    words, state = told.say(f"definition.{one.name}"), told.say(f"seen.{one.state}")
    if one.value is None:
        return [words, state, told.say(f"needs.{one.needs}")]
    band = (
        "" if one.null_low is None else f" ({number(one.null_low)} – {number(one.null_high or 0)})"
    )
    return [words, state, f"{_what(told, one)} {number(one.value)}{band}"]


def picture(told: Told) -> str:
    """Every number that has a null, over the band that chance shows."""
    shown = [
        one for one in told.found.evidence if one.value is not None and one.null_low is not None
    ]
    title = told.say("plot.title")
    broken = sum(one.state in BROKEN for one in shown)
    desc = told.say("plot.desc", broken=broken, asked=len(shown))
    panels = [_panel(told, one, desc) for one in shown]
    return sheet(title, panels, [note(desc), note(head(told).splitlines()[0])], lang=told.lang)


def _panel(told: Told, one: Evidence, desc: str) -> Panel:
    """A question of its own: units differ between them."""
    value = one.value or 0.0
    row = charts.Interval(
        label=f"{one.code} · {_what(told, one)}",
        shown=f"{amount(value, one.unit)} · {told.say(f'state.{one.state}')}",
        value=value,
        low=nan,
        high=nan,
        null_low=one.null_low or 0.0,
        null_high=one.null_high or 0.0,
        severity="block" if one.state in BROKEN else "",
    )
    name = told.say(f"question.{one.code}")
    scale = charts.Scale(tick=lambda tick: amount(tick, one.unit))
    return Panel(name, charts.intervals([row], name, desc, scale), charts.height(1))
