"""An audit for a terminal: verdict first, then what it rests on."""

from __future__ import annotations

from collections.abc import Iterator

from firsthand.messages import Language, percent
from firsthand.report.left_out import listed
from firsthand.report.story import Advice, Story, said_once, tell
from firsthand.report.words import width
from firsthand.types import Audit

MOST_FINDINGS = 12
BAR = 20
_COLOURS = {"block": "31", "cannot-say": "33", "watch": "33", "pass": "32", "note": "36"}


def render(audit: Audit, lang: Language = "en", *, colour: bool = False, report: str = "") -> str:
    """The whole audit as lines of text; `report` names a file that was written beside it."""
    story = tell(audit, lang)
    sections = [
        _verdict(story, colour),
        _section(story, "findings", _findings(story, colour)),
        _section(story, "next", _next(story)),
        _section(story, "diagnosis", _cause(story)),
        _section(story, "composition", _composition(story)),
        _section(story, "ahead", _ahead(story)),
        _section(story, "undetermined", _undetermined(story)),
        _section(story, "skips", listed(audit.skips, lang)),
        _section(story, "report", iter([f"  {report}"] if report else [])),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _verdict(story: Story, colour: bool) -> str:
    word = _paint(f"{story.shape} {story.word}", story.audit.verdict, colour)
    lines = [f"{word}  {story.sentence}", f"  {story.subtitle}"]
    return "\n".join([*lines, f"  {story.anchor}"] if story.anchor else lines)


def _section(story: Story, name: str, lines: Iterator[str]) -> str:
    body = list(lines)
    return "\n".join([story.say(f"section.{name}"), *body]) if body else ""


def _findings(story: Story, colour: bool) -> Iterator[str]:
    for told in said_once(story.findings[:MOST_FINDINGS]):
        mark = _paint(f"{told.shape} {told.severity}", told.finding.severity, colour)
        yield f"  {mark}  {told.title}"
        counted = told.counted if told.finding.severity == "block" else ""
        yield from (f"      {line}" for line in (told.number, counted, told.why) if line)
        for advice in told.advice:
            if advice not in story.next:
                yield from _advice(story, advice)
    if len(story.findings) > MOST_FINDINGS:
        more = len(story.findings) - MOST_FINDINGS
        yield f"  {story.say('label.more-findings', count=more)}"


def _advice(story: Story, advice: Advice) -> Iterator[str]:
    yield f"      {story.say('label.do', advice=advice.text)}"
    if advice.command:
        yield f"        $ {advice.command}"


def _next(story: Story) -> Iterator[str]:
    for place, advice in enumerate(story.next, start=1):
        yield f"  {place}. {advice.text}"
        yield from [f"     $ {advice.command}"] if advice.command else []


def _cause(story: Story) -> Iterator[str]:
    if story.cause is None:
        return
    yield from (f"  {line}" for line in story.cause.lines)
    for remedy, command in story.cause.commands:
        yield f"  {story.say('label.do', advice=remedy)}"
        yield f"    $ {command}"


def _composition(story: Story) -> Iterator[str]:
    wide = max((width(share.text) for share in story.shares), default=0)
    for share in story.shares:
        name = share.text + " " * (wide - width(share.text))
        bar = "█" * round(BAR * share.share)
        yield f"  {name}  {share.count:>9,}  {percent(share.share):>5}  {bar}".rstrip()
    yield f"  {story.ancestry}"


def _ahead(story: Story) -> Iterator[str]:
    if story.ahead is None:
        return
    yield from (f"  {line}" for line in (*story.ahead.lines, *story.ahead.table))
    yield f"  {story.say('forecast.plan')}"
    yield f"    $ {story.ahead.command}"


def _undetermined(story: Story) -> Iterator[str]:
    for missing in story.undetermined:
        yield f"  ? {missing.reason}"
        yield f"      {story.say('label.needs', needs=missing.needs)}"
        whole = [metric for metric, slices in missing.what if not slices]
        yield from [f"      {', '.join(whole)}"] if whole else []
        yield from (f"      {metric}: {slices}" for metric, slices in missing.what if slices)


def _paint(words: str, kind: str, colour: bool) -> str:
    return f"\x1b[1;{_COLOURS[kind]}m{words}\x1b[0m" if colour else words
