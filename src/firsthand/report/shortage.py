"""Which set a link is too small for, and how much it would take."""

from __future__ import annotations

from firsthand.diagnosing.answer import Code, Diagnosis
from firsthand.messages import Language
from firsthand.report.left_out import missing

LINKS: tuple[tuple[Code, str, str], ...] = (("A", "reference", "train"), ("B", "train", "samples"))


def too_small(found: Diagnosis) -> str:
    """The option of the smaller set of the first link that could not be measured; "" if none."""
    sizes = dict(found.sizes)
    for code, one, other in LINKS:
        if found.of(code).reason.startswith("too-few"):
            return f"--{one if sizes[one] < sizes[other] else other}"
    return ""


def needed(found: Diagnosis, lang: Language) -> str:
    """A line for each reason why something could not be measured, where it keeps a verdict back."""
    if found.verdict != "cannot-say":
        return ""
    few = [each for each in found.undetermined if each.reason.startswith("too-few")]
    return "\n".join(f"? {each.reason}: {each.needs}" for each in missing(few, lang))
