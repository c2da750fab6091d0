"""Has something got worse over the looks, when one looks again after every generation?

A p-value is for one look. Who looks after every generation and stops at the first p < .05 raises a
false alarm sooner or later. An e-process stays below 1 / alpha for ever with probability 1 - alpha,
however often one looks and whenever one stops (Ville 1939; Ramdas et al. 2023, arXiv:2210.01948).

The looks are not independent: all of them compare with the same finite reference, whose sampling
error is in every one. Where nothing ever changes they are

    y_t = b + e_t,    b ~ N(0, k² shared),    e_t ~ N(0, k² own_t),

with one b for all. The factor k is there because the spread of the noise is itself an estimate,
from the reference's buckets. The e-process is the likelihood of a change over that of none. The
change begins at look c, as a step or as a slope, by an amount that is half normal in units of k;
c, shape and amount are mixed over (Robbins 1970), b and k are integrated out on both sides. For k
that is done with the right Haar prior given the reference's buckets, for which such a ratio is an
e-process whatever k is (Pérez-Ortiz et al. 2024, arXiv:2208.07610, Theorem 4.2).

Assumed: looks are normal, the reference and all candidates are independent human samples under the
null, and every number at a look is standardised by the reference's own spread. What it cannot see
is a loss that is as large at the first look as ever after, if the reference's own luck explains it.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from firsthand.errors import InputError
from firsthand.numerics.special import normal_cdf
from firsthand.types import FloatArray

AMOUNTS = (0.5, 1.0, 2.0, 4.0)
"""Scales of the change that is looked for, in standard deviations of the first look's noise."""
NODES = 25
REACH = 6.0  # standard deviations of log k to either side
TABLED = (-40.0, 8.0)


class Looks(NamedTuple):
    """What was seen, look by look, with the sign such that larger is worse."""

    values: FloatArray  # (t,) difference to what equals the reference
    own: FloatArray  # (t,) variance that is new at each look
    shared: float  # variance of what all looks share: the reference's own error
    freedom: float  # degrees of freedom behind these variances


class Evidence(NamedTuple):
    """What the looks say, after each of them."""

    e_value: FloatArray  # (t,) 1: nothing either way; an alarm at 1 / alpha
    began: FloatArray  # (t, t) after look i, probability that the change began at look j, if any


def e_process(looks: Looks) -> Evidence:
    """Evidence that something got worse, valid at every look.

    Args:
        looks: t >= 1 of them.

    Returns:
        The e-process, and where the change would have begun (row i sums to 1 over j <= i; a
        posterior under equal odds for each look).

    Raises:
        InputError: a value is not finite, or a variance not positive.

    >>> quiet = Looks(np.zeros(5), np.ones(5), 1.0, 63.0)
    >>> bool((e_process(quiet).e_value < 1).all())
    True
    >>> falling = quiet._replace(values=np.array([0.0, 2.0, 4.0, 6.0, 8.0]))
    >>> bool(e_process(falling).e_value[-1] > 100)
    True
    """
    _check(looks)
    many = len(looks.values)
    log_k, weight = _scales(looks.freedom)
    quadratic, linear, curved = _sums(looks)
    none = weight - np.arange(1, many + 1)[:, None] * log_k  # (t, k)
    none = none - quadratic[:, None] / (2 * np.exp(2 * log_k))
    at, c = np.tril_indices(many)  # a change that is still to come says nothing
    gain = _log_gain(linear[at, c], curved[at, c], np.exp(log_k), looks)  # (pairs, k)
    change = np.full((many, many), -np.inf)
    change[at, c] = _log_sum(none[at] + gain, axis=1) - _log_sum(none, axis=1)[at]
    start = np.arange(1, many + 1)
    mixed = _log_sum(change - np.log(start * (start + 1)), axis=1)
    e_value = np.exp(np.minimum(mixed, 700.0)) + 1 / (start + 1)  # changes that are still to come
    began = np.exp(change - _log_sum(change, axis=1)[:, None])
    return Evidence(e_value, began)


def _check(looks: Looks) -> None:
    fine = (
        len(looks.values) > 0
        and np.isfinite(looks.values).all()
        and (looks.own > 0).all()
        and looks.shared >= 0
        and looks.freedom > 0
    )
    if not fine:
        raise InputError(
            f"looks {looks}", expected="finite values with positive variances, at least one look"
        )


