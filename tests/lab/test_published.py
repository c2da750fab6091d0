"""The lab against what others published: medians of refitted Gaussians, and words of WikiText-2."""

import csv

import numpy as np
import pytest

from firsthand import lab
from firsthand.lab.loop import compute
from firsthand.lab.spec import cells
from firsthand.lab.table import joined

MANY = 40_000


@pytest.mark.parametrize("policy", ["replace", "accumulate"])
@pytest.mark.parametrize("samples", [10, 100])
def test_published_medians_lie_where_as_many_chains_put_them(real_data, policy, samples):
    """Their median is of some hundred runs: it lies between two order statistics of the lab."""
    path = real_data("gaussian_recursion_dev") / "gaussian_by_iteration.csv"
    with path.open() as file:
        rows = [
            row
            for row in csv.DictReader(file)
            if row["setting"].lower() == policy and row["samples_per_iteration"] == str(samples)
        ]
    experiment = lab.parse(
        {"model": "gaussian", "policy": policy, "samples": samples, "generations": 100,
         "chains": MANY}
    )  # fmt: skip
    found = np.sort(joined([compute(cell) for cell in cells(experiment, False)])["variance"])
    inside = [_inside(found[int(row["iteration"]) - 1], row) for row in rows]
    assert len(inside) == 100
    assert np.mean(inside) >= 0.97


def _inside(variances, row):
    """The 99 % interval of a median of n: that many of n chains lie below the true median."""
    n, median = int(row["runs"]), float(row["fit_variance_median"])
    share = np.searchsorted(variances, median) / len(variances)
    return abs(share - 0.5) <= 2.5758 * 0.5 / n**0.5


@pytest.mark.parametrize("order", [1, 2])
def test_words_of_wikitext_survive_as_the_law_says(real_data, order):
    path = real_data("wikitext2") / "valid.txt"
    experiment = lab.parse(
        {"model": {"name": "ngram", "order": order}, "policy": "replace", "samples": 184_064,
         "generations": 11, "data": str(path)}
    )  # fmt: skip
    chains = joined([compute(cell) for cell in cells(experiment, False)])
    kept = chains["types"][:, 0] / chains["types"][0, 0]
    shares, law = _shares(path), [1.0]
    lineage = 1.0
    for _ in range(10):
        law.append(float(np.mean(1 - np.exp(-184_064 * shares * lineage))))
        lineage = 1 - np.exp(-lineage)
    np.testing.assert_allclose(kept, law, atol=0.01)


def _shares(path):
    from firsthand.lab.human import population

    counts = population(str(path), "counts").counts
    return counts / counts.sum()
