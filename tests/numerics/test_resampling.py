"""The null must be what chance really does: checked by drawing second samples for real."""

from __future__ import annotations

import numpy as np
import pytest

from firsthand.contracts import BUCKETS, Profile
from firsthand.metrics.objects_per_image import component as metric
from firsthand.numerics.resampling import Pair, draw, make_splits, noise_scale
from firsthand.types import Shared


def world(rng: np.random.Generator, n: int, mean: float = 4.0) -> tuple[np.ndarray, np.ndarray]:
    return rng.negative_binomial(2, 2 / (2 + mean), size=n).astype(float), rng.integers(0, 64, n)


def profile(counts: np.ndarray, bucket: np.ndarray) -> Profile:
    totals = np.bincount(bucket, counts, BUCKETS)[:, None]
    samples = np.bincount(bucket, minlength=BUCKETS).astype(float)
    return Profile(("objects",), totals, samples, len(counts))


@pytest.mark.parametrize(
    ("reference", "candidate", "both"), [(100, 100, 0), (400, 100, 0), (100, 300, 50), (90, 90, 30)]
)
def test_noise_scale_is_the_spread_of_means_that_share_samples(
    rng: np.random.Generator, reference: int, candidate: int, both: int
) -> None:
    pool = rng.normal(size=(20000, reference + candidate - both))
    ours = pool[:, :reference].mean(axis=1)
    theirs = np.concatenate([pool[:, :both], pool[:, reference:]], axis=1).mean(axis=1)
    halves = 2 / np.sqrt(reference)
    expected = (theirs - ours).std() / halves
    assert noise_scale(Shared(reference, candidate, both)) == pytest.approx(expected, rel=0.03)


def test_p_values_of_second_samples_are_uniform() -> None:
    """300 second samples: P(p <= 0.1) is 0.1 within 3 standard errors (0.052)."""
    low = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        pair = Pair(profile(*world(rng, 300)), profile(*world(rng, 200)), Shared(300, 200, 0))
        draws = draw(metric, pair, make_splits(seed, pair.shared, 199))
        p = (1 + (draws.null[:, 0] <= draws.value[0]).sum()) / 200
        low += p <= 0.1
    assert low / 300 == pytest.approx(0.1, abs=0.052)


def test_interval_covers_the_true_ratio() -> None:
    """200 pairs with a true ratio of 0.7: a 95 % interval misses in 5 % (3 se: 4.6)."""
    missed = 0
    for seed in range(200):
        rng = np.random.default_rng([7, seed])
        pair = Pair(profile(*world(rng, 300)), profile(*world(rng, 300, 2.8)), Shared(300, 300, 0))
        boot = draw(metric, pair, make_splits(seed, pair.shared, 499)).bootstrap
        low, high = np.quantile(boot, [0.025, 0.975])
        missed += not low <= 0.7 <= high
    assert missed / 200 == pytest.approx(0.05, abs=0.046)


def test_identical_sets_leave_nothing_to_chance(rng: np.random.Generator) -> None:
    one = profile(*world(rng, 200))
    pair = Pair(one, one, Shared(200, 200, 200), one, one)
    draws = draw(metric, pair, make_splits(0, pair.shared, 99))
    assert draws.value.tolist() == [1.0]
    assert np.all(draws.null == 1.0)
    assert np.all(draws.bootstrap == 1.0)


def test_relabelling_at_random_is_no_loss_and_systematic_relabelling_is(
    rng: np.random.Generator,
) -> None:
    counts, bucket = world(rng, 400)
    before = profile(counts, bucket)
    noisy = profile(counts + rng.choice([-0.3, 0.3], size=400), bucket)
    lost = profile(counts * 0.9, bucket)
    p = {}
    for name, after in {"noisy": noisy, "lost": lost}.items():
        pair = Pair(before, after, Shared(400, 400, 400), before, after)
        draws = draw(metric, pair, make_splits(3, pair.shared, 999))
        p[name] = (1 + (draws.null[:, 0] <= draws.value[0]).sum()) / 1000
    assert p["lost"] == pytest.approx(0.001)
    assert p["noisy"] > 0.02


def test_parts_are_disjoint_and_of_the_candidates_size() -> None:
    splits = make_splits(0, Shared(640, 100, 0), 50)
    assert not (splits.first & splits.second).any()
    assert set(splits.first.sum(axis=1)) == {10}  # 100 of 640 samples are 10 of 64 buckets
    assert set(splits.candidate.sum(axis=1)) == {BUCKETS}
    assert np.all(splits.half | ~splits.first)


def test_too_few_groups_is_said_and_not_computed(rng: np.random.Generator) -> None:
    few = profile(*world(rng, 8))
    draws = draw(metric, Pair(few, few, Shared(8, 8, 0)), make_splits(0, Shared(8, 8, 0), 9))
    assert draws.slices == ()
    assert draws.undetermined[0].reason == "too-few-groups"
    assert draws.undetermined[0].params == {"found": 8, "needed": metric.min_groups}


def test_merged_shards_equal_one_pass(rng: np.random.Generator) -> None:
    counts, bucket = world(rng, 300)
    whole = profile(counts, bucket)
    merged = profile(counts[:100], bucket[:100]).merge(profile(counts[100:], bucket[100:]))
    assert np.array_equal(whole.totals, merged.totals)
    assert np.array_equal(whole.samples, merged.samples)


def test_rare_objects_alarm_as_often_on_either_side() -> None:
    """600 pairs of about 30 objects a side: 0.05 within 3 standard errors (0.027), up and down.

    Where the reference shows few, its own spread comes out small: unless that is seen to, 0.10 of
    healthy candidates look too high (and 0.02 too low).
    """
    low = high = 0
    for seed in range(600):
        rng = np.random.default_rng([3, seed])
        sides = [(rng.poisson(0.1, 300).astype(float), rng.integers(0, 64, 300)) for _ in range(2)]
        pair = Pair(*(profile(*side) for side in sides), Shared(300, 300, 0))
        draws = draw(metric, pair, make_splits(seed, pair.shared, 299))
        null, value = draws.null[:, 0], draws.value[0]
        low += (1 + (null <= value).sum()) / 300 <= 0.05
        high += (1 + (null >= value).sum()) / 300 <= 0.05
    assert low / 600 == pytest.approx(0.05, abs=0.027)
    assert high / 600 == pytest.approx(0.05, abs=0.027)
