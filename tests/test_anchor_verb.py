"""A validation set by people: rare things are there, and averages are still those of everything."""

from __future__ import annotations

import json

import numpy as np
import pytest

from detectors import CELLS, NAMES, scenes
from firsthand.anchor import anchor
from firsthand.cli import main
from firsthand.detections import files, labelled, measure, score, weighted
from firsthand.errors import InputError
from firsthand.label import label
from firsthand.provenance import declare
from firsthand.read import read
from firsthand.training_sets import anchored, anchoring
from firsthand.types import HUMAN, Boxes, Sample
from labelled_pool import lines, places
from made import yolo as scenes_of_people

STAR = NAMES.index("star")


@pytest.fixture(scope="module")
def there(tmp_path_factory):
    return places(tmp_path_factory.mktemp("anchor"), human=160, val=40)


def made(objects, videos=1):
    """Samples as a dataset holds them."""
    out = []
    for at, key in enumerate(objects.keys):
        rows = objects.image == at
        boxes = Boxes(objects.label[rows].astype(np.int32), objects.xywh[rows])
        group = f"video{at // videos}" if videos > 1 else ""
        out.append(Sample(key, key.encode().ljust(32), b"x", "train", group, HUMAN, boxes=boxes))
    return out


@pytest.mark.parametrize("videos", [1, 5])
def test_means_over_many_choices_are_those_of_all_images(rng, videos):
    """Horvitz-Thompson exactly, the ratio that recall is (Hájek) nearly; without weights, not."""
    human, found = scenes(rng, 300)
    samples = made(human, videos)
    whole = score(human, found, CELLS)
    sure = np.append(whole.found.confidence >= 0.25, False)[whole.matching.found]
    hit = np.bincount(whole.human.image, sure, human.images)
    held = np.bincount(human.image, minlength=human.images)
    chance = anchoring.chances(samples, NAMES, 0.2)
    strata = anchoring.strata(samples, NAMES)
    totals, ratios, plain = [], [], []
    for _ in range(500):
        taken = anchoring.take(samples, chance, rng, strata)
        weight = 1 / chance[taken]
        totals.append((weight * held[taken]).sum())
        ratios.append((weight * hit[taken]).sum() / (weight * held[taken]).sum())
        plain.append(hit[taken].sum() / held[taken].sum())
    error = np.std(totals) / np.sqrt(500)
    assert abs(np.mean(totals) - held.sum()) < 4 * error
    truth = hit.sum() / held.sum()
    assert np.mean(ratios) == pytest.approx(truth, abs=0.004)
    assert abs(np.mean(plain) - truth) > 3 * abs(np.mean(ratios) - truth)


def test_chances_are_kept_and_sum_to_the_share(rng):
    samples = made(scenes(rng, 300)[0])
    chance = anchoring.chances(samples, NAMES, 0.2)
    assert chance.sum() == pytest.approx(60)
    assert 0 < chance.min() < chance.max() <= 0.5
    strata = anchoring.strata(samples, NAMES)
    taken = np.array([anchoring.take(samples, chance, rng, strata) for _ in range(600)])
    assert (taken.sum(axis=1) == 60).all()
    assert np.abs(taken.mean(axis=0) - chance).max() < 0.1


def test_every_class_and_size_gets_its_share(rng):
    """By strata the number of rare objects differs less from choice to choice."""
    human = scenes(rng, 300)[0]
    samples = made(human)
    chance, strata = anchoring.chances(samples, NAMES, 0.2), anchoring.strata(samples, NAMES)
    assert set(strata[human.image[human.label == STAR]]) <= {0, 1, 2}
    assert (strata[np.setdiff1d(np.arange(300), human.image)] == 9).all()
    held = np.bincount(human.image[human.label == STAR], minlength=300)
    spread = [
        np.std([held[anchoring.take(samples, chance, rng, each)].sum() for _ in range(300)])
        for each in (None, strata)
    ]
    assert spread[1] < 0.8 * spread[0]
    for stratum in range(9):
        here = strata == stratum
        taken = [anchoring.take(samples, chance, rng, strata)[here].sum() for _ in range(50)]
        assert max(abs(each - chance[here].sum()) for each in taken) < 1.01


@pytest.mark.parametrize(("images", "share"), [(2, 0.2), (3, 0.5), (5, 0.5), (7, 0.45)])
def test_a_handful_of_images_can_be_split(rng, images, share):
    samples = made(scenes(rng, images, (2.0, 1.0, 1.0))[0])
    taken = anchoring.take(samples, anchoring.chances(samples, NAMES, share), rng)
    assert 1 <= taken.sum() <= images / 2


def test_a_group_goes_to_one_side(rng):
    samples = made(scenes(rng, 100)[0], videos=10)
    taken = anchoring.take(samples, anchoring.chances(samples, NAMES, 0.3), rng)
    by_group = {taken[at : at + 10].sum() for at in range(0, 100, 10)}
    assert by_group == {0, 10}
    assert taken.sum() == 30


