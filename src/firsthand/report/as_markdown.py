"""An audit as Markdown, for a pull request or a step summary."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from firsthand.messages import Language, percent
from firsthand.report.story import Story, Told, said_once, tell
from firsthand.types import Audit

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&!@])")


def render(audit: Audit, lang: Language = "en") -> str:
    """Verdict as a heading, the rest as lists and tables; data are escaped."""
    story = tell(audit, lang)
    lines = [
        f"## {story.shape} {plain(story.word)}",
        plain(story.sentence),
        plain(story.subtitle),
        *_findings(story),
        *_cause(story),
        *_composition(story),
        *_undetermined(story),
        *_skips(story),
        f"<sub>{plain(story.provenance_line)}</sub>",
    ]
    return "\n\n".join(lines) + "\n"


def plain(words: str) -> str:
    r"""Words with nothing in them that Markdown would read as markup.

    >>> plain("a|b <script>")
    'a\\|b \\<script\\>'
    """
    return _SPECIAL.sub(r"\\\1", words)


def _findings(story: Story) -> Iterator[str]:
    if story.findings:
        yield f"### {story.say('section.findings')}"
    yield from (_finding(story, told) for told in said_once(story.findings))


def _finding(story: Story, told: Told) -> str:
    lines = [f"- {told.shape} **{plain(told.title)}** ({plain(told.severity)})"]
    lines += [f"  {plain(line)}" for line in (told.number, told.counted, told.why) if line]
    for advice in told.advice:
        lines.append(f"  {plain(story.say('label.do', advice=advice.text))}")
        if advice.command:
            lines.append(f"\n  ```sh\n  {advice.command}\n  ```\n")
    return "\n".join(lines)


def _cause(story: Story) -> Iterator[str]:
    if story.cause is None:
        return
    yield f"### {story.say('section.diagnosis')}"
    yield from (plain(line) for line in story.cause.lines)
    for remedy, command in story.cause.commands:
        yield f"{plain(story.say('label.do', advice=remedy))}\n\n```sh\n{command}\n```"


def _composition(story: Story) -> Iterator[str]:
    yield f"### {story.say('section.composition')}"
    head = [story.say(f"header.{name}") for name in ("class", "samples", "share")]
    rows = [(plain(s.text), f"{s.count:,}", percent(s.share)) for s in story.shares]
    yield _table(head, rows)
    yield plain(story.ancestry)


def _undetermined(story: Story) -> Iterator[str]:
    if story.undetermined:
        yield f"### {story.say('section.undetermined')}"
        head = [story.say(f"header.{name}") for name in ("reason", "needs", "metric")]
        rows = [
            (plain(each.reason), plain(each.needs), plain(", ".join(name for name, _ in each.what)))
            for each in story.undetermined
        ]
        yield _table(head, rows)


def _skips(story: Story) -> Iterator[str]:
    if story.skips:
        yield f"### {story.say('section.skips')}"
        head = [story.say(f"header.{name}") for name in ("what", "count", "places")]
        rows = [(plain(s.text), f"{s.count:,}", plain(", ".join(s.places))) for s in story.skips]
        yield _table(head, rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
