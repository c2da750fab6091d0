"""Precision, recall, density, coverage and near copies against a plain loop over all pairs."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from firsthand import registry
from firsthand.contracts import Draws, FeatureView, Splits
from firsthand.numerics import space
from firsthand.numerics.multiplicity import family_wise
from firsthand.numerics.prdc import prdc
from firsthand.numerics.resampling import make_splits
from firsthand.types import Shared

NAMES = ["precision", "recall", "density", "coverage", "near_copies"]


def view(features: np.ndarray) -> FeatureView:
    digests = [hashlib.sha256(row.tobytes()).digest() for row in features]
    bucket = np.array([digest[0] % 64 for digest in digests])
    media = np.array(digests, dtype="S32")
    return FeatureView(features.astype(np.float32), bucket, media, len(features))


def splits_for(reference: FeatureView, candidate: FeatureView, splits: int = 199) -> Splits:
    return make_splits(1, Shared(len(reference.bucket), len(candidate.bucket), 0), splits)


def compare(name: str, reference: FeatureView, candidate: FeatureView, splits: int = 199) -> Draws:
    metric = registry.load("metrics", name)
    return metric.compare(reference, candidate, splits_for(reference, candidate, splits))


def apart(one: FeatureView, two: FeatureView) -> np.ndarray:
    """Distances, without those between points that may depend on each other."""
    gap = one.features[:, None].astype(float) - two.features[None]
    out = np.sqrt((gap**2).sum(axis=2))
    out[one.bucket[:, None] == two.bucket] = np.inf
    return out


def slow(reference: FeatureView, side: FeatureView, first: np.ndarray, part: np.ndarray) -> dict:
    """What one split finds in one part of a side."""
    mine, other = first[reference.bucket], part[side.bucket]
    own, within = apart(reference, reference)[mine][:, mine], apart(side, side)[other][:, other]
    across = apart(reference, side)[mine][:, other]
    balls, theirs = (np.sort(each, axis=1)[:, space.K - 1] for each in (own, within))
    inside = across <= balls[:, None]
    return {
        "precision": inside.any(axis=0).mean(),
        "density": inside.sum(axis=0).mean() / space.K,
        "coverage": inside.any(axis=1).mean(),
        "recall": (across <= theirs[None]).any(axis=1).mean(),
        "nearest": across.min(axis=0),
    }


def test_agree_with_a_loop_over_all_pairs(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(space, "MEMBERS", 1000)  # lists that leave nobody out
    reference, candidate = view(rng.normal(size=(300, 3))), view(0.8 * rng.normal(size=(280, 3)))
    splits = splits_for(reference, candidate, 8)
    made, _, found = space._find(reference, candidate, splits)
    for at in range(8):
        first, edge = made.parts.first[at], None
        for name in ("human", "candidate", "one", "other"):
            side = candidate if name == "candidate" else reference
            expected = slow(reference, side, first, getattr(made.parts, name)[at])
            if edge is None:  # of the human part, which comes first
                nearest = np.sort(expected["nearest"])
                edge = nearest[int(np.ceil(0.05 * len(nearest))) - 1]
            expected["near_copies"] = (expected["nearest"] <= edge * (1 + 1e-6)).mean()
            if name == "candidate":
                expected["near_copies"] *= (len(nearest) + 1) / len(nearest)
            for metric in NAMES:
                score = getattr(found[metric], name)[at, 0]
                assert score == pytest.approx(expected[metric]), (metric, name)


def test_short_lists_change_next_to_nothing(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference, candidate = view(rng.normal(size=(240, 8))), view(0.9 * rng.normal(size=(240, 8)))
    short, full = [], []
    for into in (short, full):
        splits = splits_for(reference, candidate, 99)
        for name in NAMES:
            metric = registry.load("metrics", name)
            into.append(metric.compare(reference, candidate, splits).value[0])
        monkeypatch.setattr(space, "MEMBERS", 1000)
    np.testing.assert_allclose(short, full, atol=0.03)


def test_the_published_number_is_of_all_rows(rng: np.random.Generator) -> None:
    reference, candidate = view(rng.normal(size=(200, 4))), view(0.6 * rng.normal(size=(150, 4)))
    scores = prdc(reference.features, candidate.features)
    for name, expected in scores.scores._asdict().items():
        assert compare(name, reference, candidate, 19).absolute == [expected]


def test_six_questions_take_one_pass(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    find = space.reach.lists_of
    monkeypatch.setattr(space.reach, "lists_of", lambda *asked: made.append(1) or find(*asked))
    reference, candidate = view(rng.normal(size=(200, 4))), view(rng.normal(size=(200, 4)))
    splits = splits_for(reference, candidate, 19)
    for name in (*NAMES, "tail_coverage"):
        registry.load("metrics", name).compare(reference, candidate, splits)
    assert len(made) == 4


def alarm(draws: Draws, worse: str) -> bool:
    sign = 1.0 if worse == "up" else -1.0
    return bool(family_wise(sign * draws.value, sign * draws.null).family.min() <= 0.05)


def test_copied_points_are_found_and_new_ones_are_not(rng: np.random.Generator) -> None:
    reference, fresh = rng.normal(size=(500, 6)), rng.normal(size=(500, 6))
    copied = fresh.copy()
    copied[:100] = reference[:100] + 0.02 * rng.normal(size=(100, 6))
    healthy = compare("near_copies", view(reference), view(fresh))
    damaged = compare("near_copies", view(reference), view(copied))
    assert not alarm(healthy, "up")
    assert alarm(damaged, "up")
    # Half of the copied points are in part A; the others lie as people's points do.
    assert damaged.value[0] == pytest.approx((0.1 + 0.9 * 0.05) / 0.05, rel=0.25)
    assert damaged.absolute[0] == pytest.approx(0.2 + 0.8 * 0.05, abs=0.03)


def test_copies_to_the_last_byte_are_not_near_copies(rng: np.random.Generator) -> None:
    points = view(rng.normal(size=(300, 6)))
    draws = compare("near_copies", points, points)
    assert draws.value[0] == pytest.approx(1, abs=0.3)
    assert not alarm(draws, "up")


def test_a_sharpened_set_is_precise_and_recalls_little(rng: np.random.Generator) -> None:
    """What precision does not see is what it is known for not seeing."""
    reference, other = rng.normal(size=(600, 5)), rng.normal(size=(600, 5))
    sides = view(reference), view(0.5 * other)
    assert not alarm(compare("precision", *sides), "down")
    assert alarm(compare("recall", *sides), "down")
    assert compare("precision", *sides).absolute[0] > 0.99


@pytest.mark.parametrize("name", NAMES)
class TestOddSets:
    def test_duplicates_and_more_features_than_points_have_a_value(
        self, name: str, rng: np.random.Generator
    ) -> None:
        wide = view(np.repeat(rng.normal(size=(60, 300)), 2, axis=0))
        draws = compare(name, wide, wide, 49)
        assert np.isfinite(draws.value).all()
        assert len(draws.value) + len(draws.undetermined) == 1

    def test_a_constant_feature_changes_nothing(self, name: str, rng: np.random.Generator) -> None:
        plain = [rng.normal(size=(200, 3)).astype(np.float32) for _ in range(2)]
        sides = [view(points) for points in plain]
        wider = [
            side._replace(features=np.hstack([side.features, np.full((200, 1), 7, np.float32)]))
            for side in sides
        ]
        assert compare(name, *wider, 19).value == pytest.approx(compare(name, *sides, 19).value)

    def test_what_cannot_be_said_is_undetermined(self, name: str, rng: np.random.Generator) -> None:
        fine = view(rng.normal(size=(200, 3)))
        flat = fine._replace(features=np.ones_like(fine.features))
        broken = fine._replace(features=np.where(fine.features > 2, np.nan, fine.features))
        few = view(rng.normal(size=(12, 3)))
        small = view(rng.normal(size=(30, 3)))
        for reference, candidate, reason in (
            (flat, fine, "features-constant"),
            (fine, broken, "features-not-finite"),
            (fine, few, "too-few-groups"),
            (small, fine, "too-few-objects"),
        ):
            draws = compare(name, reference, candidate, 49)
            assert draws.slices == ()
            assert [note.reason for note in draws.undetermined] == [reason]


@pytest.mark.parametrize("name", NAMES[:4])
def test_sets_that_lie_apart_share_nothing(name: str, rng: np.random.Generator) -> None:
    """No point lies in any ball of the other side, in any split."""
    reference = view(rng.normal(size=(200, 4)))
    candidate = view(rng.normal(size=(200, 4)) + 100)
    draws = compare(name, reference, candidate)
    assert draws.value.tolist() == [0.0]
    assert draws.absolute is not None
    assert draws.absolute.tolist() == [0.0]