def test_rare_objects_are_there_and_nothing_is_on_both_sides(there, tmp_path):
    out = tmp_path / "anchored"
    found = anchor(there.reference, out=out, declared=HUMAN)
    data = read(out)
    split = {name: [s for s in data.samples if s.split == name] for name in ("train", "val")}
    assert len(split["val"]) == found.images == 40
    assert len(split["train"]) == found.train == 160
    assert not {s.media for s in split["val"]} & {s.media for s in split["train"]}
    star = next(each for each in found.sights if each.slice == (("class", "star"),))
    assert star.objects / star.of > 0.3  # a fifth of the images holds a third of the stars
    assert {s.provenance.label_origin for s in split["val"]} == {"human"}
    assert "val: val.txt" in (out / "data.yaml").read_text()


def test_weights_come_back_with_the_set(there, tmp_path):
    out = tmp_path / "anchored"
    anchor(there.reference, out=out, declared=HUMAN)
    data = read(out)
    weights = anchored.weights(data)
    val = [one.key for one in data.samples if one.split == "val"]
    assert sorted(weights) == sorted(val)
    assert sum(weights.values()) == pytest.approx(200, rel=0.25)
    human = weighted(labelled(data), weights)
    assert human.weight.max() > 2
    assert len(lines(out / anchored.NAME)) == 40


def test_labels_weigh_the_anchor(there, tmp_path):
    out = tmp_path / "anchored"
    anchor(there.reference, out=out, declared=HUMAN)
    human = labelled(read(out))
    seen = tmp_path / "all.jsonl"
    everything = [*files.read(there.predictions).items]
    files.write(seen, everything, NAMES, "detector@1")
    found = label(seen, there.pool, reference=out, out=tmp_path / "next")
    assert 0 < found.anchor_images <= 40
    assert human.images == 200


def test_models_and_unknown_are_refused(there, tmp_path):
    with pytest.raises(InputError, match="--origin human"):
        anchor(there.reference, out=tmp_path / "a")
    with pytest.raises(InputError, match="by people"):
        anchor(there.reference, out=tmp_path / "a", declared=declare("model-labelled"))
    with pytest.raises(InputError, match="by people"):
        anchor(there.reference, out=tmp_path / "a", declared=declare("synthetic"))
    assert not (tmp_path / "a").exists()


def test_images_without_any_label_are_called_so(tmp_path):
    data = scenes_of_people(tmp_path / "set", 3, 0)
    for file in (tmp_path / "set").rglob("*.txt"):
        file.unlink()
    with pytest.raises(InputError, match="none of 3 images carries a label"):
        anchor(data, out=tmp_path / "n", declared=HUMAN)


def test_a_models_labels_stay_out_of_the_set(there, tmp_path):
    side = there.reference.with_name("provenance.yaml")
    side.write_text(
        "rules:\n  - origin: human\n  - {match: 'images/train/*', origin: model-labelled}\n"
    )
    found = anchor(there.reference, out=tmp_path / "a", share=0.5)
    side.unlink()
    assert found.made == 160
    val = [one for one in read(tmp_path / "a").samples if one.split == "val"]
    assert len(val) == found.images == 20
    assert {one.provenance.label_origin for one in val} == {"human"}


@pytest.mark.parametrize("share", [0.0, 0.6])
def test_shares_that_leave_nothing_are_refused(there, tmp_path, share):
    with pytest.raises(InputError, match="share"):
        anchor(there.reference, out=tmp_path / "a", declared=HUMAN, share=share)


def test_the_command_says_what_it_cannot_see(there, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(*words):
        with pytest.raises(SystemExit) as end:
            main([str(word) for word in words])
        return end.value.code, capsys.readouterr().out

    words = ["anchor", there.reference, "--origin", "human"]
    code, said = run(*words, "--out", "a", "--json")
    document = json.loads(said)
    assert code == 3
    assert document["schema"] == "firsthand.anchor/1"
    blind = [each["slice"] for each in document["sights"] if not each["enough"]]
    assert "class=star" in blind
    code, said = run(*words, "--out", "b", "--see", "0.9", "--share", "0.5")
    assert code == 0
    assert said.startswith("100 images are the validation set, 100 are left")
    assert "{" not in said
    code, said = run(*words, "--out", "c", "--lang", "zh")
    assert "验证集" in said
    assert "Next" not in said
    assert run("anchor", there.reference, "--out", "d")[0] == 2


def test_recall_on_the_weighted_set_is_that_of_all_images(rng):
    """End to end through the measures: the weighted recall of small objects is not biased."""
    human, found = scenes(rng, 600)
    samples = made(human)
    chance = anchoring.chances(samples, NAMES, 0.25)
    part = (("size", "small"),)
    truth = value(measure(score(human, found, CELLS), "recall"), part)
    seen = []
    for _ in range(60):
        taken = np.flatnonzero(anchoring.take(samples, chance, rng))
        weights = {human.keys[at]: 1 / chance[at] for at in taken.tolist()}
        some = weighted(human.only(taken), weights)
        seen.append(value(measure(score(some, found, CELLS), "recall", replicates=50), part))
    assert np.mean(seen) == pytest.approx(truth, abs=0.012)


def value(answers, part):
    return next(each.value for each in answers if each.slice == part)
