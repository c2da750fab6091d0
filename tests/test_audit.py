"""The main job on real data: healthy halves, known damage, undeclared origins, too little data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from damage import halves, smallest_dropped, unlabelled_in_a_third
from firsthand.audit import audit, raise_for_verdict
from firsthand.config import default_limits
from firsthand.diagnosing import links
from firsthand.errors import Blocked, CannotSay, InputError
from firsthand.provenance import declare
from firsthand.read import read
from firsthand.types import HUMAN, Audit, Dataset, Finding, slice_text

Data = Callable[[str], Path]
TAILS = default_limits().without_composition()


@pytest.fixture(scope="module")
def cells(real_data: Data) -> Dataset:
    return read(real_data("bccd"), declared=HUMAN, progress=False)


def blocking(result: Audit) -> dict[str, Finding]:
    return {slice_text(each.slice): each for each in result.findings if each.severity == "block"}


def test_a_healthy_half_passes_and_says_what_it_looked_at(cells: Dataset) -> None:
    reference, candidate = halves(cells, 0)
    result = audit(candidate, reference)
    assert result.verdict == "pass"
    assert {each.metric for each in result.measurements} >= {"class_survival", "tail_coverage"}
    assert all(each.null_low <= each.null_high for each in result.measurements)


def test_the_same_seed_gives_the_same_audit(cells: Dataset) -> None:
    reference, candidate = halves(cells, 1)
    one, other = (audit(candidate, reference, seed=5) for _ in range(2))
    assert one.measurements == other.measurements


@pytest.mark.parametrize("paired", [True, False])
def test_dropped_small_platelets_are_named(cells: Dataset, paired: bool) -> None:
    reference, other = halves(cells, 2)
    candidate = smallest_dropped(cells if paired else other, "Platelets", 0.3)
    result = audit(candidate, cells if paired else reference, limits=TAILS)
    assert result.verdict == "block"
    found = blocking(result)["class=Platelets,size=small"].measurement
    assert found is not None
    assert found.high < 1
    assert found.paired == paired


@pytest.mark.parametrize("paired", [True, False])
def test_a_class_unlabelled_in_a_third_of_the_images_is_named(
    cells: Dataset, rng: np.random.Generator, paired: bool
) -> None:
    reference, other = halves(cells, 3)
    candidate = unlabelled_in_a_third(cells if paired else other, "RBC", rng)
    found = blocking(audit(candidate, cells if paired else reference, limits=TAILS))
    measurement = found["class=RBC"].measurement
    assert measurement is not None
    assert measurement.low < 2 / 3 < measurement.high < 1


def test_undeclared_origins_cannot_be_called_healthy(real_data: Data) -> None:
    result = audit(real_data("bccd"), real_data("bccd"))
    assert result.verdict == "cannot-say"
    assert result.candidate["source"] == str(real_data("bccd"))
    assert ("origins_known", "unknown-origin") in {
        (each.metric, each.reason) for each in result.undetermined
    }
    with pytest.raises(CannotSay):
        raise_for_verdict(result)
    raise_for_verdict(result, allow_undetermined=True)


def test_a_set_labelled_by_a_model_alone_is_blocked_by_its_composition(cells: Dataset) -> None:
    result = audit(smallest_dropped(cells, "Platelets", 0.3), cells)
    codes = {each.code for each in result.findings if each.severity == "block"}
    assert {"human-share-low", "size-lost"} <= codes
    with pytest.raises(Blocked, match="size-lost"):
        raise_for_verdict(result, allow_undetermined=True)


def test_eight_images_are_too_few_to_call_anything_healthy(real_data: Data) -> None:
    data = real_data("coco8") / "coco8.yaml"
    result = audit(data, data, origin=declare("human"))
    assert result.verdict == "cannot-say"
    assert result.measurements == ()
    reasons = {each.reason: each.params for each in result.undetermined}
    assert reasons["too-few-groups"] == {"found": 4, "needed": 20}  # four of them are val
    assert "nothing-measured" in reasons


def test_sets_without_a_common_class_name_are_a_mistake(cells: Dataset) -> None:
    from dataclasses import replace

    with pytest.raises(InputError, match="no class name"):
        audit(replace(cells, classes=("0", "1", "2")), cells)
    with pytest.raises(InputError, match="candidate has none"):
        audit(replace(cells, classes=()), cells)


def test_sets_of_another_kind_are_a_mistake(cells: Dataset) -> None:
    from dataclasses import replace

    texts = replace(cells, name="texts", task="text", classes=())
    for given in ({"candidate": texts}, {"reference": texts}, {"anchor": texts}):
        with pytest.raises(InputError, match="one kind"):
            audit(**{"candidate": cells, "reference": cells, **given})
    with pytest.raises(InputError, match="was read as classify"):
        audit(replace(cells, task="classify"), cells)


def test_labels_that_got_lost_are_never_called_healthy(cells: Dataset) -> None:
    from dataclasses import replace

    bare = tuple(replace(one, boxes=None, label=None) for one in cells.samples[::3])
    kept = tuple(one for at, one in enumerate(cells.samples) if at % 3)
    result = audit(replace(cells, samples=(*kept, *bare)), cells)
    assert result.verdict == "cannot-say"
    assert "unlabelled" in {each.reason for each in result.undetermined}
    only = audit(replace(cells, samples=bare), cells, metrics=["tail_coverage"])
    assert "unlabelled" not in {each.reason for each in only.undetermined}


def test_one_word_is_enough_for_an_origin_and_for_a_metric(cells: Dataset, real_data: Data) -> None:
    result = audit(real_data("bccd"), cells, origin="human", metrics="class_survival")
    assert result.verdict == "pass"
    assert {each.metric for each in result.measurements} == {"class_survival"}
    with pytest.raises(InputError, match="robot"):
        audit(real_data("bccd"), cells, origin="robot")


def test_a_negative_seed_is_a_mistake(cells: Dataset) -> None:
    with pytest.raises(InputError, match="seed is -1"):
        audit(cells, cells, seed=-1)


def test_repeats_of_human_pictures_lose_no_coverage(cells: Dataset) -> None:
    from dataclasses import replace

    relabelled = smallest_dropped(cells, "Platelets", 0.0)
    both = replace(cells, samples=(*cells.samples, *relabelled.samples))
    result = audit(both, cells, metrics=["tail_coverage"])
    assert [each for each in result.findings if each.severity == "block"] == []


@pytest.mark.slow
def test_essays_of_a_model_lack_words_and_that_alone_is_not_called_recursion(
    real_data: Data,
) -> None:
    essays = real_data("essays_human_chatgpt_a")
    result = audit(
        essays / "chatgpt", essays / "human", origin=declare("synthetic", "chatgpt@2023")
    )
    found = {each.code: each for each in result.findings}
    assert {"types-lost", "other-source"} <= set(found)
    assert found["other-source"].severity == "note"
    lost = found["types-lost"].measurement
    assert lost is not None
    assert lost.high < 1


@pytest.mark.slow
def test_essays_of_people_pass_against_essays_of_people(real_data: Data) -> None:
    """63 essays in halves: four random cuts; two or more blocks have P = 0.01 at 5 %."""
    essays = read(real_data("essays_human_chatgpt_a") / "human", declared=HUMAN, progress=False)
    blocked = 0
    for seed in range(4):
        candidate, reference = halves(essays, seed)
        blocked += audit(candidate, reference, seed=seed, limits=TAILS).verdict == "block"
    assert blocked <= 1


def without_platelets(cells: Dataset, origin: str) -> Dataset:
    lacking = smallest_dropped(cells, "Platelets", 1.0)
    made = declare(origin)
    return replace(
        lacking, samples=tuple(replace(each, provenance=made) for each in lacking.samples)
    )


@pytest.mark.parametrize(
    ("origin", "cause"),
    [
        ("human", "catastrophic-forgetting"),
        ("model-labelled", "model-collapse"),
        ("unknown", "collapse-like"),
    ],
)
def test_a_lost_class_is_diagnosed_from_the_numbers_of_the_audit(
    cells: Dataset, monkeypatch: pytest.MonkeyPatch, origin: str, cause: str
) -> None:
    reference, other = halves(cells, 2)
    monkeypatch.setattr(links, "measure", None)  # labels are not measured a second time
    found = audit(without_platelets(other, origin), reference, limits=TAILS).diagnosis
    assert found is not None
    assert found.cause == cause
    assert found.of("A").slice == (("class", "Platelets"),)
    assert found.of("B").reason == "no-samples"


def test_nothing_is_diagnosed_where_nothing_is_lost_or_one_metric_was_asked(
    cells: Dataset,
) -> None:
    reference, other = halves(cells, 0)
    assert audit(other, reference).diagnosis is None
    lacking = without_platelets(other, "human")
    assert audit(lacking, reference, metrics="class_survival").diagnosis is None
