"""Every failure is what its dial says, the same for the same seed, and of samples used once."""

import numpy as np
import pytest

from firsthand import registry
from firsthand.cases.documents import DocumentPool
from firsthand.cases.labels import LabelPool
from firsthand.cases.points import PointPool
from firsthand.errors import InputError
from firsthand.stress import medium, stress
from firsthand.types import HUMAN, Boxes, Dataset, Sample

N = 200
MODES = 6


def points():
    rng = np.random.default_rng(0)
    mode = rng.integers(0, MODES, 3000)
    centres = 10 * np.eye(MODES)
    return PointPool(centres[mode] + rng.normal(size=(3000, MODES)), mode)


def documents():
    rng = np.random.default_rng(0)
    chance = 1 / np.arange(2.0, 802)
    texts = [
        " ".join(f"w{word}" for word in rng.choice(800, 64 * 60, p=chance / chance.sum()))
        for _ in range(30)
    ]
    other = " ".join(f"v{word}" for word in rng.integers(0, 500, 64 * 1300))
    return DocumentPool(texts, [other])


def labels():
    rng = np.random.default_rng(0)
    samples = []
    for at in range(1500):
        classes = rng.choice(3, 8, p=[0.7, 0.2, 0.1]).astype(np.int32)
        boxes = Boxes(
            classes, np.column_stack([rng.uniform(0.3, 0.6, (8, 2)), np.full((8, 2), 0.2)])
        )
        samples.append(Sample(f"{at}", bytes(32), label=b"x", boxes=boxes))
    return LabelPool(Dataset("cells", "detect", ("a", "b", "c"), tuple(samples)))


POOLS = {"points": points(), "documents": documents(), "labels": labels()}
MADE = [
    (name, kind)
    for name in registry.names("failures")
    for kind in sorted(registry.load("failures", name).kinds)
]
SETS = ("reference", "train", "samples", "heldout")


def case(name, kind, seed=0, strength=None, n=N):
    return stress(name, POOLS[kind], strength=strength, n=n, seed=seed)


def content(one):
    if isinstance(one, np.ndarray):
        return [row.tobytes() for row in one]
    return [(each.text, each.boxes and each.boxes.xywh.tobytes()) for each in one.samples]


@pytest.mark.parametrize(("name", "kind"), MADE)
def test_a_case_has_sets_of_one_size_and_repeats(name, kind):
    first, again, other = (case(name, kind, seed) for seed in (1, 1, 2))
    for role in SETS:
        made = content(getattr(first, role))
        assert len(made) == N
        assert made == content(getattr(again, role))
        assert made != content(getattr(other, role))
    assert (first.unfiltered is None) == (name != "biased_sampling")


@pytest.mark.parametrize(("name", "kind"), [each for each in MADE if each[1] != "labels"])
def test_reference_and_training_set_share_no_sample(name, kind):
    made = case(name, kind)
    sets = [set(content(getattr(made, role))) for role in ("reference", "train", "heldout")]
    assert not sets[0] & sets[1]
    assert not sets[1] & sets[2]


@pytest.mark.parametrize("name", ["mode_collapse", "forgetting"])
@pytest.mark.parametrize(("share", "kept"), [(1 / 3, 4), (0.5, 3), (1.0, 1)])
def test_that_share_of_modes_is_lost(name, share, kept):
    made = case(name, "points", strength=share, n=100)
    alive = [len(set(getattr(made, role).argmax(axis=1).tolist())) for role in SETS]
    assert alive == ([6, 6, kept, 6] if name == "mode_collapse" else [6, kept, kept, kept])


def test_lost_classes_of_labels_have_no_box():
    made = case("forgetting", "labels", strength=2 / 3)
    seen = {label for each in made.train.samples for label in each.boxes.classes.tolist()}
    assert len(seen) == 1
    assert len({label for each in made.reference.samples for label in each.boxes.classes}) == 3


@pytest.mark.parametrize("share", [0.25, 0.9])
def test_that_share_of_samples_lies_a_hair_beside_the_training_set(share):
    made = case("overfitting", "points", strength=share)
    away = np.linalg.norm(made.samples[:, None] - made.train[None], axis=2).min(axis=1)
    copies = (away < 0.2).sum()
    assert copies == pytest.approx(share * N, abs=3 * np.sqrt(N * share * (1 - share)))


