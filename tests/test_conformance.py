"""One suite for every registered component: what it declares is what it does.

A component that is dropped into a family's folder is tested here without any further edit. Claims
that something must *not* be noticed are tested as well as claims that it must.
"""

from __future__ import annotations

import hashlib
import importlib
import pickle
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import ladders
from firsthand import registry
from firsthand.contracts import BUCKETS, Draws, Embedder, Ladder, Metric, Profile
from firsthand.engine import Cell, digest
from firsthand.errors import FirsthandError, InputError, MissingExtra
from firsthand.lab.loop import chains_of, compute, follow
from firsthand.lab.parsing import parse
from firsthand.lab.spec import cells
from firsthand.numerics.multiplicity import family_wise
from firsthand.numerics.resampling import Pair, draw, make_splits
from firsthand.numerics.views import boxes_view
from firsthand.recursion import Sampling
from firsthand.types import Boxes, Dataset, Sample, Shared

LADDERS = frozenset(get_args(Ladder))
METRICS = registry.names("metrics")
SPLITS = 199
LEVEL = 0.05
MUST_ALARM = range(4)
# Chance alone alarms in more than three of eight healthy pairs once in 2,700 times; where half of
# the samples are copies, so that the rest says less than their number, once in 90 times.
MUST_NOT_ALARM = range(8)
BY_CHANCE = 3


def metric_of(name: str) -> Metric:
    metric = registry.load("metrics", name)
    assert isinstance(metric, Metric)
    return metric


def compare(metric: Metric, reference: Any, candidate: Any, seed: int = 0) -> Draws:
    """What `audit` does with one metric, on views."""
    shared = Shared(ladders.count(reference), ladders.count(candidate), 0)
    splits = make_splits(seed, shared, SPLITS)
    if metric.compare is not None:
        return metric.compare(reference, candidate, splits)
    assert metric.profile is not None
    return draw(metric, Pair(metric.profile(reference), metric.profile(candidate), shared), splits)


def alarms(metric: Metric, kind: str, strength: float, seed: int) -> bool:
    """Is any slice worse than chance explains, corrected for all slices?"""
    draws = compare(metric, *ladders.pair(ladders.of(metric), kind, strength, seed), seed)
    sign = 1.0 if metric.worse == "up" else -1.0
    chance = family_wise(sign * draws.value, sign * draws.null)
    return bool(len(chance.family) and chance.family.min() <= LEVEL)


