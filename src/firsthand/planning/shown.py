"""A plan as people read it: the verdict first, then the numbers by class, then what to do next."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from firsthand.messages import Language, number, percent, text
from firsthand.planning.answer import Plan, Step
from firsthand.planning.following import next_step
from firsthand.planning.needs import Need
from firsthand.planning.target import LEVEL
from firsthand.report.left_out import noted
from firsthand.report.words import clean, width

MOST = 12  # classes in a table
NAMED = 5  # classes in a sentence
ACROSS = 5  # classes of the effort table
GAP = "  "


def render(found: Plan, effort: Sequence[Step], source: str, lang: Language) -> str:
    """The whole answer for a terminal."""
    told = Told(found, lang)
    blocks = [
        [*([told.verdict()] if found.outcomes else []), *told.checked(), *told.notes()],
        told.outcomes() if found.outcomes else [],
        list(told.why()),
        told.needs() if found.needs else [],
        told.effort(effort) if found.outcomes else [],
        list(told.verifier()),
        [told.say("title.assumed"), *(f"  {line}" for line in told.assumptions())],
        [noted(found.people.skips, found.people.other_split, lang)],
        [text("label.next", lang, command=next_step(found, source))],
    ]
    return "\n\n".join("\n".join(block) for block in blocks if any(block)) + "\n"


class Told:
    """One plan in one language."""

    def __init__(self, found: Plan, lang: Language) -> None:
        self.found, self.lang, self.target = found, lang, found.target

    def say(self, code: str, **more: object) -> str:
        """A text with the numbers of the target."""
        target = self.target
        given = {
            "samples": target.samples,
            "keep": target.keep,
            "probability": target.probability,
            "generations": target.generations or 0,
            "level": LEVEL,
        }
        return text(f"plan.{code}", self.lang, **(given | more))

    @property
    def what(self) -> str:
        """The chosen way, in words."""
        choice = self.found.choice
        heavy = choice.way == "anchor" and choice.weight > 1 + 1e-9
        code: str = "anchor-weighted" if heavy else choice.way
        spends = choice.way in ("fresh", "quota", "weighted", "anchor")
        code = "none" if spends and not choice.human else code
        return self.say(f"what.{code}", human=choice.human, weight=choice.weight)

    @property
    def when(self) -> str:
        """Of which training set a probability is."""
        return self.say("when.by" if self.target.generations else "when.settled")

    def verdict(self) -> str:
        """The answer in one sentence."""
        lost, count = self.found.lost, len(self.found.outcomes)
        goal = self.say("goal.part" if self.target.keep else "goal.occur")
        said = {"what": self.what, "goal": goal, "when": self.when, "count": count}
        if lost:
            names = self._named([one.name for one in lost])
            return self.say("verdict.some", kept=count - len(lost), lost=names, **said)
        worst = min(self.found.outcomes, key=lambda one: one.probability)
        return self.say("verdict.all", neediest=clean(worst.name), **said)

    def _named(self, names: Sequence[str]) -> str:
        shown = ", ".join(clean(name) for name in names[:NAMED])
        rest = len(names) - NAMED
        return f"{shown}, {text('label.and-more', self.lang, count=rest)}" if rest > 0 else shown

    def checked(self) -> Iterator[str]:
        """What the simulation says, in one sentence."""
        found = self.found.checked
        if not found:
            return
        said = {"chains": found[0].chains, "seed": self.found.seed}
        against = [one.name for one in found if one.contradicts]
        if against:
            yield self.say("check.contradicts", names=self._named(against), **said)
        elif all(one.tells for one in found):
            yield self.say("check.agrees", **said)
        else:
            yield self.say("check.unsure", **said)

    def notes(self) -> Iterator[str]:
        """What was left out or cannot be said."""
        people = self.found.people
        if people.left_out:
            yield self.say("left-out", count=people.left_out)
        for one in self.found.undetermined:
            name = "".join(f"{clean(value)}: " for _, value in one.slice)
            why = text(f"undetermined.{one.reason}.why", self.lang)
            needs = text(f"undetermined.{one.reason}.needs", self.lang)
            yield name + text("label.needing", self.lang, reason=why, needs=needs)

    def why(self) -> list[str]:
        """Of each class that is not kept, what stands in the way."""
        needs = {need.name: need for need in self.found.needs}
        lines = []
        for one in self.found.lost[:NAMED]:
            need = needs[one.name]
            said = {"name": clean(one.name), "chance": one.probability, "part": one.part}
            if math.isfinite(need.fresh):
                lines.append(self.say("why.budget", needed=self._of(need.fresh), **said))
            else:
                share = next(e.share for e in self.found.people.classes if e.name == one.name)
                grown = {"share": share, "grown": need.alone_share, "when": self.when}
                lines.append(self._impossible(need, said))
                lines.append(self.say("why.alone", quota=need.alone, **grown, **said))
        return [self.say("title.cannot"), *(f"  {line}" for line in lines)] if lines else []

    def _impossible(self, need: Need, said: dict[str, object]) -> str:
        if not math.isfinite(need.samples):
            return self.say("why.never", **said)
        return self.say("why.too-small", best=need.best, needed=need.samples, **said)

    def outcomes(self) -> list[str]:
        """What becomes of the classes, the neediest first."""
        ranked = sorted(self.found.outcomes, key=lambda one: one.probability)
        checked = {one.name: one for one in self.found.checked}
        head = ["", "human-share", "probability", "part", "outcomes"]
        head += ["simulated", "simulated-parts"] if checked else []
        shares = {one.name: one for one in self.found.people.classes}
        rows = [[self.say(f"header.{each}") if each else "" for each in head]]
        for one in ranked[:MOST]:
            row = [clean(one.name), percent(shares[one.name].share), chance(one.probability)]
            row += [percent(one.part), f"{percent(one.low)} - {percent(one.high)}"]
            if checked:
                sim = checked[one.name]
                ends = f"[{chance(sim.low)}, {chance(sim.high)}]"
                parts = f"{percent(sim.parts[0])} - {percent(sim.parts[2])}"
                row += [f"{chance(sim.reached)} {ends}", parts]
            rows.append(row)
        return [self.say("title.outcomes", what=self.what), *grid(rows), *self._rest(len(ranked))]

    def needs(self) -> list[str]:
        """What each means would take, by class."""
        ranked = sorted(self.found.needs, key=lambda one: (-min(one.fresh, 1e18), -one.kept))
        head = ("unaided", "fresh", "weighted", "kept")
        rows = [["", *(self.say(f"header.{each}") for each in head)]]
        there = self.found.people.samples
        for one in ranked[:MOST]:
            ends = f"[{self._of(one.fresh_low)}, {self._of(one.fresh_high)}]"
            rows.append(
                [
                    clean(one.name),
                    chance(one.unaided),
                    f"{self._of(one.fresh)} {ends}",
                    self._times(one.weighted, one.weight),
                    self._times(min(one.kept, there), one.kept_weight),
                ]
            )
        many = self.found.diversity
        code = "diversity" if math.isfinite(many) else "diversity-none"
        notes = [self.say("interval"), self.say(code, count=int(many) if many < 1e18 else 0)]
        return [self.say("title.needs"), *grid(rows), *self._rest(len(ranked)), *notes]

    def _rest(self, count: int) -> list[str]:
        return [self.say("more", count=count - MOST)] if count > MOST else []

    def _of(self, needed: float) -> str:
        return f"{needed:,.0f}" if math.isfinite(needed) else self.say("cannot")

    def _times(self, needed: float, weight: float) -> str:
        plain = not math.isfinite(weight) or abs(weight - 1) < 1e-9 or not math.isfinite(needed)
        return self._of(needed) if plain else f"{self._of(needed)} x {number(weight)}"

    def effort(self, steps: Sequence[Step]) -> list[str]:
        """What other budgets buy, for the neediest classes."""
        if not steps:
            return []
        names = [one.name for one in self.found.outcomes]
        order = sorted(range(len(names)), key=lambda at: self.found.outcomes[at].probability)
        some = order[:ACROSS]
        rows = [[self.say("header.human"), *(clean(names[at]) for at in some)]]
        for step in steps:
            mark = " *" if step.human == self.found.choice.human else ""
            rows.append([f"{step.human:,}{mark}", *(percent(step.parts[at]) for at in some)])
        return [self.say("title.effort"), *grid(rows)]

    def verifier(self) -> Iterator[str]:
        """How good a verifier would have to be: said of a filter, or where one is described."""
        told, given = self.found.verifier, self.found.given
        if self.found.choice.way != "filtered" and given.wrong is None and given.keep_right is None:
            return
        yield self.say("title.verifier")
        yield "  " + self.say(
            "verifier.allowed" if told.allowed else "verifier.none", **vars_of(told)
        )
        if told.selectivity is None:
            yield "  " + self.say("verifier.unknown")
        elif told.allowed:
            code = "selectivity" if told.selectivity > 1 else "not-needed"
            yield "  " + self.say(f"verifier.{code}", wrong=given.wrong, **vars_of(told))
        if told.threshold is not None:
            yield "  " + self.say("verifier.threshold", threshold=told.threshold)
        if told.reached is not None:
            code = "enough" if told.reached <= told.allowed else "too-little"
            yield "  " + self.say(f"verifier.{code}", reached=told.reached)
        name, ratio = max(told.pass_ratios.items(), key=lambda each: each[1])
        yield "  " + self.say("verifier.ratio", name=clean(name), ratio=ratio)

    def assumptions(self) -> Iterator[str]:
        """What the numbers rest on, with sources."""
        objects = sum(one.objects for one in self.found.people.classes)
        codes = ["stationary", "exchangeable", "unbiased"]
        codes += ["by" if self.target.generations else "settled"]
        way = {"quota": "fixed", "anchor": "fixed", "accumulate": "pool", "weighted": "weighted"}
        human = "random" if self.found.choice.human else ""
        codes += [each for each in (way.get(self.found.choice.way, human),) if each]
        codes += ["filter"] if self.found.choice.way == "filtered" else []
        return (self.say(f"assume.{code}", objects=objects) for code in codes)


def vars_of(told: object) -> dict[str, object]:
    """The fields of a value, for a text."""
    return {name: getattr(told, name) for name in told.__slots__}  # type: ignore[attr-defined]


def chance(value: float) -> str:
    """A probability: certainty only where it is certain.

    >>> chance(0.9996), chance(1.0), chance(0.951)
    ('>.999', '1', '.951')
    """
    if 0.9995 <= value < 1:
        return ">.999"
    return "1" if value == 1 else f"{value:.3f}".removeprefix("0")


def grid(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Rows in columns: names to the left, numbers to the right."""
    wide = [max(width(row[at]) for row in rows) for at in range(len(rows[0]))]
    for row in rows:
        first = row[0] + " " * (wide[0] - width(row[0]))
        rest = (
            " " * (room - width(each)) + each for each, room in zip(row[1:], wide[1:], strict=True)
        )
        yield (GAP + GAP.join((first, *rest))).rstrip()
