"""A training set as people read it: what went in, what did not and why, what to do next."""

from __future__ import annotations

from collections.abc import Iterator

from firsthand.messages import Language, number, percent, text
from firsthand.report.left_out import noted
from firsthand.report.words import clean, padded, width
from firsthand.training_sets.mixed import Mixed

SHOWN = 12  # classes in the table


def render(mixed: Mixed, next_step: str, lang: Language) -> str:
    """The whole answer for a terminal; `next_step` is the command to type next."""
    told = _Told(mixed, lang)
    head = [told.done(), told.human(), *told.unused()]
    parts = [*told.table(), told.origins(), *told.classes(), *told.notes()]
    left_out = [*told.left_out(), *noted(mixed.skips, 0, lang).splitlines()]
    blocks = [head, parts, left_out, [text("label.next", lang, command=next_step)]]
    return "\n\n".join("\n".join(block) for block in blocks if block)


class _Told:
    """One set in one language."""

    def __init__(self, mixed: Mixed, lang: Language) -> None:
        self.mixed, self.lang = mixed, lang

    def say(self, code: str, **params: object) -> str:
        return text(f"mix.{code}", self.lang, **params)

    def done(self) -> str:
        mixed = self.mixed
        lines = sum(mixed.lines.values())
        said = {"out": clean(mixed.out), "policy": clean(mixed.order.policy)}
        return self.say("done", samples=lines, val=mixed.val, **said)

    def human(self) -> str:
        """What became of the human data."""
        gone, kept = self.mixed.human_left_out, self.mixed.parts.get("human", 0)
        code = "all" if not gone else "replaced" if not kept else "some"
        how = self.say(f"drawn.{self.mixed.order.strategy}")
        return self.say(f"human.{code}", kept=kept, gone=gone, of=kept + gone, how=how)

    def unused(self) -> Iterator[str]:
        """Generated samples were named, and none of them may go in."""
        out = [one for one in self.mixed.left_out if one.role == "generated"]
        if out and not self.mixed.parts.get("generated"):
            reasons = [f"{one.samples:,} {self.say(f'reason.{one.reason}')}" for one in out]
            yield self.say("unused", reasons=text("label.join", self.lang).join(reasons))

    def table(self) -> Iterator[str]:
        """Samples and lines by part; repeats make more lines than samples."""
        total = sum(self.mixed.lines.values())
        rows = [tuple(self.say(f"head.{name}") for name in ("part", "samples", "lines", "share"))]
        for role, count in self.mixed.parts.items():
            lines = self.mixed.lines[role]
            rows.append((self.role(role), f"{count:,}", f"{lines:,}", percent(lines / total)))
        wide = [max(width(row[at]) for row in rows) for at in range(len(rows[0]))]
        for first, *others in rows:
            cells = (
                " " * (room - width(cell)) + cell
                for cell, room in zip(others, wide[1:], strict=True)
            )
            yield f"  {padded(first, wide[0])}  {'  '.join(cells)}"

    def role(self, role: str) -> str:
        return self.say(f"role.{role}")

    def origins(self) -> str:
        """Lines by provenance class."""
        counts = self.mixed.by_class.items()
        said = [f"{text(f'provenance.{name}', self.lang)} {count:,}" for name, count in counts]
        return "  " + self.say("origins", origins=text("label.join", self.lang).join(said))

    def classes(self) -> Iterator[str]:
        """Objects of each class in the human data and here."""
        known = [(name, *counts) for name, counts in self.mixed.classes.items()]
        for name, before, here in known[:SHOWN]:
            yield "  " + self.say("class", name=clean(name), before=before, here=here)
        if len(known) > SHOWN:
            yield "  " + self.say("more-classes", count=len(known) - SHOWN)

    def notes(self) -> Iterator[str]:
        """What a trainer makes of it, and where it lies."""
        asked, reached = self.mixed.weight
        if asked != 1:
            yield "  " + self.say("weight", reached=number(reached), asked=number(asked))
        for code in ("unlabelled", "referenced"):
            count = getattr(self.mixed, code)
            if count:
                yield "  " + self.say(code, count=count)
        if self.mixed.version:
            yield "  " + self.say("recorded", version=self.mixed.version)

    def left_out(self) -> Iterator[str]:
        """Samples that do not go in whatever the policy says, with the first of them."""
        if self.mixed.left_out:
            yield self.say("left-out")
        for one in self.mixed.left_out:
            said = {"role": self.role(one.role), "reason": self.say(f"reason.{one.reason}")}
            key = clean(one.keys[0])
            yield "  " + self.say("left-out-part", count=one.samples, first=key, **said)
