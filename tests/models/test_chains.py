"""Many chains at once against what is known in closed form, drawn in NumPy and compiled.

Numbers are those of the literature and of exact derivations; tolerances are about four standard
errors of the chains that are drawn.
"""

import math

import numpy as np
import pytest

from firsthand import lab
from firsthand.errors import InputError
from firsthand.lab.loop import compute
from firsthand.lab.spec import cells
from firsthand.lab.table import joined
from firsthand.models.categorical import rare
from firsthand.numerics.batches import Points, solved, verified
from firsthand.numerics.mixtures import MixtureChains
from firsthand.recursion import Recipe, Setting


def records(compiled=False, **values):
    return joined([compute(cell) for cell in cells(lab.parse(values), compiled)])


def near(values, expected, errors=4.0):
    """The mean over chains is the expected one, within some standard errors."""
    error = values.std(ddof=1) / math.sqrt(len(values))
    assert abs(values.mean() - expected) < errors * error + 1e-12, (values.mean(), expected, error)


def log_variance(samples, generations, divisor):
    """Mean log of a product of chi-squared numbers over the divisor, by a fine sum for digamma."""
    half = (samples - 1) / 2
    digamma = math.log(half) - 1 / (2 * half) - 1 / (12 * half**2) + 1 / (120 * half**4)
    return generations * (digamma + math.log(2 / divisor))


@pytest.mark.parametrize(
    ("model", "compiled", "chains"),
    [
        ({}, False, 20_000),
        ({"exact": False}, False, 2_000),
        ({"exact": False}, True, 2_000),
    ],
)
@pytest.mark.parametrize(("estimator", "divisor"), [("mle", 100), ("unbiased", 99)])
def test_gaussian_replace_narrows_as_chi_squared_numbers_do(
    model, compiled, chains, estimator, divisor
):
    found = records(
        compiled,
        model={"name": "gaussian", "estimator": estimator, **model},
        policy="replace",
        generations=60,
        samples=100,
        chains=chains,
    )
    near(found["log_variance"][-1], log_variance(100, 60, divisor))
    sd = math.sqrt(60 * 2 / 99 * (1 + 1 / 99))
    assert found["log_variance"][-1].std() == pytest.approx(sd, rel=0.07)
    near(found["variance"][0], (divisor / 100) ** -1 * 0.99)


@pytest.mark.parametrize("samples", [10, 100])
def test_gaussian_accumulate_keeps_what_the_sine_says(samples):
    found = records(
        model="gaussian", policy="accumulate", generations=100, samples=samples, chains=20_000
    )
    steps = np.arange(1, 101)
    near(found["variance"][-1], float(np.prod(1 - 1 / (samples * steps**2))))
    near(found["mean_square"][-1], 1 - float(np.prod(1 - 1 / (samples * steps**2))))


def test_gaussian_accumulate_subsample_settles():
    found = records(
        model={"name": "gaussian", "estimator": "mean"},
        policy="accumulate_subsample",
        generations=20,
        samples=50,
        chains=2_000,
    )
    for t in (2, 5, 20):
        expected = 1 + sum((2 - 1 / s) / (s + 1) ** 2 for s in range(1, t)) + 1 - 1 / t
        near(50 * found["mean_square"][t - 1], expected)


@pytest.mark.parametrize(("made", "effective"), [(100, 1.505), (900, 1.909)])
def test_gaussian_with_fresh_data_settles_at_an_effective_size(made, effective):
    found = records(
        model="gaussian",
        policy={"name": "fresh", "share": 100 / (100 + made)},
        generations=60 if made == 100 else 400,
        samples=100 + made,
        chains=20_000,
        every=1000,
    )
    near(found["mean_square"][-1], 1 / (100 * effective), errors=5)


@pytest.mark.parametrize(("weight", "expected"), [(0.5, 0.6667), (0.618, 0.6180), (0.8, 0.7083)])
def test_weighted_fresh_data_have_their_best_weight(weight, expected):
    found = records(
        model={"name": "gaussian", "estimator": "mean"},
        policy={"name": "weighted", "share": 0.5, "weight": weight},
        generations=40,
        first=100,
        samples=200,
        chains=20_000,
    )
    near(100 * found["mean_square"][-1], expected)


@pytest.mark.parametrize("exact", [True, False])
def test_gaussian_of_three_dimensions_shrinks_by_its_determinant(exact):
    found = records(
        model={"name": "gaussian", "dimensions": 3, "exact": exact},
        policy="replace",
        generations=10,
        samples=40,
        chains=4_000,
    )
    each = [log_variance(40 - at, 10, 40) for at in range(3)]
    near(found["log_variance"][-1], sum(each) / 3)
    near(found["variance"][-1], (1 - 1 / 40) ** 10)


