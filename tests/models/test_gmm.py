"""The mixture against scikit-learn, against the closed form of the recursion, and at its edges."""

import numpy as np
import pytest

from firsthand import registry
from firsthand.errors import InputError
from firsthand.models.gmm import GaussianMixture, Mixture, State


def blobs(rng, n=400):
    """Four well-separated clusters of unequal weight, two features that correlate."""
    centres = np.array([[0.0, 0], [6, 0], [0, 7], [8, 8]])
    shape = np.array([[1.0, 0], [0.7, 0.5]])
    which = rng.choice(4, size=n, p=[0.4, 0.3, 0.2, 0.1])
    return centres[which] + rng.standard_normal((n, 2)) @ shape.T


def one_class(rows):
    return np.zeros(len(rows), dtype=np.int64)


@pytest.mark.parametrize(("ours", "theirs"), [("full", "full"), ("diagonal", "diag")])
def test_log_likelihood_equals_scikit_learn(ours, theirs):
    mixture = pytest.importorskip("sklearn.mixture")
    rng = np.random.default_rng(5)
    rows, fresh = blobs(rng), blobs(rng)
    other = mixture.GaussianMixture(
        4, covariance_type=theirs, reg_covar=1e-3, tol=1e-6, n_init=8, max_iter=500, random_state=0
    ).fit(rows)
    model = GaussianMixture(components=4, covariance=ours, ridge=1e-3)
    tries = [model.fit(rows, one_class(rows), rng) for _ in range(8)]
    best = max(model.log_likelihood(state, rows, one_class(rows)).mean() for state in tries)
    assert best == pytest.approx(other.score(rows), abs=2e-3)
    spread = other.covariances_ if ours == "full" else [np.diag(v) for v in other.covariances_]
    same = Mixture(other.weights_, other.means_, np.linalg.cholesky(np.array(spread)))
    state = State(np.array([0]), np.array([1.0]), (same,))
    density = model.log_likelihood(state, fresh, one_class(fresh))
    np.testing.assert_allclose(density, other.score_samples(fresh), rtol=1e-9)


def test_one_component_is_the_maximum_likelihood_estimate():
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(50, 3))
    state = GaussianMixture(components=1, ridge=0.0).fit(rows, one_class(rows), rng)
    [fitted] = state.mixtures
    np.testing.assert_allclose(fitted.means[0], rows.mean(axis=0))
    factor = fitted.factors[0]
    np.testing.assert_allclose(factor @ factor.T, np.cov(rows.T, bias=True))


def test_replace_shrinks_the_variance_as_the_closed_form_says():
    """E[log V_t] = t (psi((M - 1) / 2) + log(2 / M)), with sd about sqrt(2 t / (M - 1))."""
    digamma = pytest.importorskip("scipy.special").digamma
    size, generations, chains = 40, 12, 300
    model = GaussianMixture(components=1, ridge=0.0, levels=0)
    rng = np.random.default_rng(20)
    logs = np.empty(chains)
    for chain in range(chains):
        rows = rng.standard_normal((size, 1))
        for _ in range(generations):
            state = model.fit(rows, one_class(rows), rng)
            rows, _ = model.sample(state, size, rng)
        logs[chain] = 2 * np.log(state.mixtures[0].factors[0, 0, 0])
    expected = generations * (digamma((size - 1) / 2) + np.log(2 / size))
    error = np.sqrt(2 * generations / (size - 1) / chains)
    assert logs.mean() == pytest.approx(expected, abs=3 * error)
    assert expected < -10 * error  # far from "no shrinkage", so the line above can fail


def test_samples_follow_what_was_fitted():
    rng = np.random.default_rng(3)
    rows = blobs(rng, 4000)
    labels = (rows[:, 0] > 3).astype(np.int64)
    model = GaussianMixture(components=2, levels=0)
    drawn, classes = model.sample(model.fit(rows, labels, rng), 20000, rng)
    assert (classes == 1).mean() == pytest.approx(labels.mean(), abs=0.02)
    for one in (0, 1):
        mean = drawn[classes == one].mean(axis=0)
        np.testing.assert_allclose(mean, rows[labels == one].mean(axis=0), atol=0.15)
        np.testing.assert_allclose(
            np.cov(drawn[classes == one].T), np.cov(rows[labels == one].T), rtol=0.1
        )


def test_pixels_stay_in_range_and_on_their_levels():
    rng = np.random.default_rng(0)
    rows = rng.normal(0.5, 1.0, size=(80, 4))
    model = GaussianMixture(components=2, low=-1.0, high=1.0, levels=5)
    drawn, _ = model.sample(model.fit(rows, one_class(rows), rng), 500, rng)
    assert set(np.unique(drawn)) == {-1.0, -0.5, 0.0, 0.5, 1.0}


def test_same_seed_same_samples_and_inputs_unchanged():
    rows = blobs(np.random.default_rng(0))
    kept = rows.copy()
    model = registry.load("models", "gmm")

    def draw(seed):
        rng = np.random.default_rng(seed)
        return model.sample(model.fit(rows, one_class(rows), rng), 50, rng)[0]

    np.testing.assert_array_equal(draw(1), draw(1))
    assert not np.array_equal(draw(1), draw(2))
    np.testing.assert_array_equal(rows, kept)


@pytest.mark.parametrize("rows", [np.zeros((1, 3)), np.ones((30, 3)), np.eye(3)])
def test_few_or_equal_rows_still_fit(rows):
    rng = np.random.default_rng(0)
    model = GaussianMixture(components=4)
    state = model.fit(rows, one_class(rows), rng)
    drawn, _ = model.sample(state, 10, rng)
    assert np.isfinite(drawn).all()
    assert np.isfinite(model.log_likelihood(state, rows, one_class(rows))).all()


def test_a_class_never_seen_has_no_probability_and_is_never_drawn():
    rng = np.random.default_rng(0)
    model = GaussianMixture(components=1)
    state = model.fit(rng.random((20, 2)), np.full(20, 4), rng)
    assert model.log_likelihood(state, np.zeros((1, 2)), np.array([5])) == -np.inf
    assert set(model.sample(state, 100, rng)[1]) == {4}


@pytest.mark.parametrize(
    ("rows", "labels", "said"),
    [
        (np.zeros((0, 2)), np.zeros(0, int), r"shape \(0, 2\) with 0 labels"),
        (np.zeros((3, 2)), np.zeros(2, int), r"shape \(3, 2\) with 2 labels"),
        (np.zeros(3), np.zeros(3, int), r"shape \(3,\)"),
        (np.array([[0.0], [np.nan], [np.inf]]), np.zeros(3, int), r"row 1 .* \(2 such rows\)"),
    ],
)
def test_wrong_input_is_worded(rows, labels, said):
    with pytest.raises(InputError, match=said):
        GaussianMixture().fit(rows, labels, np.random.default_rng(0))
