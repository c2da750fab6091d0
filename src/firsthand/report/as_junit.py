"""An audit as JUnit XML: a blocking finding is a failure, what is not determined is skipped."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from firsthand.messages import Language
from firsthand.report.left_out import Missing
from firsthand.report.story import Story, Told, tell
from firsthand.types import Audit


def render(audit: Audit, lang: Language = "en") -> str:
    """One test suite; its first case is the verdict itself."""
    story = tell(audit, lang)
    suite = Element("testsuite", name="firsthand", time=f"{audit.seconds:.3f}")
    _verdict(suite, story)
    _cause(suite, story)
    for told in story.findings:
        _finding(suite, told)
    for missing in story.undetermined:
        _undetermined(suite, missing)
    for tag, attribute in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        suite.set(attribute, str(len(suite.findall(f"testcase/{tag}"))))
    suite.set("tests", str(len(suite)))
    indent(suite)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(suite, encoding="unicode") + "\n"


def _verdict(suite: Element, story: Story) -> None:
    case = SubElement(suite, "testcase", classname="firsthand", name="verdict")
    # "Cannot say" must not be green: JUnit's word for a test that could not run is error.
    tag = {"block": "failure", "cannot-say": "error", "pass": "system-out"}[story.audit.verdict]
    said = SubElement(case, tag)
    said.text = story.sentence
    if tag != "system-out":
        said.set("message", f"{story.word}: {story.sentence}")


def _cause(suite: Element, story: Story) -> None:
    if story.cause is not None:
        title = story.say("section.diagnosis")
        case = SubElement(suite, "testcase", classname="firsthand.diagnosis", name=title)
        advice = [f"{what}\n{how}" for what, how in story.cause.commands]
        SubElement(case, "system-out").text = "\n".join([*story.cause.lines, *advice])


def _finding(suite: Element, told: Told) -> None:
    name = f"firsthand.{told.finding.code}"
    case = SubElement(suite, "testcase", classname=name, name=told.title)
    blocks = told.finding.severity == "block"
    said = SubElement(case, "failure" if blocks else "system-out")
    if blocks:
        said.set("message", told.title)
    advice = [f"{each.text}\n{each.command}".strip() for each in told.advice]
    said.text = "\n".join(line for line in (told.number, told.counted, told.why, *advice) if line)


def _undetermined(suite: Element, missing: Missing) -> None:
    for metric, slices in missing.what:
        name = f"{metric}: {slices}" if slices else metric
        case = SubElement(suite, "testcase", classname="firsthand.undetermined", name=name)
        SubElement(case, "skipped", message=f"{missing.reason}; {missing.needs}")
