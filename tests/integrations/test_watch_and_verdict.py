"""When the anchor is looked at, what counts as lost, and what is refused: without any training."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cloudpickle
import numpy as np
import pytest

import detectors
import firsthand
from firsthand.cli.train import _train, parsed
from firsthand.detections import Cells, labelled
from firsthand.errors import InputError, LedgerNotFound
from firsthand.integrations.ultralytics import registering, telling, verdict
from firsthand.integrations.ultralytics.gate import Question
from firsthand.integrations.ultralytics.guarding import EVENTS, Guard
from firsthand.integrations.ultralytics.run import Wishes
from firsthand.integrations.ultralytics.watch import SHARE, Budget, Watch, as_one, check_every
from firsthand.ledger import Ledger
from firsthand.read import read
from firsthand.report import over_epochs
from firsthand.types import HUMAN
from made import yolo
from yolo_scenes import scenes

WISHES = Wishes(question=Question())


class Model:
    """The public part of a model that a guard listens to."""

    def __init__(self, *without):
        self.callbacks = {name: [] for name in EVENTS if name not in without}

    def add_callback(self, event, function):
        self.callbacks[event].append(function)


def look(rng, skill=2.0, images=200):
    human, found = detectors.scenes(rng, images, (1.5, 1.2, 0.4), skill=skill)
    return human, found


def watch(human):
    cells = Cells(detectors.NAMES, (0.01,), ("small", "large"))
    return Watch((), human, cells, {})


def test_an_event_that_is_not_there_is_noticed():
    with pytest.raises(InputError, match="no event on_fit_epoch_end"):
        Guard(Model("on_fit_epoch_end"), WISHES).attach()


def test_a_model_has_one_guard():
    model = Model()
    Guard(model, WISHES).attach()
    with pytest.raises(InputError, match="guarded already"):
        Guard(model, WISHES).attach()
    assert all(len(each) == 1 for each in model.callbacks.values())


def test_several_gpus_are_refused_in_plain_words(monkeypatch):
    """Ultralytics hands callbacks to processes of its own: there the guard refuses to go."""
    model = Model()
    guard = Guard(model, WISHES).attach()
    with pytest.raises(InputError, match="several GPUs at once is not guarded"):
        cloudpickle.dumps(model.callbacks)
    with pytest.raises(InputError, match="several GPUs"):
        guard.begins(SimpleNamespace(world_size=2))
    monkeypatch.setenv("RANK", "0")
    with pytest.raises(InputError, match="several GPUs"):
        guard.begins(SimpleNamespace(world_size=1))


@pytest.mark.parametrize("event", ["loaded", "epoch_begins", "saved", "epoch_ends", "ends"])
def test_without_the_first_event_every_other_one_refuses(event):
    with pytest.raises(InputError, match="not asked before the data were loaded"):
        getattr(Guard(Model(), WISHES), event)(None)


def test_a_task_without_classes_of_objects_is_refused():
    trainer = SimpleNamespace(world_size=0, args=SimpleNamespace(task="pose"))
    with pytest.raises(InputError, match="the task is pose"):
        Guard(Model(), WISHES).begins(trainer)


@pytest.mark.parametrize("seconds", [0.01, 0.3, 1.0, 1.4])
def test_auto_keeps_its_share_and_looks_at_the_end(seconds):
    """A look costs 1 to 140 % of an epoch, of a hundred."""
    budget = Budget("auto", 100)
    budget.cost = seconds
    looks = []
    for at in range(100):
        budget.epoch(1.0)
        if budget.due(last=at == 99):
            looks.append(at)
            budget.paid(seconds, whole=True)
    assert looks[-1] == 99
    assert budget.share <= SHARE
    # No more is left unused than what the last looks may need, and one step.
    assert len(looks) >= min(100, 0.5 * SHARE * 100 / seconds)


def test_a_look_that_is_dearer_than_the_budget_comes_once():
    budget = Budget("auto", 5, cost=10.0)
    due = []
    for at in range(5):
        budget.epoch(1.0)
        due.append(budget.due(last=at == 4))
    assert due == [False] * 4 + [True]


def test_a_number_is_kept_to():
    budget = Budget(3, 7)
    due = []
    for at in range(7):
        budget.epoch(1.0)
        due.append(budget.due(last=at == 6))
    assert [at + 1 for at, each in enumerate(due) if each] == [3, 6, 7]


def test_a_loss_blocks_and_a_twin_passes(rng):
    human, found = look(rng)
    held = watch(human)
    before = held.scored(found, "generation-0")
    rare = found.label == 2
    weaker = replace(found, confidence=np.where(rare, found.confidence * 0.3, found.confidence))
    lost = verdict.contrast("generation-0", before, held.scored(weaker, ""))
    slices = {each.slice for each in lost.lost()}
    assert (("class", "star"),) in slices
    assert all(("class", "star") in each or each == () or each[0][0] == "size" for each in slices)
    assert verdict.decide([lost], [], all_human=True) == "block"
    same = verdict.contrast("generation-0", before, before)
    assert not same.lost()
    assert verdict.decide([same], [], all_human=False) == "pass"


def test_what_cannot_be_compared_is_not_green(rng):
    assert verdict.decide([], [], all_human=False) == "cannot-say"
    assert verdict.decide([], [], all_human=True) == "pass"
    assert verdict.decide([], ["event-not-seen:on_model_save"], all_human=True) == "cannot-say"
    human, found = look(rng, images=8)
    held = watch(human)
    few = held.scored(found, "")
    small = verdict.contrast("parent", few, few)
    assert not small.told
    assert verdict.decide([small], [], all_human=False) == "cannot-say"


def test_empty_predictions_are_a_recall_of_nothing_and_block(rng):
    human, found = look(rng)
    held = watch(human)
    nothing = held.scored(found.rows(np.zeros(len(found), bool)), "")
    assert nothing.recall[0].value == 0
    lost = verdict.contrast("parent", held.scored(found, ""), nothing)
    assert verdict.decide([lost], [], all_human=True) == "block"
    assert lost.lost()[0].value == 0


def test_predictions_come_back_as_they_were(rng, tmp_path):
    human, found = look(rng)
    file = tmp_path / "predictions.npz"
    verdict.save_predictions(found, detectors.NAMES, file)
    held = watch(human)
    again = verdict.load_predictions(file, detectors.NAMES)
    first, second = held.scored(found, ""), held.scored(again, "")
    assert first.recall == second.recall
    assert verdict.load_predictions(file, ("other",)) is None
    assert verdict.load_predictions(tmp_path / "absent.npz", detectors.NAMES) is None
    file.write_bytes(b"no archive")
    assert verdict.load_predictions(file, detectors.NAMES) is None


def test_a_line_names_the_slices_that_fell(rng, capsys):
    human, found = look(rng)
    held = watch(human)
    before = held.scored(found, "", 1)
    gone = replace(found, confidence=np.where(found.label == 2, 0.0, found.confidence))
    telling.looked(replace(held.scored(gone, ""), epoch=3), [before], {}, "en")
    said = capsys.readouterr().err
    assert said.startswith("firsthand: epoch 3: anchor recall .")
    assert "class star .00 [.00, ." in said
    assert "▼" in said
    telling.looked(before, [], {}, "en")
    assert "▼" not in capsys.readouterr().err


def test_a_record_is_whole_or_what_it_was(tmp_path, monkeypatch):
    file = tmp_path / "firsthand" / "verdict.json"
    verdict.write({"verdict": "cannot-say"}, file)

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        verdict.write({"verdict": "pass"}, file)
    assert json.loads(file.read_text()) == {"verdict": "cannot-say"}


def test_curves_show_what_was_looked_at(rng):
    human, found = look(rng)
    held = watch(human)
    looks = [held.scored(found, "", at) for at in (1, 5)]
    told = over_epochs.Told(
        "pass",
        ("● PASS", "why"),
        tuple((each.epoch, each.recall) for each in looks),
        (("generation-0", looks[0].recall),),
        looks[1].recall,
        {"generation-0": looks[1].against(looks[0])},
    )
    for lang in ("en", "zh"):
        page = over_epochs.html(told, lang)
        assert page.count('<svg class="chart"') == 4  # all, class, size, class by size
        assert "<script" not in page
        assert f"<td>{len(human):,}</td>" in page  # no recall without the objects behind it
        assert "left of it" in page or "保留比例" in page
        assert "(IoU)" in page or "（IoU）" in page  # what a recall is
        assert "<td>1.00 [0.93, 1.07]</td>" in page  # an equal model, where all was found
        assert "nan" not in over_epochs.svg(told, lang)
    none = over_epochs.Told("cannot-say", ("◆",), (), (), ())
    assert "No recall can be told" in over_epochs.svg(none)


def test_what_is_no_model_is_refused():
    for wrong in ("yolo26n.pt", None):
        with pytest.raises(InputError, match="is no model of Ultralytics"):
            Guard(wrong, WISHES).attach()


def test_a_ledger_that_is_not_there_is_said_before_training(tmp_path):
    with pytest.raises(LedgerNotFound):
        registering.check(tmp_path)
    registering.check(None)
    registering.check(False)
    firsthand.Ledger.init(tmp_path)
    registering.check(tmp_path)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "firsthand").write_text("in the way")
    with (
        pytest.raises(InputError, match="cannot be written: .*firsthand|firsthand.*cannot be"),
        verdict.writing(tmp_path),
    ):
        verdict.write({}, tmp_path / "firsthand" / "verdict.json")


def test_single_cls_makes_one_class_of_all(tmp_path):
    data = read(scenes(tmp_path, 4, 4), declared=firsthand.HUMAN)
    one = as_one(data, ("item",))
    assert labelled(one, ("item",)).label.tolist() == [0] * 16


def test_settings_are_read_as_they_are_typed():
    assert parsed(["device=0", "--freeze", "[1, 2]", "name=a=b"]) == {
        "device": 0,
        "freeze": [1, 2],
        "name": "a=b",
    }
    assert parsed(["--lr0", "-1", "--resume"]) == {"lr0": -1, "resume": True}
    with pytest.raises(InputError, match="'coco8.yaml' belongs to no setting"):
        parsed(["coco8.yaml"])


def test_what_ultralytics_refuses_is_its_word():
    def refuses(**_):
        raise ValueError("Invalid CUDA 'device=0,1' requested")

    def blocks(**_):
        raise firsthand.Blocked("lost", None)

    with pytest.raises(InputError, match="Ultralytics stopped: Invalid CUDA 'device=0,1'"):
        _train(SimpleNamespace(train=refuses), "data.yaml", {})
    with pytest.raises(firsthand.Blocked):
        _train(SimpleNamespace(train=blocks), "data.yaml", {})


def test_guard_is_public():
    assert firsthand.guard.__module__ == "firsthand.integrations.ultralytics"


@pytest.mark.parametrize("every", [0, -1, 2.5, True, "always", None])
def test_how_often_is_a_number_or_auto(every):
    with pytest.raises(InputError, match="anchor_every is"):
        check_every(every)


def test_what_waits_on_a_ledgers_stage_is_not_committed_with_a_run(tmp_path):
    mine = Ledger.init(tmp_path)
    mine.add(read(yolo(tmp_path / "mine", 3, 0)), declared=HUMAN)
    theirs = registering.find(mine)
    assert theirs is not None
    assert theirs.root == mine.root
    assert (len(theirs.status().staged), len(mine.status().staged)) == (0, 1)
