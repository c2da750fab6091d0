"""Arguments outside a formula's domain are refused with their name and value."""

from __future__ import annotations

import numpy as np
import pytest

from firsthand.errors import InputError
from firsthand.numerics.domain import distribution, number, whole


@pytest.mark.parametrize("value", [-1, 2.5, np.nan, np.inf, [3, -1]])
def test_not_whole(value):
    with pytest.raises(InputError, match=r"samples is .* whole number of 0 or more"):
        whole("samples", value)


def test_ends_of_a_range():
    assert number("share", [0, 1], 0, 1).tolist() == [0, 1]
    with pytest.raises(InputError, match=r"share is 1\. .*\(0, 1\)"):
        number("share", [0.5, 1], 0, 1, inside=True)
    with pytest.raises(InputError, match="share is nan"):
        number("share", np.nan, 0, 1)
    with pytest.raises(InputError, match="share is 'half'"):
        number("share", "half", 0, 1)


@pytest.mark.parametrize("value", [[0.5, 0.4], [[0.5, 0.5]], 1.0, [1.5, -0.5]])
def test_not_a_distribution(value):
    with pytest.raises(InputError, match="shares"):
        distribution("shares", value)


def test_rounded_shares_are_made_to_sum_to_one():
    assert distribution("shares", [0.333333, 0.666667]).sum() == 1.0
    assert distribution("shares", [0.3333333, 0.6666666]).sum() == 1.0
