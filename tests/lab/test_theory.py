"""The lab and the closed forms are written apart, and agree."""

import math

import numpy as np
import pytest

from firsthand import lab
from firsthand.lab.loop import compute
from firsthand.lab.spec import cells
from firsthand.lab.table import joined
from firsthand.theory import accumulation, categories, gaussian, regression

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
