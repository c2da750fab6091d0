"""The lab and the closed forms are written apart, and agree."""

import math

import numpy as np
import pytest

from firsthand import lab
from firsthand.lab.loop import compute
from firsthand.lab.spec import cells
from firsthand.lab.table import joined
from firsthand.theory import accumulation, categories, gaussian, mixing, regression

ZIPF = (1 / np.arange(1, 501)) / (1 / np.arange(1, 501)).sum()
CASES = {
    "Gaussian, replace": (
        {"model": "gaussian", "policy": "replace", "samples": 20},
        "log_variance",
        lambda t: gaussian.replace_log_variance(20, t).mean,
    ),
    "Gaussian, accumulate": (
        {"model": "gaussian", "policy": "accumulate", "samples": 20},
        "variance",
        lambda t: accumulation.accumulate_variance(20, t),
    ),
    "Gaussian, mean, subsample": (
        {
            "model": {"name": "gaussian", "estimator": "mean"},
            "policy": "accumulate_subsample",
            "samples": 20,
        },
        "mean_square",
        lambda t: accumulation.subsample_mean_square(t) / 20,
    ),
    "heterozygosity": (
        {
            "model": {"name": "categorical", "symbols": 500},
            "policy": "replace",
            "samples": 300,
        },
        "heterozygosity",
        lambda t: categories.heterozygosity(1 - (ZIPF**2).sum(), 300, t),
    ),
    "regression, replace": (
        {"model": "linear_regression", "policy": "replace", "samples": 40},
        "error",
        lambda t: regression.replace_error(40, 10, t),
    ),
    "regression, accumulate": (
        {"model": "linear_regression", "policy": "accumulate", "samples": 40},
        "error",
        lambda t: regression.accumulate_error(40, 10, t),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_means_over_chains_are_the_closed_forms(name):
    spec, number, law = CASES[name]
    chains = 1500 if "subsample" in name or "hetero" in name else 6000
    experiment = lab.parse({**spec, "generations": 12, "chains": chains})
    found = joined([compute(cell) for cell in cells(experiment, False)])[number]
    for t in (1, 2, 5, 12):
        values = found[t - 1]
        error = values.std(ddof=1) / math.sqrt(chains)
        assert abs(values.mean() - float(law(t))) < 4.5 * error, t


def test_symbols_survive_as_the_closed_form_says():
    spec = {"model": {"name": "categorical", "symbols": 500}, "policy": "replace", "samples": 300}
    experiment = lab.parse({**spec, "generations": 12, "chains": 500})
    found = joined([compute(cell) for cell in cells(experiment, False)])["symbols"]
    law = [float(categories.surviving_symbols(ZIPF, 300, t)) for t in range(1, 13)]
    np.testing.assert_allclose(found.mean(axis=1), law, rtol=0.02)


def test_row_3_how_many_chains_keep_a_tenth_of_the_spread():
    """Suresh et al. 2024: n = 10, unbiased; the bound of theorem 3 is loose."""
    spec = {"model": {"name": "gaussian", "estimator": "unbiased"}, "policy": "replace"}
    experiment = lab.parse(
        {**spec, "samples": 10, "generations": 200, "every": 20, "chains": 20_000}
    )
    found = joined([compute(cell) for cell in cells(experiment, False)])["variance"]
    kept = dict(zip(experiment.recorded, (found > 0.1**2).mean(axis=1), strict=True))
    published = {20: 0.850, 40: 0.505, 60: 0.277, 80: 0.150, 100: 0.081, 200: 0.0040}
    for generation, share in published.items():
        assert kept[generation] == pytest.approx(share, abs=0.01)
        law = float(1 - gaussian.replace_variance_cdf(0.1**2, 10, generation, ddof=1))
        error = math.sqrt(law * (1 - law) / 20_000)
        assert abs(kept[generation] - law) < 4.5 * error + 0.001
        assert kept[generation] <= float(gaussian.replace_spread_bound(0.1, 10, generation))


@pytest.mark.parametrize(
    ("made", "variance", "square"),
    [(100, 0.9036, 0.00604), (300, 0.7659, 0.00438), (900, 0.5249, 0.00276)],
)
def test_row_12b_fresh_data_beside_samples_drawn_too_narrow(made, variance, square):
    """Alemohammad et al. 2023: 100 fresh samples a generation, lambda = 0.9."""
    experiment = lab.parse(
        {"model": "gaussian", "policy": {"name": "fresh", "share": 100 / (100 + made)},
         "samples": 100 + made, "generations": 80, "every": 80, "chains": 20_000,
         "sampling": {"spread": 0.9}}
    )  # fmt: skip
    found = joined([compute(cell) for cell in cells(experiment, False)])
    settled = mixing.fresh_loop(100, made, 0.9)
    for number, law, printed in (
        ("variance", settled.variance, variance),
        ("mean_square", settled.mean_square, square),
    ):
        values = found[number][-1]
        error = values.std(ddof=1) / math.sqrt(len(values))
        assert abs(values.mean() - float(law)) < 4.5 * error
        assert values.mean() == pytest.approx(printed, rel=0.01, abs=4.5 * error)
