"""What the way of drawing does to a model's output, in sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from firsthand.diagnosing.answer import DecodingRule, SamplingBias
from firsthand.messages import percent
from firsthand.report.words import clean

Say = Callable[..., str]  # a text of the diagnosis by its code

SHOWN = 8  # classes, those that keep least first


def sampled(one: SamplingBias, say: Say) -> Iterator[str]:
    """What is out of reach, by which rule, and what ten generations of it leave."""
    counted, after = say(f"counted.{one.counted}"), one.generations
    ends = {"low": one.lost_low, "high": one.lost_high, "lost": one.lost, "kept": one.kept_after}
    fair = "" if one.fair_after is None else say("fair", fair=one.fair_after)
    yield say("sampling", counted=counted, generations=after, fair=fair, **ends)
    power = {"value": one.exponent, "low": one.low, "high": one.high}
    if one.rule is not None:
        yield from _ruled(one, one.rule, power, say)
    elif one.exponent is not None:
        yield say("exponent", moved=one.moved_after, generations=after, **power)
    if one.kept:
        few = sorted(one.kept, key=lambda pair: pair[1])[:SHOWN]
        classes = ", ".join(f"{clean(name)} {percent(share)}" for name, share in few)
        yield say("kept", classes=classes)


def _ruled(
    one: SamplingBias, rule: DecodingRule, power: dict[str, float | None], say: Say
) -> Iterator[str]:
    cut = {"p": rule.top_p, "p_low": rule.top_p_low, "p_high": rule.top_p_high}
    yield say(f"rule.{rule.name}", **power, **cut)
    kept = {"kept": one.kept_after, "kept_low": rule.kept_low, "kept_high": rule.kept_high}
    size = {"order": rule.order, "words": rule.words, "moved": one.moved_after}
    yield say("simulated", capped=say("capped") if rule.capped else "", **size, **kept)
