"""Distances between sets of points: what they say of a human half, and where they cannot say."""

from __future__ import annotations

import gzip
import hashlib

import numpy as np
import pytest

from firsthand import registry
from firsthand.contracts import BUCKETS, Draws, FeatureView
from firsthand.errors import InputError
from firsthand.features.pixels import describe
from firsthand.numerics import kernels, pointset
from firsthand.numerics import vendi as diversity
from firsthand.numerics.frechet import distance
from firsthand.numerics.multiplicity import family_wise
from firsthand.numerics.resampling import make_splits
from firsthand.types import Shared

DISTANCES = ("frechet", "kid", "sliced_wasserstein", "c2st")
ALL = (*DISTANCES, "vendi")


def view(features: np.ndarray) -> FeatureView:
    digests = [hashlib.sha256(row.tobytes()).digest() for row in features]
    bucket = np.array([digest[0] % BUCKETS for digest in digests])
    media = np.array(digests, dtype="S32")
    return FeatureView(features.astype(np.float32), bucket, media, len(features))


def compare(name: str, reference: FeatureView, candidate: FeatureView, splits: int = 199) -> Draws:
    shared = Shared(len(reference.bucket), len(candidate.bucket), 0)
    found = registry.load("metrics", name).compare
    return found(reference, candidate, make_splits(1, shared, splits))


@pytest.mark.parametrize("name", ALL)
def test_few_points_in_many_dimensions_are_no_trouble(name: str, rng: np.random.Generator) -> None:
    reference, candidate = (view(rng.normal(size=(80, 48))) for _ in range(2))
    draws = compare(name, reference, candidate)
    low, high = np.quantile(draws.null[:, 0], [0.005, 0.995])
    assert low < draws.value[0] < high


@pytest.mark.parametrize("name", DISTANCES)
def test_a_set_that_shrank_is_not_nearer_than_a_human_one(
    name: str, rng: np.random.Generator
) -> None:
    """In many dimensions most of a distance is due to size, of which a shrunk set has less."""
    reference, candidate = (rng.normal(size=(300, 40)) for _ in range(2))
    draws = compare(name, view(reference), view(0.6 * candidate))
    assert draws.value[0] > 1
    assert (draws.null[:, 0] >= draws.value[0]).mean() < 0.05


def test_a_set_that_shrank_is_less_diverse(rng: np.random.Generator) -> None:
    reference, candidate = (5 + rng.normal(size=(300, 40)) for _ in range(2))
    middle = candidate.mean(axis=0)
    draws = compare("vendi", view(reference), view(middle + 0.8 * (candidate - middle)))
    assert (draws.null[:, 0] <= draws.value[0]).mean() < 0.05


@pytest.mark.parametrize("name", ALL)
def test_where_the_origin_is_and_which_way_axes_point_does_not_matter(
    name: str, rng: np.random.Generator
) -> None:
    reference, candidate = (rng.normal(size=(200, 5)) for _ in range(2))
    turn = np.linalg.qr(rng.normal(size=(5, 5)))[0]
    media = [view(side).media for side in (reference, candidate)]

    def again(change) -> float:
        sides = [
            view(side)._replace(features=change(side).astype(np.float32), media=digests)
            for side, digests in zip((reference, candidate), media, strict=True)
        ]
        plain = [view(side).bucket for side in (reference, candidate)]
        sides = [side._replace(bucket=bucket) for side, bucket in zip(sides, plain, strict=True)]
        return float(compare(name, *sides).value[0])

    before = again(lambda side: side)
    assert again(lambda side: 3 * side + 40) == pytest.approx(before, rel=2e-3)
    turned = again(lambda side: side @ turn)
    # Random lines fall elsewhere on turned axes, and squares of features are of other features.
    assert turned == pytest.approx(before, rel=2e-3 if name in {"frechet", "kid", "vendi"} else 0.2)


@pytest.mark.parametrize("name", ALL)
def test_what_cannot_be_said(name: str, rng: np.random.Generator) -> None:
    fine = view(rng.normal(size=(200, 4)))
    same = fine._replace(features=np.ones_like(fine.features))
    broken = fine._replace(features=np.where(fine.features > 2, np.nan, fine.features))
    few = view(rng.normal(size=(30, 4)))
    for reference, candidate, reason in (
        (same, fine, "features-constant"),
        (broken, fine, "features-not-finite"),
        (fine, broken, "features-not-finite"),
        (few, fine, "too-few-objects"),
        (fine._replace(groups=5), fine, "too-few-groups"),
    ):
        draws = compare(name, reference, candidate)
        assert draws.slices == ()
        assert [note.reason for note in draws.undetermined] == [reason]
    with pytest.raises(InputError, match="3 dimensions"):
        compare(name, fine, view(rng.normal(size=(200, 3))))