def _scales(freedom: float) -> tuple[FloatArray, FloatArray]:
    """Nodes of log k and the logarithms of their weights: freedom / k² is chi-squared."""
    log_k = np.linspace(-REACH, REACH, NODES) / np.sqrt(2 * freedom)
    weight = -freedom * log_k - freedom * np.exp(-2 * log_k) / 2
    return log_k, weight - _log_sum(weight[None], axis=1)


def _sums(looks: Looks) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Of the looks until each: y'Py (t,), d'Py and d'Pd (t, c, shapes), P the precision matrix.

    P follows from the variances by Sherman and Morrison; d is a step or a slope from c on, where
    the slope goes up by one a look.
    """
    y, precision = looks.values, 1 / looks.own
    since = np.arange(len(y))[:, None] - np.arange(len(y))[None, :] + 1.0  # (t, c)
    shapes = np.stack([since > 0, np.maximum(since, 0.0)], axis=-1)  # (t, c, 2)
    p = precision[:, None, None]
    whole = np.cumsum(precision) + (1 / looks.shared if looks.shared > 0 else np.inf)
    of_y = np.cumsum(precision * y)
    of_d = np.cumsum(p * shapes, axis=0)
    quadratic = np.cumsum(precision * y**2) - of_y**2 / whole
    wide = whole[:, None, None]
    linear = np.cumsum(p * shapes * y[:, None, None], axis=0) - of_d * of_y[:, None, None] / wide
    curved = np.cumsum(p * shapes**2, axis=0) - of_d**2 / wide
    return quadratic, linear, np.maximum(curved, 0.0)


def _log_gain(linear: FloatArray, curved: FloatArray, k: FloatArray, looks: Looks) -> FloatArray:
    """Log likelihood ratio of a change, mixed over shape and half normal amount, (..., k)."""
    unit = float(looks.own[0] + looks.shared)
    found: FloatArray | None = None
    for amount in AMOUNTS:
        spread = amount**2 * unit
        room = (1 + spread * curved)[..., None]  # (..., shapes, 1)
        at = (linear[..., None] / k) * np.sqrt(spread / room)
        one = np.log(2) - np.log(room) / 2 + _log_half_normal(at)
        mixed = np.logaddexp(one[..., 0, :], one[..., 1, :])
        found = mixed if found is None else np.logaddexp(found, mixed)
    assert found is not None
    return np.asarray(found - np.log(2 * len(AMOUNTS)))


def _log_half_normal(at: FloatArray) -> FloatArray:
    """at² / 2 + log of the normal distribution function, from a table: asked for millions.

    Beyond it, above, the second term is 0; below, where all evidence is against a change of this
    kind, the end of the table stands for the little that is left of it.
    """
    return np.where(at > TABLED[1], at**2 / 2, np.interp(at, *_table()))


@cache
def _table() -> tuple[FloatArray, FloatArray]:
    at = np.linspace(*TABLED, 24_001)
    near = np.maximum(at, -8.0)
    far = np.minimum(at, -8.0)  # asymptotic series
    below = np.log1p(-1 / far**2 + 3 / far**4) - np.log(-far) - np.log(2 * np.pi) / 2
    return at, np.where(at < -8.0, below, near**2 / 2 + np.log(normal_cdf(near)))


def _log_sum(x: FloatArray, axis: int) -> FloatArray:
    """Logarithm of the sum of exponentials."""
    top = np.max(x, axis=axis, keepdims=True)
    return np.asarray(np.squeeze(top, axis) + np.log(np.exp(x - top).sum(axis=axis)))


def adjusted(e_values: FloatArray) -> FloatArray:
    """E-values of several questions, made valid for all of them together, (..., questions).

    Whatever the questions have to do with each other, the chance that any true null among them
    ever reaches 1 / alpha is at most alpha: closed testing with arithmetic means (Vovk & Wang 2021,
    arXiv:1912.06116, Algorithm 1). The mean of all is evidence that anything changed.

    >>> adjusted(np.array([40.0, 1.0])).tolist()
    [20.5, 1.0]
    """
    order = np.sort(e_values, axis=-1)
    below = np.concatenate([np.zeros_like(order[..., :1]), np.cumsum(order, axis=-1)], axis=-1)
    members = np.arange(1, order.shape[-1] + 1)
    # The worst set holding question i: itself with the j smallest (where it is one of these, the
    # mean of them is no larger than with it twice, and is among the candidates).
    with_it = (e_values[..., :, None] + below[..., None, :-1]) / members
    mine = e_values[..., :, None] <= order[..., None, :]
    alone = below[..., None, 1:] / members
    return np.asarray(np.where(mine, alone, with_it).min(axis=-1))
