"""Where a model comes from is read from files and from the model itself; else it is unknown."""

from __future__ import annotations

from types import SimpleNamespace

from firsthand.integrations.ultralytics import verdict
from firsthand.integrations.ultralytics.lineage import (
    SCHEMA,
    digest_of,
    lineage,
    of_weights,
    started_from,
    written,
)


def test_lineage_is_known_where_a_guarded_run_wrote_it(tmp_path):
    run = tmp_path / "gen1"
    weights = run / "weights" / "best.pt"
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"weights")
    assert lineage(None, None).generation(1) == 1  # from scratch
    assert lineage(weights, {"data": "x.yaml"}).parent.trained_on == "x.yaml"
    zero = {
        "name": "gen0@a",
        "weights": "g.pt",
        "digest": "aa",
        "generation": 0,
        "run": "",
        "human": True,
    }
    model = {"name": "gen1@b", "generation": 1, "data": "d", "digests": [digest_of(weights)]}
    told = {"schema": SCHEMA, "model": model, "lineage": [zero], "data": {"all_human": False}}
    verdict.write(told, run / "firsthand" / "verdict.json")
    found = lineage(weights, None)
    assert (found.parent.generation, found.first.name) == (1, "gen0@a")
    assert (found.generation(0), found.generation(2), found.generation(None)) == (1, 2, None)
    copied = tmp_path / "copied.pt"
    copied.write_bytes(b"weights")
    assert lineage(copied, {"save_dir": str(run)}).parent.generation == 1
    copied.write_bytes(b"other weights")  # somebody trained on
    assert lineage(copied, {"save_dir": str(run)}).parent.generation is None


def test_a_copy_of_weights_is_known_by_the_run_that_its_settings_name(tmp_path, monkeypatch):
    """Ultralytics keeps project and name in a checkpoint, and not the folder itself."""
    runs = SimpleNamespace(settings={"runs_dir": str(tmp_path / "runs")})
    monkeypatch.setattr("firsthand.integrations.ultralytics.lineage.framework", lambda: runs)
    copied = tmp_path / "copied.pt"
    copied.write_bytes(b"weights")
    model = {"name": "gen1@b", "generation": 1, "data": "d", "digests": [digest_of(copied)]}
    told = {"schema": SCHEMA, "model": model, "lineage": []}
    settings = {"save_dir": None, "task": "segment", "project": "mine", "name": "gen1-2"}
    assert lineage(copied, settings).parent.generation is None
    verdict.write(told, tmp_path / "runs" / "segment" / "mine" / "gen1-2/firsthand/verdict.json")
    assert lineage(copied, settings).parent.name == "gen1@b"
    assert lineage(copied, settings | {"project": None}).parent.generation is None
    whole = str(tmp_path / "runs" / "segment" / "mine")
    assert (
        of_weights(
            SimpleNamespace(ckpt={"train_args": {"project": whole, "name": "gen1-2"}}), copied
        ).generation
        == 1
    )
    assert of_weights(SimpleNamespace(ckpt=None), tmp_path / "absent.pt") is None


def test_the_first_model_of_people_is_known_though_its_own_start_is_not(tmp_path):
    """Published weights, tuned on people's data, then on labels of its own, and so on."""
    base = tmp_path / "yolo26n.pt"
    base.write_bytes(b"published")
    found, ancestors = lineage(base, {}), []
    for name, human in (("a", True), ("b", False), ("c", False)):
        weights = tmp_path / name / "weights" / "best.pt"
        weights.parent.mkdir(parents=True)
        weights.write_bytes(name.encode())
        ancestors = written(found)
        own = {"name": f"{name}@1", "generation": found.generation(0), "data": "d"}
        told = {"model": own | {"digests": [digest_of(weights)]}, "lineage": ancestors}
        told |= {"schema": SCHEMA, "data": {"all_human": human}}
        verdict.write(told, tmp_path / name / "firsthand" / "verdict.json")
        found = lineage(weights, None)
    assert [each.name for each in found.ancestors][:3] == ["c@1", "b@1", "a@1"]
    assert {each.generation for each in found.ancestors} == {None}  # unknown, not 0
    assert found.first.name == "a@1"


def trained(ckpt, path=None, trainer=None, **args):
    """A model of Ultralytics, as far as it is asked where it comes from."""
    model = SimpleNamespace(ckpt=ckpt, ckpt_path=path, trainer=trainer)
    return model, SimpleNamespace(
        args=SimpleNamespace(**{"resume": False, "pretrained": True} | args)
    )


def test_where_a_training_starts_from_is_seen_or_unknown(tmp_path):
    settings = {"train_args": {"data": "x.yaml"}}
    assert started_from(*trained({})) == (None, {})  # a description
    assert started_from(*trained(settings, "a.pt")) == ("a.pt", {"data": "x.yaml"})
    assert started_from(*trained({}, pretrained="b.pt"))[0] == "b.pt"
    assert started_from(*trained(settings))[0] == ""  # weights, of which no file is known
    assert lineage("", {}).generation(0) is None
    before = SimpleNamespace(best=tmp_path / "best.pt", last=tmp_path / "last.pt")
    assert started_from(*trained(settings, "a.pt", before))[0] == str(before.last)
    before.best.write_bytes(b"weights")
    assert started_from(*trained(settings, "a.pt", before))[0] == str(before.best)
    several = SimpleNamespace()  # of several sets one after the other, each from the first model
    assert started_from(*trained(settings, "a.pt", several))[0] == "a.pt"
    resumed = {"train_args": {"model": "c.pt"}}
    assert started_from(*trained(resumed, "last.pt", before, resume=True)) == ("c.pt", {})
