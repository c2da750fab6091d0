"""An audit as GitHub workflow commands: annotations on the pull request, then the verdict."""

from __future__ import annotations

from pathlib import Path

from firsthand.messages import Language
from firsthand.report.story import Story, Told, tell
from firsthand.types import Audit

_LEVEL = {"block": "error", "watch": "warning", "note": "notice"}
_VERDICT = {"block": "error", "cannot-say": "error", "pass": "notice"}


def render(audit: Audit, lang: Language = "en") -> str:
    """One line an annotation, the verdict first because only the first ten are shown."""
    story = tell(audit, lang)
    path = str(audit.candidate.get("source") or audit.candidate.get("path") or "")
    file = path if Path(path).suffix else ""
    lines = [_command(_VERDICT[audit.verdict], file, story.word, story.sentence)]
    lines += _cause(story, file)
    lines += [_finding(told, file) for told in story.findings]
    lines += _undetermined(story, file)
    return "\n".join(lines) + "\n"


def _finding(told: Told, file: str) -> str:
    advice = [f"{each.text}\n{each.command}".strip() for each in told.advice]
    body = "\n".join(line for line in (told.number, told.why, *advice) if line)
    return _command(_LEVEL[told.finding.severity], file, told.title, body)


def _cause(story: Story, file: str) -> list[str]:
    if story.cause is None:
        return []
    advice = [f"{story.say('label.do', advice=what)}\n{how}" for what, how in story.cause.commands]
    body = "\n".join([*story.cause.lines, *advice])
    return [_command("notice", file, story.say("section.diagnosis"), body)]


def _undetermined(story: Story, file: str) -> list[str]:
    return [
        _command(
            "notice", file, each.reason, each.needs + "\n" + ", ".join(m for m, _ in each.what)
        )
        for each in story.undetermined
    ]


def _command(level: str, file: str, title: str, body: str) -> str:
    place = f"file={_property(file)}," if file else ""
    return f"::{level} {place}title={_property(title)}::{_data(body)}"


def _data(words: str) -> str:
    return words.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(words: str) -> str:
    return _data(words).replace(":", "%3A").replace(",", "%2C")
