"""Generation and human ancestry follow from what models were trained on; unknown stays unknown."""

from __future__ import annotations

from pathlib import Path

import pytest
from ledgers import HUMAN, dataset, ledger_with, sample

from firsthand.errors import InputError, LedgerError
from firsthand.ledger import Ledger
from firsthand.ledger.generations import settle
from firsthand.provenance import declare
from firsthand.types import UNKNOWN, Provenance


def add(ledger: Ledger, source: str, provenance: Provenance, first: int, count: int) -> str:
    samples = [sample(number) for number in range(first, first + count)]
    ledger.add(dataset(*samples), declared=provenance, source=source)
    return ledger.commit(source).name


def one(ledger: Ledger, version: str, source: str) -> Provenance:
    number = {"data": 0, "auto": 100, "third": 200}[source]
    key = sample(number).key
    return next(s.provenance for s in ledger.read(version).samples if s.key == key)


def test_three_generations_and_their_ancestry(tmp_path: Path) -> None:
    ledger = ledger_with(tmp_path, samples=10)
    ledger.register_model("det@1", trained_on="v1")
    add(ledger, "auto", declare("synthetic", "det@1"), 100, 10)
    first = one(ledger, "v2", "auto")
    assert (first.generation, first.ancestry, first.own) == (1, 1.0, True)
    ledger.add(dataset(*map(sample, range(50, 60))), declared=declare("synthetic", "x@1"))
    ledger.commit("of another model", branch="other", base="v2")
    model = ledger.register_model("det@2", trained_on="v2")
    assert (model.generation, model.ancestry) == (2, 1.0)
    add(ledger, "third", declare("model-labelled", "det@2"), 200, 5)
    third = one(ledger, "main", "third")
    assert (third.generation, third.generation_declared) == (2, False)
    assert ledger.version("main").composition.by_generation == {"0": 10, "1": 10, "2": 5}


def test_an_unknown_parent_makes_everything_after_it_unknown(tmp_path: Path) -> None:
    ledger = ledger_with(tmp_path)
    add(ledger, "auto", declare("synthetic", "bought@7"), 100, 10)
    made = one(ledger, "v2", "auto")
    assert (made.generation, made.generation_at_least, made.ancestry) == (None, 1, None)
    assert not made.own
    model = ledger.register_model("det@1", trained_on="v2")
    assert (model.generation, model.generation_at_least, model.ancestry) == (None, 2, None)
    add(ledger, "third", declare("synthetic", "det@1"), 200, 5)
    third = one(ledger, "v3", "third")
    assert (third.generation, third.generation_at_least, third.own) == (None, 2, True)
    assert ledger.version("v3").composition.ancestry is None
    assert ledger.version("v3").composition.by_generation == {"0": 10, "unknown": 15}


def test_a_tuned_model_is_as_far_as_all_that_it_saw(tmp_path: Path) -> None:
    ledger = ledger_with(tmp_path, samples=10)
    ledger.register_model("det@1", trained_on="v1")
    add(ledger, "auto", declare("synthetic", "det@1", generation=1), 100, 30)
    ledger.add(dataset(*map(sample, range(10))), declared=HUMAN, source=tmp_path / "data")
    ledger.register_model("det@2", trained_on="v2")
    tuned = ledger.register_model("det@3", trained_on="v1", parent="det@2")
    assert tuned.generation == 2, "human data on top do not make its past human"
    lost = ledger.register_model("det@4", trained_on="v1", parent=None)
    assert lost.generation == 1
    ledger.register_model("pretrained@0")
    above = ledger.register_model("det@5", trained_on="v1", parent="pretrained@0")
    assert (above.generation, above.generation_at_least, above.ancestry) == (None, 1, None)
    assert above.own


def test_ancestry_is_the_mean_over_the_training_set(tmp_path: Path) -> None:
    ledger = ledger_with(tmp_path, samples=10)
    half = Provenance(
        "synthetic", "model", "b@1", "b@1", generation=3, generation_declared=True, ancestry=0.5
    )
    add(ledger, "auto", half, 100, 30)
    model = ledger.register_model("det@1", trained_on="v2")
    assert model.ancestry == pytest.approx((10 * 1 + 30 * 0.5) / 40)
    assert model.generation == 4


