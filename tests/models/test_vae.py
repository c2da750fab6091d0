"""The autoencoder learns what it is shown, and a chain of it runs in the lab."""

import sys

import numpy as np
import pytest
from PIL import Image

from firsthand import lab, registry
from firsthand.errors import InputError, MissingExtra
from firsthand.lab.reached import UNITS
from firsthand.models.vae import Autoencoder


def blobs(rng, n=200):
    """Two classes: points on a short line around a quarter, and around three quarters."""
    labels = np.repeat([3, 8], n)
    along = rng.standard_normal((2 * n, 1)) * np.array([0.08, -0.08, 0.04, 0.0])
    middle = np.where(labels[:, None] == 3, 0.25, 0.75)
    return middle + along + 0.01 * rng.standard_normal((2 * n, 4)), labels


def test_classes_lie_where_they_lay_and_spread_as_they_spread():
    pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    points, labels = blobs(rng)
    model = Autoencoder(latent=2, hidden=32, steps=500)
    state = model.fit(points, labels, rng)
    drawn, classes = model.sample(state, 600, rng)
    assert set(classes) == {3, 8}
    assert (classes == 3).mean() == pytest.approx(0.5, abs=0.08)
    for one in (3, 8):
        real, made = points[labels == one], drawn[classes == one]
        np.testing.assert_allclose(made.mean(axis=0), real.mean(axis=0), atol=0.03)
        assert made[:, 0].std() == pytest.approx(real[:, 0].std(), rel=0.3)
        assert np.corrcoef(made.T)[0, 1] < -0.9
    assert state.spread * state.scaled.scale == pytest.approx(0.01, rel=0.5)


def test_with_its_noise_it_draws_wider():
    pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    points, labels = blobs(rng)
    model = Autoencoder(latent=1, hidden=16, steps=200)
    noisy = Autoencoder(latent=1, hidden=16, steps=200, noise=True)
    state = model.fit(points, labels, rng)
    flat = [each.sample(state, 400, np.random.default_rng(1))[0][:, 3] for each in (model, noisy)]
    assert flat[1].std() ** 2 > flat[0].std() ** 2 + 0.5 * (state.spread * state.scaled.scale) ** 2


def test_the_same_seed_draws_the_same():
    pytest.importorskip("torch")
    points, labels = blobs(np.random.default_rng(0), 40)
    model = Autoencoder(latent=1, hidden=8, steps=20)

    def draw(seed):
        rng = np.random.default_rng(seed)
        return model.sample(model.fit(points, labels, rng), 20, rng)[0]

    np.testing.assert_array_equal(draw(1), draw(1))
    assert not np.array_equal(draw(1), draw(2))


def test_a_chain_runs_on_pictures_and_repeats(tmp_path):
    pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    points, labels = blobs(rng, 100)
    for number, (point, label) in enumerate(zip(points, labels, strict=True)):
        folder = tmp_path / "people" / str(label)
        folder.mkdir(parents=True, exist_ok=True)
        pixels = np.round(255 * np.clip(point, 0, 1)).astype(np.uint8).reshape(2, 2)
        Image.fromarray(pixels).save(folder / f"{number:03d}.png")
    experiment = lab.parse(
        {"model": {"name": "vae", "latent": 1, "hidden": 16, "steps": 150}, "policy": "replace",
         "generations": 4, "samples": 90, "chains": 2, "data": "people"},
        folder=tmp_path,
    )  # fmt: skip
    run = lab.simulate(experiment, out=tmp_path / "runs")
    assert set(run.records) == {"died", *UNITS}
    assert all(np.isfinite(values).all() for values in run.records.values())
    np.testing.assert_allclose(run.records["variance"][0], 1, atol=0.2)
    again = lab.simulate(experiment, out=tmp_path / "again")
    assert again.about["digest"] == run.about["digest"]


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [("latent", 0, "latent is 0. Expected 1 or more"), ("rate", 0.0, "rate is 0.0")],
)
def test_a_wrong_option_is_named(option, value, said):
    with pytest.raises(InputError, match=said):
        Autoencoder(**{option: value})


def test_without_pytorch_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    model = registry.load("models", "vae")
    with pytest.raises(MissingExtra, match="torch"):
        model.fit(np.zeros((3, 2)), np.zeros(3, int), np.random.default_rng(0))