@pytest.mark.parametrize(("bias", "factor"), [("spread", 0.8), ("temperature", 0.8)])
def test_a_gaussian_drawn_too_narrow_loses_that_factor_a_generation(bias, factor):
    found = records(
        model={"name": "gaussian", "estimator": "unbiased"},
        policy="replace",
        generations=10,
        samples=100,
        chains=20_000,
        sampling={bias: factor},
    )
    near(found["variance"][-1], factor**9)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ({"law": "uniform"}, [632, 469, 268, 158, 88, 38]),
        ({"law": "zipf", "shift": 2.7}, [390, 292, 180, 115, 70, 33]),
    ],
)
def test_symbols_survive_as_the_iterated_law_says(model, expected, compiled):
    found = records(
        compiled,
        model={"name": "categorical", **model},
        policy="replace",
        generations=50,
        samples=1000,
        chains=200,
    )
    kept = found["symbols"][[0, 1, 4, 9, 19, 49]].mean(axis=1)
    np.testing.assert_allclose(kept, expected, rtol=0.01, atol=1.2)
    h0 = 1 - (np.full(1000, 1e-3) ** 2).sum()
    if model == {"law": "uniform"}:
        near(found["heterozygosity"][-1], (1 - 1 / 1000) ** 50 * h0)


@pytest.mark.parametrize("compiled", [False, True])
def test_multinomial_draws_have_the_right_mean_and_spread(compiled):
    found = Setting(chains=4000, recipe=Recipe(made=1), compiled=compiled)
    model = lab.parse(
        {"model": {"name": "categorical", "symbols": 5}, "policy": "replace", "generations": 1,
         "samples": 1}
    ).family()  # fmt: skip
    chains = model.chains(found)
    for n in (7, 5000):
        counts = chains.human(n, np.random.default_rng(1)).counts
        p = chains.shares
        assert (counts.sum(axis=1) == n).all()
        np.testing.assert_allclose(
            counts.mean(axis=0), n * p, atol=4 * np.sqrt(n * p * (1 - p) / 4000).max()
        )
        covariance = n * (np.diag(p) - np.outer(p, p))
        np.testing.assert_allclose(np.cov(counts.T), covariance, atol=0.12 * covariance.max())


def test_fresh_symbols_hold_diversity_where_the_recursion_says():
    found = records(
        model={"name": "categorical", "symbols": 200},
        policy={"name": "fresh", "share": 0.05},
        generations=60,
        samples=1000,
        chains=400,
    )
    p = lab.parse(
        {"model": {"name": "categorical", "symbols": 200}, "policy": "replace", "generations": 1,
         "samples": 1}
    ).family().shares()  # fmt: skip
    same = human = float((p**2).sum())
    # Pairs of counts: fresh with fresh, fresh with made, made with made.
    fresh, made = 50, 950
    j = 1 / 1000 + (1 - 1 / 1000) * same
    for _ in range(59):
        pairs = fresh * (fresh - 1) * human + 2 * fresh * made * human + made * (made - 1) * j
        j = (1000 + pairs) / 1000**2
    near(found["heterozygosity"][-1], 1 - j)


def test_a_verifier_that_doubts_rare_symbols_removes_them_faster():
    kept = {}
    for policy in ("replace", {"name": "filtered", "keep_doubtful": 0.5}):
        found = records(
            model={"name": "categorical", "symbols": 100, "exponent": 0.5},
            policy=policy,
            generations=5,
            samples=2000,
            chains=50,
        )
        kept[str(policy)] = found["missing_mass"][-1].mean()
    plain, filtered = kept.values()
    assert filtered > 1.5 * plain
    assert rare(np.array([0.5, 0.06, 0.04, 0.4])).tolist() == [False, True, True, False]


def test_kernel_density_spreads_by_its_bandwidth():
    found = records(
        model={"name": "kde", "bandwidth": 0.5},
        policy="replace",
        generations=50,
        samples=100,
        chains=2_000,
    )
    variance = 1.0
    for _ in range(50):
        variance = 0.99 * variance + 0.25
        variance_of_first = 0.99 + 0.25
    near(found["variance"][0], variance_of_first)
    near(found["variance"][-1], variance)
    kept = records(
        model="kde", policy="accumulate", generations=50, samples=100, chains=500
    )["variance"].mean(axis=1)  # fmt: skip
    assert 1.5 < kept[-1] < 3
    assert (np.diff(kept) > 0).all(), "keeping all data does not stop it"


@pytest.mark.parametrize(
    ("policy", "expected"),
    [("replace", 0.1 * 10), ("accumulate", 0.1 * sum(1 / i**2 for i in range(1, 11)))],
)
def test_regression_error_adds_up_or_levels_off(policy, expected):
    found = records(
        model="linear_regression", policy=policy, generations=10, samples=111, chains=4_000
    )
    near(found["error"][-1], expected)


def test_regression_with_too_few_samples_forgets_what_they_do_not_span():
    found = records(
        model={"name": "linear_regression", "features": 40, "noise": 0, "design": "new"},
        policy="replace",
        generations=5,
        samples=24,
        chains=300,
    )
    for n in range(5):
        near(found["error"][n], 1 - 0.6 ** (n + 1))