def test_a_declared_generation_is_marked_and_may_not_contradict(tmp_path: Path) -> None:
    ledger = ledger_with(tmp_path)
    add(ledger, "auto", declare("synthetic", "bought@7", generation=3), 100, 5)
    made = one(ledger, "v2", "auto")
    assert (made.generation, made.generation_declared, made.generation_at_least) == (3, True, None)
    ledger.register_model("det@1", trained_on="v1")
    with pytest.raises(InputError, match=r"generation 3 was declared .*Expected generation 1"):
        add(ledger, "third", declare("synthetic", "det@1", generation=3), 200, 1)


def test_a_generation_declared_for_a_label_is_no_contradiction(tmp_path: Path) -> None:
    ledger = ledger_with(tmp_path)
    ledger.register_model("det@1", trained_on="v1")
    add(ledger, "auto", declare("model-labelled", "det@1", generation=1), 100, 5)
    assert one(ledger, "v2", "auto").generation == 1


def test_verification_changes_neither_origin_nor_generation(tmp_path: Path) -> None:
    ledger = ledger_with(tmp_path)
    ledger.register_model("det@1", trained_on="v1")
    add(ledger, "auto", declare("model-labelled", "det@1"), 100, 5)
    before = one(ledger, "v2", "auto")
    add(ledger, "auto", declare("model-labelled", "det@1", verified_by="ann"), 100, 5)
    after = one(ledger, "v3", "auto")
    assert (after.verification, after.verified_by) == ("accepted", "ann")
    assert (after.label_origin, after.generation) == (before.label_origin, before.generation)
    assert ledger.version("v3").composition.by_class == {"real": 10, "human-verified": 5}
    assert ledger.diff("v2", "v3").counts["provenance"] == 5


def test_unknown_is_never_read_as_zero() -> None:
    nothing = settle(UNKNOWN, labelled=True, models={})
    assert (nothing.generation, nothing.generation_at_least, nothing.ancestry) == (None, None, None)
    half = settle(Provenance("human", "unknown"), labelled=True, models={})
    assert (half.generation, half.ancestry) == (None, None)
    assert settle(Provenance("human", "unknown"), labelled=False, models={}).generation == 0


def test_what_is_declared_reaches_only_samples_that_say_nothing(tmp_path: Path) -> None:
    ledger = Ledger.init(tmp_path)
    said = sample(1, provenance=declare("synthetic", "x@1"))
    ledger.add(dataset(sample(0), said), declared=HUMAN)
    version = ledger.commit("mixed")
    assert version.composition.by_class == {"real": 1, "other-synthetic": 1}
    assert version.generators == {"x@1": 1}


def test_a_model_is_registered_once(tmp_path: Path) -> None:
    ledger = ledger_with(tmp_path)
    first = ledger.register_model("det@1", trained_on="v1")
    assert ledger.register_model("det@1", trained_on="main") == first
    with pytest.raises(LedgerError, match="registered with other facts"):
        ledger.register_model("det@1")
    with pytest.raises(LedgerError, match=r"parent model lost@1 is not registered"):
        ledger.register_model("det@2", trained_on="v1", parent="lost@1")
    with pytest.raises(InputError, match="NAME@VERSION"):
        ledger.register_model("det", trained_on="v1")


def test_lineage_walks_both_ways(tmp_path: Path) -> None:
    ledger = ledger_with(tmp_path)
    ledger.register_model("det@1", trained_on="v1")
    add(ledger, "auto", declare("synthetic", "det@1"), 100, 5)
    ledger.register_model("det@2", trained_on="v2", parent="det@1")
    found = ledger.lineage("det@2")
    names = [(step.relation, step.name) for step in found.upstream]
    assert names == [
        ("trained-on", "v2"),
        ("tuned-from", "det@1"),
        ("made-by", "det@1"),
        ("trained-on", "v1"),
    ]
    assert [(s.relation, s.name) for s in ledger.lineage("v1").downstream] == [
        ("trained", "det@1"),
        ("made", "v2"),
        ("tuned-to", "det@2"),
        ("trained", "det@2"),
    ]
    generated = ledger.lineage(sample(100).key)
    assert [s.name for s in generated.upstream] == ["det@1", "v1"]
    assert [(s.relation, s.name) for s in generated.downstream] == [
        ("in", "v2"),
        ("trained", "det@2"),
    ]
    assert generated.appearances[0].generation == 1
    assert ledger.lineage(sample(100).media.hex()[:16]).name == sample(100).key
    assert ledger.lineage("v2").history == ("v1",)
    with pytest.raises(InputError, match="knows no sample, model or version"):
        ledger.lineage("nobody")
