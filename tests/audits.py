"""Audits made by hand, for every verdict and with hostile names, without measuring anything."""

from __future__ import annotations

from dataclasses import replace

from firsthand.types import (
    Audit,
    Composition,
    Finding,
    Measurement,
    Shared,
    Skip,
    Undetermined,
)

RATE = "objects per sample, candidate over reference"
LIMIT = {"at_least": 0.9, "at_most": None, "required": False, "reason": "a tenth is too much"}


def measurement(metric="class_survival", part=(("class", "Platelets"),), value=0.7, **changes):
    given = Measurement(
        metric=metric,
        slice=part,
        value=value,
        low=value * 0.88,
        high=value * 1.13,
        null_low=0.87,
        null_high=1.14,
        unit=RATE,
        worse="down",
        n_reference=364,
        n_candidate=364,
        groups=364,
        seed=0,
        method="64 buckets, 400 splits, Holm",
        p_value=0.0005,
        adjusted_p=0.012,
    )
    return replace(given, **changes)


LOST = measurement()
SMALL = measurement("size_survival", (("class", "Platelets"), ("size", "small")), 0.08)
KEPT = (
    measurement(part=(("class", "RBC"),), value=1.01, p_value=0.4, adjusted_p=1.0),
    measurement(part=(("class", "WBC"),), value=0.99, p_value=0.5, adjusted_p=1.0),
    measurement("size_survival", (("size", "tiny"),), 0.93, p_value=0.2, adjusted_p=1.0),
)


def composition(**by_class):
    by_class = {name.replace("_", "-"): found for name, found in by_class.items()}
    total = sum(by_class.values())
    return Composition(
        total=total,
        by_class=by_class,
        by_generation={"0": total - by_class.get("unknown", 0), "unknown": 3},
        by_split={"train": by_class},
        by_label={"Platelets": by_class, "RBC": by_class},
        ancestry=None,
        ancestry_known=total - by_class.get("unknown", 0),
    )


def side(name, samples=364):
    return {"name": name, "path": f"data/{name}", "format": "yolo", "digest": "ab" * 32} | {
        "samples": samples,
        "skips": {},
    }


def blocked():
    """Losses, a leak, notes, skips and things that could not be told: every section has content."""
    return Audit(
        verdict="block",
        findings=(
            Finding(
                code="class-lost",
                severity="block",
                slice=LOST.slice,
                measurement=LOST,
                limit="class_survival",
            ),
            Finding(
                code="size-lost",
                severity="block",
                slice=SMALL.slice,
                measurement=SMALL,
                limit="size_survival",
            ),
            Finding(
                code="leak-near",
                severity="block",
                slice=(("held-out", "anchor"),),
                limit="anchor_clean",
                params={"count": 1, "total": 364, "examples": "a.jpg"},
            ),
            Finding(code="skipped-content", severity="watch", params={"count": 3}),
            Finding(code="reference-overlap", severity="note", params={"count": 364, "total": 364}),
        ),
        undetermined=(
            Undetermined(
                metric="size_survival",
                reason="too-few-objects",
                slice=(("class", "WBC"), ("size", "small")),
                params={"found": 4.2, "needed": 10},
            ),
            Undetermined(
                metric="size_survival",
                reason="too-few-objects",
                slice=(("class", "WBC"), ("size", "large")),
                params={"found": 7, "needed": 10},
            ),
            Undetermined(metric="leaks", reason="no-anchor"),
        ),
        measurements=(LOST, SMALL, *KEPT),
        composition=composition(
            real=120,
            human_verified=60,
            other_synthetic=40,
            pseudo_label=100,
            own_output=34,
            unknown=10,
        ),
        candidate=side("next round"),
        reference=side("human"),
        anchor=side("held-out", 40),
        shared=Shared(364, 364, 364),
        skips=(
            Skip("label-zero-area", "labels/BloodImage_00023.xml", 71, "120 120 240 240", True),
            Skip("label-zero-area", "labels/BloodImage_00301.xml", 40, "9 9 9 20", True),
            Skip("orphan-label", "labels/lost.txt"),
        ),
        limits={
            "source": "defaults",
            "family_wise_rate": 0.05,
            "limits": {
                "class_survival": LIMIT,
                "size_survival": LIMIT,
                "anchor_clean": {"at_least": None, "at_most": 0.0, "required": True, "reason": "?"},
            },
        },
        seed=7,
        seconds=1.234,
        version="0.1.0",
    )


def cannot_say():
    """Nobody declared where the samples come from."""
    return replace(
        blocked(),
        verdict="cannot-say",
        findings=(),
        undetermined=(
            Undetermined(
                metric="origins_known",
                reason="unknown-origin",
                params={"count": 364, "total": 364},
            ),
        ),
        measurements=KEPT,
        composition=composition(unknown=364),
        anchor=None,
        skips=(),
        limits={"limits": {"origins_known": LIMIT | {"required": True}}},
    )


def passed():
    """Nothing wrong and nothing odd: the smallest report."""
    return replace(cannot_say(), verdict="pass", undetermined=(), composition=composition(real=364))


def empty():
    """No measurement at all, as for data that no metric fits."""
    return replace(passed(), measurements=(), limits={})


HOSTILE = "<script>alert(1)</script>\"'{{7*7}}{part}`|\x1b[31m\u202e"


def hostile():
    """A stranger's names wherever data can stand."""
    part = (("class", HOSTILE),)
    measured = measurement(part=part)
    return replace(
        blocked(),
        findings=(
            Finding(code="class-lost", severity="block", slice=part, measurement=measured),
            Finding(code="new-class", severity="note", params={"name": HOSTILE}),
            Finding(
                code="waived",
                severity="note",
                params={"code": HOSTILE, "owner": HOSTILE, "expires": HOSTILE, "reason": HOSTILE},
            ),
        ),
        undetermined=(
            Undetermined(metric=HOSTILE, reason=HOSTILE, slice=part, params={"x": HOSTILE}),
        ),
        measurements=(measured,),
        composition=replace(
            blocked().composition,
            by_label={HOSTILE: {"real": 3}},
            by_split={HOSTILE: {"real": 3}},
        ),
        candidate=side(HOSTILE),
        reference=side(HOSTILE),
        skips=(Skip(HOSTILE, HOSTILE, 3, HOSTILE),),
        limits={"limits": {HOSTILE: LIMIT | {"reason": HOSTILE}}},
    )


EVERY = {
    "blocked": blocked,
    "cannot-say": cannot_say,
    "passed": passed,
    "empty": empty,
    "hostile": hostile,
}