def test_copied_documents_hold_long_runs_of_one_document():
    made = case("overfitting", "documents", strength=1.0)
    whole = [f" {each.text} " for each in made.train.samples]
    for each in made.samples.samples[:20]:
        words = each.text.split()
        for at in (0, 32):
            run = " ".join(words[at : at + 32])
            assert any(f" {run} " in text for text in whole)


def test_shift_moves_two_standard_deviations_of_the_reference():
    made = case("shift", "points", strength=1.0, n=400)
    step = made.train.mean(axis=0) - made.reference.mean(axis=0)
    values = np.linalg.eigvalsh(np.cov(made.reference.T))
    assert np.linalg.norm(step) == pytest.approx(2 * np.sqrt(values[-1]), rel=0.1)


def test_shift_of_texts_is_another_collection_and_of_boxes_half_the_area():
    words = {word[0] for each in case("shift", "documents", strength=1.0).train.samples
             for word in each.text.split()}  # fmt: skip
    assert words == {"v"}
    box = case("shift", "labels", strength=1.0).train.samples[0].boxes
    assert np.allclose(box.xywh[:, 2:].prod(axis=1), 0.02)


def test_temperature_shrinks_variances_in_a_mode_and_top_p_cuts_the_far_ones():
    def variance(one):
        mode = one.argmax(axis=1)
        return np.mean([one[mode == at].var(axis=0).mean() for at in range(MODES)])

    made = case("biased_sampling", "points", strength=1.25, n=400)
    assert variance(made.samples) / variance(made.unfiltered) == pytest.approx(0.8, rel=0.1)
    made = case("biased_sampling", "points", strength=0.8, n=400)
    off = [np.linalg.norm(one - 10 * np.eye(MODES)[one.argmax(axis=1)], axis=1)
           for one in (made.samples, made.unfiltered)]  # fmt: skip
    assert (off[1] > np.quantile(off[0], 0.98)).mean() == pytest.approx(0.2, abs=0.08)


def test_exponent_sharpens_shares_of_classes():
    made = case("biased_sampling", "labels", strength=2.0, n=200)

    def shares(one):
        found = np.bincount(np.concatenate([each.boxes.classes for each in one.samples]))
        return found / found.sum()

    sharp = shares(made.train) ** 2
    np.testing.assert_allclose(shares(made.samples), sharp / sharp.sum(), atol=0.03)


def test_a_chain_narrows_and_says_that_models_made_it():
    made = case("model_collapse", "points", strength=8)
    assert len(made.history) == 8
    assert made.origin == "synthetic"
    assert made.history[-1].tobytes() == made.train.tobytes()
    texts = case("model_collapse", "documents", strength=3)
    assert {each.provenance.media_origin for each in texts.train.samples} == {"synthetic"}
    assert {each.provenance for each in texts.reference.samples} == {HUMAN}

    def types(one):
        return len({word for each in one.samples for word in each.text.split()})

    assert types(texts.train) < types(texts.history[0]) < types(texts.reference)


def test_over_dispersion_multiplies_deviations():
    made = case("over_dispersion", "points", strength=2.0, n=400)
    assert made.samples.std() / made.train.std() == pytest.approx(2.0, rel=0.1)


@pytest.mark.parametrize(
    ("name", "kind", "options", "said"),
    [
        ("overfitting", "labels", {}, "labels cannot show overfitting"),
        ("mode_collapse", "points", {"strength": 1.5}, "share of modes lost, 0 to 1"),
        ("healthy", "points", {"n": 1000}, "1000 samples a set are asked for, and 0 of 3000"),
        ("healthy", "points", {"n": 1}, "n is 1. Expected 2 or more"),
    ],
)
def test_what_cannot_be_made_is_refused(name, kind, options, said):
    with pytest.raises(InputError, match=said):
        case(name, kind, **options)


def test_the_medium_strength_is_the_middle_one():
    assert medium(registry.load("failures", "mode_collapse")) == 0.5
