"""What is held out is not trained on: it hides no loss, and what it took is not missed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from damage import MODEL_LABELLED, part, smallest_dropped, unlabelled_in_a_third
from firsthand.audit import audit
from firsthand.config import default_limits
from firsthand.diagnose import diagnose
from firsthand.read import read
from firsthand.splits import held_out_as_in, trained_on, without_held_out
from firsthand.types import HUMAN, UNKNOWN, Audit, Dataset, slice_text

TAILS = default_limits().without_composition()


@pytest.fixture(scope="module")
def cells(real_data: Callable[[str], Path]) -> Dataset:
    return read(real_data("bccd"), declared=HUMAN, progress=False)


def split(data: Dataset, held: np.ndarray) -> Dataset:
    """The same with some images as val and the others as train."""
    names = np.where(np.isin(np.arange(len(data.samples)), held), "val", "train")
    samples = (
        replace(each, split=str(name)) for each, name in zip(data.samples, names, strict=True)
    )
    return replace(data, samples=tuple(samples))


def survival(result: Audit, name: str) -> float:
    (found,) = (
        each
        for each in result.measurements
        if each.metric == "class_survival" and slice_text(each.slice) == f"class={name}"
    )
    return found.value


def joined(trained: Dataset, held: Dataset) -> Dataset:
    return replace(trained, samples=trained.samples + held.samples)


def test_a_human_val_does_not_hide_a_loss_in_train(cells: Dataset) -> None:
    order = np.random.default_rng(3).permutation(len(cells.samples))
    whole = split(cells, order[: len(order) // 2])
    human, held = trained_on(whole), part(whole, np.sort(order[: len(order) // 2]))
    lossy = unlabelled_in_a_third(human, "Platelets", np.random.default_rng(0))
    alone, beside = (
        audit(lossy, human, limits=TAILS),
        audit(joined(lossy, held), whole, limits=TAILS),
    )
    assert survival(alone, "Platelets") < 0.8
    assert survival(beside, "Platelets") == pytest.approx(survival(alone, "Platelets"), abs=0.01)
    assert beside.verdict == "block"


def test_what_a_val_took_of_a_rare_class_is_not_missed_in_train(cells: Dataset) -> None:
    wanted = cells.classes.index("Platelets")
    rich = [
        at
        for at, each in enumerate(cells.samples)
        if each.boxes is not None and (each.boxes.classes == wanted).sum() > 1
    ]
    picked = split(cells, np.array(rich))  # most Platelets are in it
    result = audit(picked, cells, limits=TAILS)
    assert not [each for each in result.findings if each.measurement is not None]
    assert result.verdict == "pass"


def test_origins_are_those_of_what_is_trained_on(cells: Dataset) -> None:
    order = np.arange(len(cells.samples))
    whole = split(cells, order[::2])
    by_model = smallest_dropped(trained_on(whole), "Platelets", 0.0)
    result = audit(joined(by_model, part(whole, order[::2])), whole)
    (low,) = (each for each in result.findings if each.code == "human-share-low")
    assert (low.params["value"], low.params["total"]) == (0.0, len(by_model.samples))
    assert result.composition.by_split["val"] == {"real": len(order[::2])}


def test_what_is_declared_of_a_set_is_not_meant_of_people_s_val(cells: Dataset) -> None:
    order = np.arange(len(cells.samples))
    whole = split(cells, order[::2])
    bare = replace(
        whole, samples=tuple(replace(each, provenance=UNKNOWN) for each in whole.samples)
    )
    declared = tuple(replace(each, provenance=MODEL_LABELLED) for each in bare.samples)
    for origin, samples in ((None, bare.samples), (MODEL_LABELLED, declared)):
        told = held_out_as_in(whole, replace(bare, samples=samples), origin)
        assert {each.provenance for each in told.samples if each.split == "val"} == {HUMAN}
        assert HUMAN not in {each.provenance for each in told.samples if each.split == "train"}
    other = smallest_dropped(part(whole, order[::2]), "Platelets", 0.5)
    relabelled = audit(joined(trained_on(whole), other), whole, origin=MODEL_LABELLED)
    assert "anchor-not-human" in {each.code for each in relabelled.findings}


def test_a_diagnosis_looks_at_what_was_trained_on(cells: Dataset) -> None:
    order = np.random.default_rng(4).permutation(len(cells.samples))
    half = len(order) // 2
    whole = split(cells, order[:half])
    lossy = unlabelled_in_a_third(trained_on(whole), "Platelets", np.random.default_rng(0))
    beside = joined(lossy, part(whole, order[:half]))
    assert diagnose(whole, beside, splits=199).cause == diagnose(whole, lossy, splits=199).cause


def test_a_set_without_train_is_judged_whole(cells: Dataset) -> None:
    held = split(cells, np.arange(len(cells.samples)))
    assert trained_on(held) is held
    assert without_held_out(cells, held) is cells
