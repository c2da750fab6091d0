"""What a guarded run says while it goes on: lines on stderr, each from the message catalogue."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from firsthand.detections import compare
from firsthand.integrations.ultralytics.gate import Admitted, Question
from firsthand.integrations.ultralytics.run import NEEDED, Run
from firsthand.integrations.ultralytics.verdict import Contrast
from firsthand.integrations.ultralytics.watch import CONFIDENCE, Look, Watch
from firsthand.messages import Language, percent, text
from firsthand.report.left_out import missing, skipped
from firsthand.report.story import tell
from firsthand.report.words import part
from firsthand.splits import training_samples
from firsthand.types import ALL, Measurement, Slice, Undetermined

FALLEN = "▼"
MOST = 3
RATE = 0.05

Answers = Sequence[Measurement | Undetermined]


def say(code: str, lang: Language, **params: object) -> None:
    """One line for whoever watches."""
    line(text(code, lang, **params))


def line(words: str) -> None:
    """The same for words that are there."""
    print(f"firsthand: {words}", file=sys.stderr, flush=True)


def opened(given: Admitted, asked: Question) -> None:
    """What the audit of the training set came to."""
    story = tell(given.audit, asked.lang)
    if asked.reference is None:
        whole = len(training_samples(given.reference)) > 0
        code = "guard.own-people" if whole else "guard.own-val"
        say(code, asked.lang, count=len(given.reference.samples))
    say("guard.audited", asked.lang, name=given.named.name, shape=story.shape, word=story.word)
    for each in skipped(given.candidate.skips, asked.lang):
        say("guard.left-out", asked.lang, count=each.count, why=each.text, first=each.places[0])


def admitted(given: Admitted, asked: Question) -> None:
    """What could not be told, where training begins all the same."""
    lang = asked.lang
    if given.audit.verdict == "cannot-say":
        code = "guard.small" if given.all_human else "guard.allowed"
        say(code, lang, count=len(training_samples(given.candidate)))
    for each in missing(given.audit.undetermined, lang):
        what = ", ".join(name for name, _ in each.what)
        say("guard.open", lang, why=each.reason, what=what, needs=each.needs)


def watching(watch: Watch, lang: Language) -> None:
    """What the anchor is."""
    say("guard.anchor", lang, images=watch.human.images, objects=len(watch.human))


def looked(look: Look, before: Sequence[Look], earlier: Mapping[str, Look], lang: Language) -> None:
    """Recall after an epoch, and the slices that fell furthest behind what was there before."""
    whole = answer(look.recall, ALL)
    if isinstance(whole, Undetermined):
        told = missing([whole], lang)[0]
        say("guard.look-none", lang, epoch=look.epoch, why=told.reason, needs=told.needs)
        return
    fallen = _fallen(look, before, earlier)
    shown = [f"{part(one, lang)} {number(look.recall, one)} {FALLEN}" for one in fallen]
    shown += [f"{part(one, lang)} {number(look.recall, one)}" for one in _lowest(look, fallen)]
    recall = "; ".join([number(look.recall, ALL), *shown[:MOST]])
    say("guard.look", lang, epoch=look.epoch, recall=recall)


def number(answers: Answers, which: Slice) -> str:
    """A recall with its interval, as short as it can be.

    >>> number([], ALL)
    '?'
    """
    one = answer(answers, which)
    if not isinstance(one, Measurement):
        return "?"
    value, low, high = (f"{end:.2f}".removeprefix("0") for end in (one.value, one.low, one.high))
    return f"{value} [{low}, {high}]"


def answer(answers: Answers, which: Slice) -> Measurement | Undetermined | None:
    """What is said of one slice."""
    return next((each for each in answers if each.slice == which), None)


def _fallen(look: Look, before: Sequence[Look], earlier: Mapping[str, Look]) -> list[Slice]:
    """Slices found less often than by an earlier model, or than at this run's best look so far."""
    against = list(earlier.values()) or _best(before)
    worst: dict[Slice, float] = {}
    for other in against:
        for each in compare(other.scored, look.scored, "recall", CONFIDENCE):
            sure = (
                isinstance(each, Measurement)
                and (each.adjusted_p if each.adjusted_p is not None else 1.0) <= RATE
            )
            if sure and isinstance(each, Measurement) and each.slice != ALL:
                worst[each.slice] = min(each.value, worst.get(each.slice, each.value))
    return sorted(worst, key=lambda one: worst[one])


def _best(before: Sequence[Look]) -> list[Look]:
    known = [(one.value, at) for at, one in enumerate(_wholes(before)) if one is not None]
    return [before[max(known)[1]]] if known else []


def _wholes(looks: Sequence[Look]) -> list[Measurement | None]:
    found = [answer(look.recall, ALL) for look in looks]
    return [each if isinstance(each, Measurement) else None for each in found]


def _lowest(look: Look, but: Sequence[Slice]) -> list[Slice]:
    """The finest slices that are found least often."""
    found = [each for each in look.recall if isinstance(each, Measurement)]
    finest = max((len(each.slice) for each in found), default=0)
    rest = [each for each in found if each.slice not in but and len(each.slice) == finest > 0]
    return [each.slice for each in sorted(rest, key=lambda one: one.value)]


def conclusion(run: Run, against: Sequence[Contrast], lang: Language) -> tuple[str, ...]:
    """The verdict, what it rests on, what looking cost, and where the report is."""
    lost = [(one.role, each) for one in against for each in one.lost(len(against))]
    lines = [_headline(run, against, len(lost), lang)]
    for role, each in lost[:MOST]:
        shares = {"value": each.value, "low": max(each.low, 0.0), "high": each.high}
        said = {key: percent(value) for key, value in shares.items()}
        which = part(each.slice, lang) if each.slice else text("guard.panel-all", lang)
        lines.append(
            text("guard.lost", lang, part=which, against=text(f"guard.{role}", lang), **said)
        )
    if lost and (kept := _to_keep(run, lost[0][0])) is not None:
        lines.append(text("guard.keep", lang, path=kept))
    if run.budget.spent:
        lines.append(text("guard.cost", lang, share=run.budget.share))
    return (*lines, text("guard.report", lang, path=run.folder / "report.html"))


def _to_keep(run: Run, role: str) -> Path | None:
    """The weights of an earlier model, if they are still there."""
    one = run.lineage.parent if role == "parent" else run.lineage.first
    return Path(one.weights) if one is not None and Path(one.weights).is_file() else None


def _headline(run: Run, against: Sequence[Contrast], lost: int, lang: Language) -> str:
    told = [text(f"guard.{one.role}", lang) for one in against if one.told]
    if run.verdict == "block":
        return text("guard.block-line", lang, count=lost)
    if run.verdict == "cannot-say":
        return text("guard.cannot-say-line", lang, why=_why(run, against, lang))
    if told:
        return text("guard.pass-line", lang, against=text("label.join", lang).join(told))
    return text("guard.pass-untold" if against else "guard.pass-first", lang)


def _why(run: Run, against: Sequence[Contrast], lang: Language) -> str:
    unseen = [name for name in NEEDED if name not in run.fired]
    if unseen:
        return text("guard.why-events", lang, events=", ".join(unseen))
    if run.watch is None:
        return text("guard.why-anchor", lang)
    return text("guard.why-few" if against else "guard.why-none", lang)
