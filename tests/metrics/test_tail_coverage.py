"""Coverage by stratum against a plain loop over all pairs, and on real handwriting."""

from __future__ import annotations

import hashlib
import time

import numpy as np
import pytest

from firsthand.contracts import FeatureView
from firsthand.metrics import tail_coverage
from firsthand.metrics.tail_coverage import compare
from firsthand.numerics import space
from firsthand.numerics.multiplicity import family_wise
from firsthand.numerics.resampling import make_splits
from firsthand.types import Shared


def view(features: np.ndarray) -> FeatureView:
    digests = [hashlib.sha256(row.tobytes()).digest() for row in features]
    bucket = np.array([digest[0] % 64 for digest in digests])
    media = np.array(digests, dtype="S32")
    return FeatureView(features.astype(np.float32), bucket, media, len(features))


def splits_for(reference: FeatureView, candidate: FeatureView, splits: int = 199):
    return make_splits(1, Shared(len(reference.bucket), len(candidate.bucket), 0), splits)


def slow_share(reference, candidate, first, searched, theirs: bool) -> np.ndarray:
    """What one split finds, by all pairs, for the strata of A."""
    side = candidate if theirs else reference
    mine, other = first[reference.bucket], searched[side.bucket]
    k = space.K

    def apart(one, two):
        gap = one.features[:, None].astype(float) - two.features[None]
        out = np.sqrt((gap**2).sum(axis=2))
        out[one.bucket[:, None] == two.bucket] = np.inf
        return out

    own, across = apart(reference, reference), apart(reference, side)
    within = apart(side, side)
    radius = np.sort(own[:, mine], axis=1)[:, k - 1][mine]
    reach = np.sort(within[:, other], axis=1)[:, k - 1][other]
    distance = across[mine][:, other]
    reached = (distance <= radius[:, None]).any(axis=1) & (distance <= reach).any(axis=1)
    order = np.argsort(-radius, kind="stable")
    edges = [int(share * len(radius) + 0.5) for share in (0.1, 0.3, 0.7)]
    return np.array([reached[part].mean() for part in np.split(order, edges)])


def test_agrees_with_a_loop_over_all_pairs(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(space, "MEMBERS", 1000)  # lists that leave nobody out
    reference, candidate = view(rng.normal(size=(300, 3))), view(0.8 * rng.normal(size=(300, 3)))
    splits = splits_for(reference, candidate, 12)
    # The points in the order that the metric puts them in, so that ties are cut alike.
    made = space.neighbourhoods(reference, candidate, splits)
    (ours, theirs), parts = made.points, made.parts
    found = tail_coverage._found(made)
    for at in range(12):
        for name, scores in found._asdict().items():
            searched, other = getattr(parts, name)[at], name == "candidate"
            expected = slow_share(ours, theirs, parts.first[at], searched, other)
            np.testing.assert_allclose(scores[at], expected, rtol=1e-12, err_msg=name)
    assert 0.5 < found.human.mean() < 1


def test_short_lists_change_next_to_nothing(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference, candidate = view(rng.normal(size=(300, 8))), view(rng.normal(size=(300, 8)))
    short = compare(reference, candidate, splits_for(reference, candidate))
    monkeypatch.setattr(space, "MEMBERS", 1000)
    full = compare(reference, candidate, splits_for(reference, candidate))
    np.testing.assert_allclose(short.value, full.value, atol=0.01)


def test_copies_of_the_reference_do_not_vouch_for_themselves(rng: np.random.Generator) -> None:
    """Without their neighbours, points that are on both sides are not reached by themselves."""
    features = rng.normal(size=(400, 2))
    reference = view(features)
    rare = np.argsort(-np.linalg.norm(features, axis=1))[:40]
    lonely = view(features[np.setdiff1d(np.arange(400), rare[1:])])
    draws = compare(reference, lonely, splits_for(reference, lonely))
    assert draws.value[draws.slices.index((("stratum", "rarest-tenth"),))] < 0.8


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    data = pytest.importorskip("sklearn.datasets").load_digits()
    return data.data, data.target


def halves(features: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    order = np.random.default_rng(seed).permutation(len(features))
    return features[order[: len(order) // 2]], features[order[len(order) // 2 :]]


def worst(reference: np.ndarray, candidate: np.ndarray) -> float:
    one, other = view(reference), view(candidate)
    draws = compare(one, other, splits_for(one, other))
    return float(family_wise(-draws.value, -draws.null).family.min())


def test_real_handwriting_does_not_alarm_and_shrunk_handwriting_does(digits) -> None:
    features, _ = digits
    alarms = [worst(*halves(features, seed)) <= 0.05 for seed in range(4)]
    assert sum(alarms) <= 1
    reference, candidate = halves(features, 0)
    middle = candidate.mean(axis=0)
    assert worst(reference, middle + 0.8 * (candidate - middle)) <= 0.05


def test_a_lost_digit_is_found(digits) -> None:
    features, target = digits
    reference, candidate = halves(np.hstack([features, target[:, None]]), 7)
    kept = candidate[candidate[:, -1] != 3]
    assert worst(reference[:, :-1], kept[:, :-1]) <= 0.05


def test_the_full_set_of_digits_takes_seconds(digits) -> None:
    whole = view(digits[0])
    began = time.process_time()
    draws = compare(whole, whole, splits_for(whole, whole, 1999))
    assert time.process_time() - began < 10  # about 1 s on two cores; a slow machine is no failure
    assert (draws.value == 1).all()


def test_duplicates_and_more_dimensions_than_points_have_a_value(rng: np.random.Generator) -> None:
    wide = view(np.repeat(rng.normal(size=(60, 500)), 2, axis=0) + 0.0)
    draws = compare(wide, wide, splits_for(wide, wide, 49))
    assert all(note.reason == "too-few-objects" for note in draws.undetermined if note)
    assert np.isfinite(draws.value).all()


def test_one_point_for_all_is_undetermined() -> None:
    flat = FeatureView(
        np.ones((200, 4), np.float32),
        np.arange(200) % 64,
        np.array([bytes([at, 1]) * 16 for at in range(200)], dtype="S32"),
        200,
    )
    draws = compare(flat, flat, splits_for(flat, flat, 19))
    assert [note.reason for note in draws.undetermined] == ["features-constant"]


def test_small_strata_are_undetermined_by_name(rng: np.random.Generator) -> None:
    small = view(rng.normal(size=(60, 2)))
    other = view(rng.normal(size=(60, 2)))
    draws = compare(small, other, splits_for(small, other, 49))
    assert {note.slice for note in draws.undetermined} == {(("stratum", "rarest-tenth"),)}