@pytest.mark.parametrize(
    ("labels", "policy", "recall", "share"),
    [
        ("argmax", "replace", 0.0, 0.0),
        ("sampled", "replace", 0.45, 0.1),
        ("soft", "replace", 0.45, 0.1),
        ("argmax", {"name": "fresh", "share": 0.1}, 0.1, 0.02),
    ],
)
def test_hard_pseudo_labels_lose_the_rare_class_and_sampled_ones_do_not(
    labels, policy, recall, share
):
    found = records(
        model={"name": "pseudo_labeller", "labels": labels},
        policy=policy,
        generations=21,
        first=500,
        samples=5000,
        chains=40,
    )
    assert found["recall"][0].mean() == pytest.approx(0.46, abs=0.03)
    assert found["recall"][-1].mean() == pytest.approx(recall, abs=0.035)
    assert found["rare_share"][-1].mean() == pytest.approx(share, abs=0.01)
    assert (found["died"] < 0).all(), "one class left is an answer, not a failure"


def test_sharper_labels_lose_the_rare_class_and_hard_ones_have_no_temperature():
    values = {"policy": "replace", "generations": 8, "samples": 5000, "chains": 20}
    soft = {"name": "pseudo_labeller", "labels": "sampled"}
    plain = records(model=soft, **values)["rare_share"][-1].mean()
    sharp = records(model=soft, sampling={"temperature": 0.7}, **values)["rare_share"][-1].mean()
    assert sharp < 0.7 * plain
    with pytest.raises(InputError, match="temperature has no meaning"):
        records(model="pseudo_labeller", sampling={"temperature": 0.7}, **values)


def test_bigrams_lose_words_as_unigrams_do():
    kept = [
        records(
            model={"name": "ngram", "order": order, "symbols": 400},
            policy="replace",
            generations=6,
            samples=2048,
            chains=10,
        )
        for order in (1, 2)
    ]
    words = [each["types"].mean(axis=1) / each["types"][0].mean() for each in kept]
    np.testing.assert_allclose(words[0], words[1], atol=0.03)
    assert words[0][-1] < 0.8
    assert kept[1]["phrases"][-1].mean() < 0.5 * kept[1]["phrases"][0].mean()


def test_compiled_mixtures_are_the_same_mixtures():
    fits = []
    for compiled in (False, True):
        chains = MixtureChains(3, 3, Setting(chains=20, recipe=Recipe(made=1), compiled=compiled))
        rng = np.random.default_rng(5)
        fits.append(chains.fit(chains.human(300, rng), rng))
    for one, other in zip(*fits, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-9)
    np.testing.assert_allclose(fits[0].weights.sum(axis=1), 1)


def test_mixtures_blur_when_they_train_on_themselves():
    found = records(model="gmm", policy="replace", generations=15, samples=200, chains=30)
    assert found["modes"][0].mean() > 2.7
    assert found["log_likelihood"][-1].mean() < found["log_likelihood"][0].mean() - 0.1


def test_a_verifier_keeps_the_shares_that_it_says():
    rng = np.random.default_rng(0)
    recipe = Recipe(made=400, keep=0.8, keep_doubtful=0.2)
    found = verified(
        lambda n: Points(rng.random((50, n, 1))),
        lambda points: points.x[:, :, 0] > 0.5,
        400,
        recipe,
        rng,
    )
    assert found.x.shape == (50, 400, 1)
    assert (found.x > 0.5).mean() == pytest.approx(0.2, abs=0.01)


def test_a_chain_that_a_verifier_empties_has_degenerated_and_the_others_go_on():
    rng = np.random.default_rng(0)
    start = np.array([0.0, 1.0])[:, None, None]
    found = verified(
        lambda n: Points(start + np.zeros((2, n, 1))),
        lambda points: points.x[:, :, 0] > 0.5,
        10,
        Recipe(made=10, keep_doubtful=0.0),
        rng,
    )
    assert (found.x[0] == 0).all()
    assert np.isnan(found.x[1]).all()


def test_one_singular_chain_leaves_the_others_alone():
    matrices = np.array([np.eye(2), np.ones((2, 2))])
    found = solved(matrices, np.array([[1.0, 2.0], [1.0, 2.0]]))
    np.testing.assert_array_equal(found[0], [1, 2])
    assert np.isnan(found[1]).all()


def test_points_are_picked_without_replacement_and_joined_with_weights():
    points = Points(np.arange(20.0).reshape(2, 10, 1), np.arange(20.0).reshape(2, 10))
    picked = points.pick(10, np.random.default_rng(0))
    np.testing.assert_array_equal(picked.x, points.x)
    some = points.pick(4, np.random.default_rng(0))
    assert all(len(set(each)) == 4 for each in some.x[:, :, 0].tolist())
    np.testing.assert_array_equal(some.x[:, :, 0], some.y)
    both = points.join(some, 2.5)
    assert both.weights.tolist() == [1.0] * 10 + [2.5] * 4


def test_text_that_is_too_short_is_named():
    with pytest.raises(InputError, match="131136 human words are asked for"):
        records(model="ngram", policy="replace", generations=1, samples=131136, chains=1)