@pytest.mark.parametrize("name", ALL)
def test_constant_and_repeated_features_are_no_trouble(name: str, rng: np.random.Generator) -> None:
    points = rng.normal(size=(2, 200, 4))
    flat = np.concatenate([points, points[:, :, :1], np.full((2, 200, 1), 7.0)], axis=2)
    draws = compare(name, view(flat[0]), view(flat[1]))
    assert np.isfinite(draws.value).all()
    assert 0.5 < draws.value[0] < 2
    lost = compare(name, view(flat[0]), view(np.repeat(flat[1][:1], 200, axis=0)))
    worse = (lost.value < 1) if name == "vendi" else (lost.value > 1)
    assert worse.all(), "a candidate that is one point again and again"


def test_absolute_values_are_the_published_ones(rng: np.random.Generator) -> None:
    reference, candidate = view(rng.normal(size=(150, 6))), view(1.2 * rng.normal(size=(190, 6)))
    ours, theirs = (pointset.point_set(side) for side in (reference, candidate))
    expected = {
        "frechet": distance(reference.features, candidate.features),
        "kid": kernels.mmd(kernels.sums(ours, theirs)).value,
        "vendi": diversity.score(candidate.features),
    }
    for name, value in expected.items():
        found = compare(name, reference, candidate).absolute
        assert found is not None
        assert found[0] == pytest.approx(value, rel=1e-5)
    assert 0.5 < compare("c2st", reference, candidate).absolute[0] < 0.8


def test_many_points_are_thinned_by_digest(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pointset, "AT_MOST", 120)
    reference, candidate = (view(rng.normal(size=(n, 4))) for n in (300, 100))
    draws = compare("kid", reference, candidate)
    assert (draws.n_reference, draws.n_candidate) == (120, 100)
    kept = pointset.point_set(reference, 120)
    assert len(kept.features) == 120
    assert set(kept.media) <= set(reference.media)


def test_few_splits_carry_the_noise_of_all(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference, candidate = (view(rng.normal(size=(300, 4))) for _ in range(2))
    whole = compare("frechet", reference, candidate, 999)
    monkeypatch.setattr(pointset, "SECONDS_A_DIMENSION", 1.0)
    few = compare("frechet", reference, candidate, 999)
    assert few.null.shape == whole.null.shape == (999, 1)
    assert few.value[0] == pytest.approx(whole.value[0], rel=0.1)
    assert few.null.std() == pytest.approx(whole.null.std(), rel=0.3)


def test_random_dimensions_keep_distances_on_average(rng: np.random.Generator) -> None:
    points = pointset.point_set(view(rng.normal(size=(200, 400))))
    fewer = pointset.projected(points, 3)
    assert fewer.features.shape == (200, pointset.MOST_DIMENSIONS)
    kept = (fewer.features**2).sum() / (points.features**2).sum()
    assert kept == pytest.approx(pointset.MOST_DIMENSIONS / 400, rel=0.03)
    assert pointset.projected(points, 3, most=None) is points


def test_whitened_sides_spread_by_one_together(rng: np.random.Generator) -> None:
    scale = np.array([100.0, 10.0, 1.0])
    sides = (pointset.point_set(view(scale * rng.normal(size=(n, 3)))) for n in (500, 900))
    one, other = pointset.whitened(*sides, 0)
    pool = np.cov(np.concatenate([one.features, other.features]).T)
    # d / n of the mean variance is added: much to a direction that hardly varies.
    np.testing.assert_allclose(pool - np.diag(np.diag(pool)), 0, atol=1e-4)
    ridge = (scale**2).mean() * 3 / 1400
    np.testing.assert_allclose(np.diag(pool)[::-1], scale**2 / (scale**2 + ridge), rtol=0.1)


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
def test_healthy_digits_rarely_alarm(name: str, real_data) -> None:
    folder = real_data("mnist_t10k")
    packed = (folder / "t10k-images-idx3-ubyte.gz").read_bytes()
    images = np.frombuffer(gzip.decompress(packed), np.uint8, offset=16).reshape(-1, 28, 28)
    small = np.pad(images, ((0, 0), (2, 2), (2, 2))).reshape(-1, 16, 2, 16, 2).mean((2, 4))
    features = describe(np.repeat(small.astype(np.uint8)[..., None], 3, axis=3))
    sign = 1.0 if registry.load("metrics", name).worse == "up" else -1.0
    alarms = 0
    for seed in range(20):
        chosen = np.random.default_rng(seed).choice(len(features), 600, replace=False)
        draws = compare(name, view(features[chosen[:300]]), view(features[chosen[300:]]))
        alarms += family_wise(sign * draws.value, sign * draws.null).family.min() <= 0.05
    assert alarms <= 4  # of 20 at 5 %: more happen once in 400 times