def same(one: Draws, other: Draws) -> None:
    assert one.slices == other.slices
    for part in ("value", "null", "bootstrap"):
        np.testing.assert_allclose(getattr(one, part), getattr(other, part), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", METRICS)
class TestMetric:
    """Every metric, by name."""

    def test_facts(self, name: str) -> None:
        metric = metric_of(name)
        assert metric.name == name
        assert metric.question.endswith("?")
        assert metric.unit
        assert metric.source
        assert metric.range[0] < metric.range[1]
        assert metric.tasks
        assert ladders.of(metric) in ladders.WORLDS
        if metric.neutral is not None:
            assert metric.range[0] <= metric.neutral <= metric.range[1]
        assert metric.min_groups >= 2
        assert metric.min_objects >= 1

    def test_claims_name_known_damage(self, name: str) -> None:
        metric = metric_of(name)
        assert metric.sees, "a metric that must notice nothing cannot be tested"
        assert metric.sees | metric.blind_to <= LADDERS
        assert not metric.sees & metric.blind_to

    def test_sums_or_compares(self, name: str) -> None:
        metric = metric_of(name)
        summed = (metric.profile, metric.frame, metric.value)
        assert all(part is None for part in summed) != metric.mergeable
        assert all(part is not None for part in summed) == metric.mergeable

    def test_docstring_says_source_and_question(self, name: str) -> None:
        text = importlib.import_module(f"firsthand.metrics.{name}").__doc__ or ""
        assert "Source:" in text
        assert text.splitlines()[0].endswith("?")

    def test_inputs_are_unchanged(self, name: str) -> None:
        metric = metric_of(name)
        views = ladders.pair(ladders.of(metric), "healthy", 0.0, 1)
        before = pickle.dumps(views)
        compare(metric, *views)
        assert pickle.dumps(views) == before

    def test_same_seed_same_result(self, name: str) -> None:
        metric = metric_of(name)
        views = ladders.pair(ladders.of(metric), "healthy", 0.0, 2)
        same(compare(metric, *views, seed=5), compare(metric, *views, seed=5))

    def test_sample_order_is_irrelevant(self, name: str, rng: np.random.Generator) -> None:
        metric = metric_of(name)
        views = ladders.pair(ladders.of(metric), "healthy", 0.0, 3)
        mixed = [ladders.take(view, rng.permutation(ladders.count(view))) for view in views]
        same(compare(metric, *views), compare(metric, *mixed))

    def test_values_are_in_range(self, name: str) -> None:
        metric = metric_of(name)
        draws = compare(metric, *ladders.pair(ladders.of(metric), "tail-cut", 0.7, 4))
        assert draws.value.shape == (len(draws.slices),)
        assert draws.null.shape[1:] == draws.bootstrap.shape[1:] == draws.value.shape
        low, high = metric.range
        for part in (draws.value, draws.null, draws.bootstrap):
            assert np.isfinite(part).all()
            assert ((part >= low - 1e-9) & (part <= high + 1e-9)).all()

    def test_slices_are_unique(self, name: str) -> None:
        draws = compare(
            metric_of(name), *ladders.pair(ladders.of(metric_of(name)), "healthy", 0.0, 5)
        )
        assert draws.slices
        assert len(set(draws.slices)) == len(draws.slices)

    def test_identical_sets_give_the_neutral_value(self, name: str) -> None:
        metric = metric_of(name)
        view, _ = ladders.pair(ladders.of(metric), "healthy", 0.0, 6)
        draws = compare(metric, view, view)
        low, high = np.quantile(draws.null, [0.005, 0.995], axis=0)
        inside = (draws.value >= low) & (draws.value <= high) | (draws.value == metric.neutral)
        assert inside.all(), "a set is as good as itself"
        if metric.neutral is not None and metric.size_free:
            np.testing.assert_allclose(draws.value, metric.neutral, rtol=1e-9)

    def test_symmetry_is_as_declared(self, name: str) -> None:
        metric = metric_of(name)
        one, other = ladders.pair(ladders.of(metric), _strongest(metric), 0.5, 7)
        forth, back = compare(metric, one, other), compare(metric, other, one)
        common = [part for part in forth.slices if part in back.slices]
        values = [
            [draws.value[draws.slices.index(part)] for part in common] for draws in (forth, back)
        ]
        alike = forth.slices == back.slices and np.allclose(*values, rtol=1e-9)
        assert alike == metric.symmetric

    @pytest.mark.parametrize("samples", [0, 1, 2])
    @pytest.mark.parametrize("side", ["reference", "candidate"])
    def test_too_few_samples_are_undetermined(self, name: str, samples: int, side: str) -> None:
        metric = metric_of(name)
        sides = ["reference", "candidate"]
        views = dict(zip(sides, ladders.pair(ladders.of(metric), "healthy", 0.0, 8), strict=True))
        views[side] = ladders.take(views[side], np.arange(samples))
        try:
            draws = compare(metric, views["reference"], views["candidate"])
        except FirsthandError:
            return
        assert draws.slices == ()
        assert draws.undetermined
        assert all(note.metric == name for note in draws.undetermined)

    def test_notices_what_it_must(self, name: str) -> None:
        metric = metric_of(name)
        for kind in sorted(metric.sees):
            missed = [seed for seed in MUST_ALARM if not alarms(metric, kind, 1.0, seed)]
            assert not missed, f"{kind} was not noticed with seeds {missed}"

    def test_ignores_what_it_must(self, name: str) -> None:
        metric = metric_of(name)
        for kind in sorted({*metric.blind_to, "healthy"}):
            noticed = [seed for seed in MUST_NOT_ALARM if alarms(metric, kind, 1.0, seed)]
            assert len(noticed) <= BY_CHANCE, f"{kind} raised an alarm with seeds {noticed}"

    def test_more_damage_is_worse(self, name: str) -> None:
        metric = metric_of(name)
        kind = _strongest(metric)
        worst = []
        for strength in (0.0, 0.5, 1.0):
            draws = compare(metric, *ladders.pair(ladders.of(metric), kind, strength, 10))
            sign = 1.0 if metric.worse == "up" else -1.0
            distance = sign * (draws.value - draws.null.mean(axis=0))
            worst.append(float((distance / (draws.null.std(axis=0) + 1e-12)).max()))
        assert max(worst[:2]) < worst[2]  # half of the damage may drown in noise


@pytest.mark.parametrize("name", [name for name in METRICS if metric_of(name).view == "features"])
def test_points_that_are_not_numbers_are_undetermined(name: str) -> None:
    reference, candidate = ladders.pair("features", "healthy", 0.0, 9)
    broken = candidate._replace(features=np.full_like(candidate.features, np.nan))
    draws = compare(metric_of(name), reference, broken)
    assert draws.slices == ()
    assert draws.undetermined


def test_boxes_that_are_not_numbers_are_an_error() -> None:
    """Readers skip such rows by name; a dataset made in Python is stopped at the border."""
    boxes = Boxes(np.zeros(1, np.int32), np.array([[0.5, np.nan, 0.1, 0.1]]))
    sample = Sample(key="a.jpg", media=bytes(32), label=bytes(32), boxes=boxes)
    with pytest.raises(InputError, match=r"a\.jpg"):
        boxes_view(Dataset("made", "detect", ("cell",), (sample,)))


MERGEABLE = [name for name in METRICS if metric_of(name).mergeable]


@pytest.mark.parametrize("name", MERGEABLE)
class TestProfile:
    """Every metric whose shards can be profiled apart."""

    @settings(max_examples=25)
    @given(cut=st.integers(0, 60), seed=st.integers(0, 5))
    def test_merging_shards_gives_the_whole(self, name: str, cut: int, seed: int) -> None:
        profile = metric_of(name).profile
        assert profile is not None
        view, _ = ladders.small(ladders.of(metric_of(name)), seed)
        first, second = np.split(np.arange(ladders.count(view)), [cut])
        parts = [profile(ladders.take(view, index)) for index in (first, second)]
        whole = profile(view)
        merged = parts[0].merge(parts[1])
        assert merged.groups == whole.groups
        np.testing.assert_allclose(merged.samples, whole.samples)
        np.testing.assert_allclose(merged.aligned(whole.columns), whole.totals, rtol=1e-9)
        extra = tuple(column for column in merged.columns if column not in whole.columns)
        assert not merged.aligned(extra).any()

    def test_profile_is_sums_in_buckets(self, name: str) -> None:
        profile = metric_of(name).profile
        assert profile is not None
        view, _ = ladders.small(ladders.of(metric_of(name)), 0)
        found = profile(view)
        assert isinstance(found, Profile)
        assert found.totals.shape == (BUCKETS, len(found.columns))
        assert list(found.columns) == sorted(found.columns)
        np.testing.assert_array_equal(found.samples, np.bincount(view.bucket, minlength=BUCKETS))


@pytest.mark.parametrize("name", registry.names("readers"))
class TestReader:
    """Every reader, by name."""

    def test_facts(self, name: str) -> None:
        reader = registry.load("readers", name)
        assert reader.name == name
        assert reader.question.endswith("?")
        assert all(suffix.startswith(".") for suffix in reader.suffixes)
        assert importlib.import_module(f"firsthand.readers.{name}").__doc__

    def test_junk_is_not_its_format(self, name: str, tmp_path: Path) -> None:
        reader = registry.load("readers", name)
        (tmp_path / "junk.bin").write_bytes(bytes(range(256)) * 8)
        (tmp_path / "empty").mkdir()
        for junk in (tmp_path / "junk.bin", tmp_path / "empty", tmp_path / "missing"):
            assert reader.can_read(junk) is False

    def test_looking_never_raises(self, name: str, tmp_path: Path) -> None:
        reader = registry.load("readers", name)
        for suffix in (*reader.suffixes, ".yaml", ".json", ".xml", ".txt", ".jpg"):
            for content in (b"", bytes(range(256)), b"[" * 5000, "{\x00\ufeff<!DOCTYPE".encode()):
                path = tmp_path / f"junk{suffix}"
                path.write_bytes(content)
                assert reader.can_read(path) in {True, False}

    def test_an_empty_folder_is_an_error(self, name: str, tmp_path: Path) -> None:
        with pytest.raises(InputError) as caught:
            list(registry.load("readers", name).read(tmp_path).items)
        assert tmp_path.name in str(caught.value)


@pytest.mark.parametrize("name", registry.names("features"))
class TestEmbedder:
    """Every embedder, by name."""

    def test_facts(self, name: str) -> None:
        embedder = registry.load("features", name)
        assert isinstance(embedder, Embedder)
        assert embedder.name == name
        assert embedder.version
        assert embedder.question.endswith("?")
        assert embedder.tasks
        assert embedder.dimensions > 0 or embedder.open is not None

    def test_without_the_model_it_needs_it_refuses(self, name: str, pictures: Dataset) -> None:
        embedder = registry.load("features", name)
        if embedder.open is None:
            pytest.skip("needs no model")
        with pytest.raises(InputError, match="needs a model"):
            embedder.embed(pictures)

    def test_unreadable_media_are_absent(
        self, name: str, pictures: Dataset, writings: Dataset
    ) -> None:
        embedder, dataset, readable = ready(name, pictures, writings)
        features, index = embedder.embed(dataset)
        assert features.shape == (len(index), embedder.dimensions)
        assert features.dtype == np.float32
        assert np.isfinite(features).all()
        assert index.tolist() == readable

    def test_order_only_reorders(self, name: str, pictures: Dataset, writings: Dataset) -> None:
        embedder, dataset, _ = ready(name, pictures, writings)
        features, _ = embedder.embed(dataset)
        backwards = replace(dataset, samples=dataset.samples[::-1])
        np.testing.assert_array_equal(embedder.embed(backwards)[0], features[::-1])


def ready(name: str, pictures: Dataset, writings: Dataset) -> tuple[Embedder, Dataset, list[int]]:
    """An embedder that works as it is, what it can look at, and which of it can be read.

    Those that open a model are tested with small ones in tests/features.
    """
    embedder = registry.load("features", name)
    if embedder.open is not None:
        pytest.skip("opens a model")
    return embedder, (writings if "text" in embedder.tasks else pictures), [0, 1, 2, 4, 5]


@pytest.fixture
def writings() -> Dataset:
    """Six samples of text; the fourth has none."""
    said = ["one fish", "two fish", "red fish", None, "blue fish", "no fish at all"]
    samples = [
        Sample(key=str(at), media=hashlib.sha256(str(text).encode()).digest(), text=text)
        for at, text in enumerate(said)
    ]
    return Dataset("made", "text", (), tuple(samples))


@pytest.fixture
def pictures(tmp_path: Path, rng: np.random.Generator) -> Dataset:
    """Six images; the fourth cannot be decoded."""
    samples = []
    for at in range(6):
        path = tmp_path / f"{at}.png"
        Image.fromarray(rng.integers(0, 256, (24, 16 + at, 3), dtype=np.uint8)).save(path)
        if at == 3:
            path.write_bytes(b"no image")
        media = hashlib.sha256(path.read_bytes()).digest()
        samples.append(Sample(key=path.name, media=media, path=str(path), category=0))
    return Dataset("made", "classify", ("a",), tuple(samples), root=str(tmp_path))


FAMILIES = [name for name, each in registry.load_all("models").items() if hasattr(each, "chains")]
MODELS = [name for name, each in registry.load_all("models").items() if hasattr(each, "fit")]


def model_of(name: str) -> Any:
    """The model, with a short training where it has one; skips where its package is absent."""
    model = registry.load("models", name)
    model = replace(model, steps=20, hidden=16) if hasattr(model, "steps") else model
    try:
        model.fit(np.random.default_rng(0).random((30, 2)), np.zeros(30, int), RNG(0))
    except MissingExtra as error:
        pytest.skip(str(error))
    return model


RNG = np.random.default_rng


@pytest.mark.parametrize("name", MODELS)
class TestModel:
    """Every model that learns from points, by name."""

    def test_samples_look_like_what_was_learnt(self, name: str, rng: np.random.Generator) -> None:
        model = model_of(name)
        assert model.name == name
        points = np.clip(rng.normal(0.5, 0.1, (120, 4)), 0, 1)
        labels = np.repeat(np.arange(3), 40)
        before = points.copy()
        drawn, classes = model.sample(model.fit(points, labels, rng), 50, rng)
        assert drawn.shape == (50, 4)
        assert classes.shape == (50,)
        assert set(classes.tolist()) <= {0, 1, 2}
        assert np.isfinite(drawn).all()
        np.testing.assert_array_equal(points, before)

    def test_same_seed_same_samples(self, name: str, rng: np.random.Generator) -> None:
        model = model_of(name)
        points, labels = rng.random((60, 3)), np.repeat([0, 1], 30)

        def draw_with(seed: int) -> np.ndarray:
            own = np.random.default_rng(seed)
            return model.sample(model.fit(points, labels, own), 20, own)[0]

        np.testing.assert_array_equal(draw_with(1), draw_with(1))
        assert not np.array_equal(draw_with(1), draw_with(2))


@pytest.mark.parametrize("name", FAMILIES)
class TestFamily:
    """Every model family that runs many chains at once, by name, under every policy."""

    def test_facts(self, name: str) -> None:
        family = registry.load("models", name)
        assert family.name == name
        assert family.question.endswith("?")
        assert family.units
        assert family.sampling <= {"temperature", "top_p", "spread"}
        assert family.takes in ("", "counts", "tokens", "points")
        assert family.width(100) >= 1

    @pytest.mark.parametrize("policy", registry.names("policies"))
    @pytest.mark.parametrize("compiled", [False, True])
    def test_chains_give_finite_numbers_and_repeat(
        self, name: str, policy: str, compiled: bool
    ) -> None:
        values = {"model": name, "policy": policy, "generations": 3, "samples": 60, "chains": 4}
        if policy == "anchor":
            values["first"] = 40
        try:
            experiment = parse(values)
            [cell] = cells(experiment, compiled)
            found = compute(cell)
        except InputError:
            assert policy in ("filtered", "weighted"), "a family may lack a verifier or weights"
            return
        numbers = {key: each for key, each in found.items() if key not in ("died", "alive")}
        assert set(numbers) == set(registry.load("models", name).units)
        assert all(each.shape == (3, 4) for each in numbers.values())
        if "alive" in found:
            followed = chains_of(experiment, compiled).classes.names
            assert found["alive"].shape == (3, len(followed), 4)
        alive = found["died"] < 0
        assert alive.sum() >= 2
        assert all(np.isfinite(each[..., alive]).all() for each in numbers.values())
        assert digest([compute(cell)]) == digest([found])
        other = cells(replace(experiment, seed=1), compiled)
        assert digest([compute(other[0])]) != digest([found])

    @pytest.mark.parametrize("bias", ["temperature", "top_p", "spread"])
    def test_a_bias_changes_the_result_or_is_refused_by_name(self, name: str, bias: str) -> None:
        values = {"model": name, "policy": "replace", "generations": 3, "samples": 60, "chains": 4}
        if bias not in registry.load("models", name).sampling:
            with pytest.raises(InputError, match=f"{bias} has no meaning for the model {name}"):
                parse({**values, "sampling": {bias: 0.5}})
            return
        found = []
        for sampling in ({}, {bias: 0.5}):
            [cell] = cells(parse({**values, "sampling": sampling}), False)
            spec = {**cell.spec, "sampling": asdict(Sampling())}  # the same random numbers
            biased = parse({**values, "sampling": sampling})
            found.append(follow(chains_of(biased, False), biased, Cell.of(spec).swift()))
        assert digest(found[:1]) != digest(found[1:])


@pytest.mark.parametrize("name", registry.names("policies"))
@given(human=st.integers(1, 500), extra=st.integers(0, 500))
def test_policy_fills_the_budget(name: str, human: int, extra: int) -> None:
    policy = registry.load("policies", name)
    assert policy.name == name
    assert policy.question.endswith("?")
    recipe = policy.compose(human, human + extra)
    assert recipe.total == human + extra
    assert 0 <= recipe.human <= human
    assert min(recipe.made, recipe.fresh) >= 0
    assert 0 <= recipe.keep_doubtful <= 1
    assert 0 < recipe.keep <= 1


def _strongest(metric: Metric) -> str:
    return min(metric.sees)
