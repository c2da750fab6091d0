"""How fast a history loses, in words: what it keeps, what chance keeps, and what follows."""

from __future__ import annotations

from math import isfinite

from firsthand.diagnosing.answer import Pace
from firsthand.messages import Language, number, percent, text


def said_of(pace: Pace, lang: Language) -> str:
    """Faster than chance, as fast or slower, with both numbers; or why it cannot be said."""
    if pace.state == "unknown":
        reason = text(f"diagnose.pace.reason.{pace.reason}", lang, metric=pace.metric)
        return text("diagnose.pace.unknown", lang, reason=reason)
    return text(f"diagnose.pace.{pace.state}", lang, kept=_kept(pace, lang))


def _kept(pace: Pace, lang: Language) -> str:
    fast = pace.speed_high
    facts: dict[str, object] = {
        "generation": pace.generation,
        "metric": pace.metric,
        "draws": text(f"diagnose.pace.draws.{pace.counted}", lang, n=round(pace.draws or 0)),
        "speed": number(pace.speed or 0.0),
        "slow": number(pace.speed_low or 0.0),
        "fast": number(fast)
        if fast is not None and isfinite(fast)
        else text("diagnose.pace.endless", lang),
    }
    if pace.expected is None:
        return text("diagnose.pace.kept-objects", lang, **facts)
    shares = {"value": pace.value, "expected": pace.expected, "low": pace.null_low,
              "high": pace.null_high}  # fmt: skip
    facts |= {name: percent(share or 0.0) for name, share in shares.items()}
    return text("diagnose.pace.kept", lang, **facts)
