"""Verdict logic on numbers made by hand: no threshold may pass in silence, none may act alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from firsthand import findings
from firsthand.config import Expectation, Limits, Waiver, default_limits
from firsthand.provenance import declare
from firsthand.types import Boxes, Composition, Dataset, Finding, Measurement, Sample, Undetermined

LOSS = Measurement(
    metric="class_survival",
    slice=(("class", "star"),),
    value=0.6,
    low=0.5,
    high=0.7,
    null_low=0.9,
    null_high=1.1,
    unit="objects",
    worse="down",
    n_reference=100,
    n_candidate=100,
    groups=100,
    seed=0,
    method="bootstrap",
    p_value=0.001,
    adjusted_p=0.01,
)
TODAY = date(2026, 1, 1)


def composition(**counts: int) -> Composition:
    by_class = {name.replace("_", "-"): count for name, count in counts.items()}
    total = sum(counts.values())
    return Composition(total, by_class, {}, {}, {}, None, 0)  # type: ignore[arg-type]


def one(loss: Measurement, limits: Limits | None = None) -> list[Finding]:
    return findings.losses([loss], limits or default_limits())


def test_a_loss_beyond_chance_and_tolerance_blocks() -> None:
    (found,) = one(LOSS)
    assert (found.code, found.severity, found.limit) == ("class-lost", "block", "class_survival")


def test_a_loss_within_chance_is_no_finding_however_large() -> None:
    assert one(replace(LOSS, value=0.1, adjusted_p=0.06)) == []


def test_a_loss_beyond_chance_within_tolerance_is_watched() -> None:
    (found,) = one(replace(LOSS, value=0.95))
    assert found.severity == "watch"


def test_a_metric_without_a_limit_never_blocks() -> None:
    limits = default_limits()
    bare = replace(limits, limits={k: v for k, v in limits.limits.items() if "class" not in k})
    assert one(LOSS, bare)[0].severity == "watch"


def test_an_announced_change_is_a_note_with_its_reason() -> None:
    expect = Expectation((("class", "star"),), "stars are dropped on purpose")
    (found,) = one(LOSS, replace(default_limits(), expect=(expect,)))
    assert found.severity == "note"
    assert found.params["expected"] == "stars are dropped on purpose"


@pytest.mark.parametrize(
    ("expires", "severity"), [((2026, 1, 1), "note"), ((2025, 12, 31), "block")]
)
def test_a_waiver_holds_until_its_date(expires: tuple[int, int, int], severity: str) -> None:
    waiver = Waiver("class_survival", "Ann", date(*expires), "known")
    limits = replace(default_limits(), waivers=(waiver,))
    (found,) = findings.waive(one(LOSS), limits, TODAY)
    assert found.severity == severity


def test_a_waiver_of_one_class_does_not_cover_another() -> None:
    waiver = Waiver("class_survival", "Ann", date(2027, 1, 1), "known", (("class", "moon"),))
    limits = replace(default_limits(), waivers=(waiver,))
    assert findings.waive(one(LOSS), limits, TODAY)[0].severity == "block"


def test_unknown_origins_are_cannot_say_and_never_pass() -> None:
    limits = default_limits()
    found, unsure = findings.origins(composition(real=99, unknown=1), limits)
    assert found == []
    assert unsure[0].params == {"count": 1, "total": 100}
    assert findings.decide(found, unsure, limits) == "cannot-say"


def test_too_little_human_data_blocks_only_where_the_best_case_is_too_little() -> None:
    limits = default_limits()
    found, _ = findings.origins(composition(real=9, own_output=91), limits)
    assert [each.code for each in found] == ["human-share-low"]
    found, unsure = findings.origins(composition(real=5, unknown=10, own_output=85), limits)
    assert found == []
    assert {each.metric for each in unsure} == {"origins_known", "human_share"}


def test_verified_data_counts_as_human() -> None:
    found, unsure = findings.origins(
        composition(human_verified=50, own_output=50), default_limits()
    )
    assert (found, unsure) == ([], [])


def test_nothing_measured_is_cannot_say_and_never_pass() -> None:
    limits = default_limits()
    unsure = findings.unmeasured([], [], limits)
    assert [each.reason for each in unsure] == ["nothing-measured"]
    assert findings.decide([], unsure, limits) == "cannot-say"
    assert findings.unmeasured([LOSS], [], limits) == []


def test_one_answer_of_four_is_too_little_to_be_called_healthy() -> None:
    silent = [Undetermined(metric=name, reason="too-few-groups") for name in ("a", "b", "c")]
    (unsure,) = findings.unmeasured([LOSS], silent, default_limits())
    assert unsure.params == {"found": 1, "asked": 4}
    assert findings.unmeasured([LOSS], silent[:1], default_limits()) == []


def labelled(count: int, bare: int, name: str = "d") -> Dataset:
    empty = Boxes(np.zeros(0, np.int32), np.zeros((0, 4)))
    samples = [Sample(f"l{at}", bytes(32), boxes=empty) for at in range(count)]
    samples += [Sample(f"b{at}", bytes(32)) for at in range(bare)]
    return Dataset(name, "detect", ("star",), tuple(samples))


@pytest.mark.parametrize(
    ("reference", "candidate", "said"),
    [
        (labelled(10, 0), labelled(0, 10, "new"), {"count": 10, "total": 10, "name": "new"}),
        (labelled(10, 0), labelled(9, 1, "new"), {"count": 1, "total": 10, "name": "new"}),
        (labelled(0, 10, "old"), labelled(10, 0), {"count": 10, "total": 10, "name": "old"}),
        (labelled(0, 10), labelled(0, 10), None),
        (labelled(90, 10), labelled(90, 10), None),
        (labelled(100, 0), labelled(98, 2), None),
        (labelled(50, 50), labelled(10, 0), None),
    ],
)
def test_missing_labels_are_never_taken_for_no_loss(
    reference: Dataset, candidate: Dataset, said: dict[str, object] | None
) -> None:
    limits = default_limits()
    unsure = findings.unlabelled(reference, candidate, limits)
    assert [each.params for each in unsure] == ([said] if said else [])
    assert findings.decide([], unsure, limits) == ("cannot-say" if said else "pass")


def test_block_beats_cannot_say() -> None:
    limits = default_limits()
    unsure = [Undetermined(metric="origins_known", reason="unknown-origin")]
    assert findings.decide(one(LOSS), unsure, limits) == "block"
    assert findings.decide([], unsure, limits) == "cannot-say"
    assert findings.decide([], [Undetermined(metric="tail_coverage", reason="x")], limits) == "pass"


def test_a_loss_from_elsewhere_is_not_called_recursion() -> None:
    foreign = Sample("k", bytes(32), provenance=declare("synthetic"))
    dataset = Dataset("d", "text", (), (foreign,))
    assert findings.with_source_note(one(LOSS), dataset)[-1].code == "other-source"
    own = replace(foreign, provenance=replace(foreign.provenance, own=True))
    ours = findings.with_source_note(one(LOSS), replace(dataset, samples=(own,)))
    assert "other-source" not in {each.code for each in ours}


def test_worst_comes_first() -> None:
    mild, bad = replace(LOSS, value=0.8), replace(LOSS, value=0.2)
    watched = replace(LOSS, value=0.95, adjusted_p=0.001)
    found = findings.losses([watched, mild, bad], default_limits())
    assert [each.measurement.value for each in found if each.measurement] == [0.2, 0.8, 0.95]


def test_a_waiver_that_names_nothing_is_said() -> None:
    there = Waiver("class_survival", "Li", TODAY, "known", (("class", "star"),))
    misspelt = Expectation((("class", "staar"),), "fewer stars on purpose")
    whole = Expectation((), "everything of one metric", "class_survival")
    limits = replace(default_limits(), waivers=(there,), expect=(misspelt, whole))
    (found,) = findings.idle(limits, [LOSS], [])
    assert (found.code, found.severity, found.params["key"]) == ("names-nothing", "watch", "expect")
    assert found.slice == misspelt.slice
    open_question = Undetermined(metric="class_survival", reason="few", slice=misspelt.slice)
    assert findings.idle(limits, [LOSS], [open_question]) == []
