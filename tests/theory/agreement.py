"""Does a simulation agree with a closed form, given how uncertain its mean is?"""

from __future__ import annotations

import numpy as np

ERRORS = 4.0  # standard errors: with some 200 comparisons one false alarm in about 80 runs


def agrees(label, values, expected, allowance=0.0):
    """The mean over chains (first axis) lies within ERRORS standard errors of what is expected.

    `allowance` is the stated error of the closed form itself, in the same unit. Each line is
    printed, so that `pytest -rP tests/theory` shows what was found.
    """
    values = np.asarray(values, dtype=float)
    mean, se = values.mean(axis=0), values.std(axis=0, ddof=1) / np.sqrt(len(values))
    expected, allowance = np.broadcast_arrays(expected, np.asarray(allowance, dtype=float))
    assert np.shape(mean) == expected.shape
    for one in zip(*map(np.ravel, (expected, mean, se, allowance)), strict=True):
        print(f"{label}: expected {one[0]:.5g} found {one[1]:.5g} SE {one[2]:.2g} R {len(values)}")
    assert np.all(np.abs(mean - expected) <= ERRORS * se + allowance + 1e-12), label
