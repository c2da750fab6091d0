"""Human data as what a model family learns from: counts of symbols, tokens, or points."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from firsthand.errors import InputError
from firsthand.lab.pictures import pictures
from firsthand.read import read
from firsthand.recursion import Counted
from firsthand.types import Dataset, FloatArray


class People(NamedTuple):
    """Points of people, halved at random by group: one half trains, the other is compared with."""

    features: FloatArray  # (n, d)
    labels: NDArray[np.int64]  # (n,)
    reference: FloatArray  # (m, d)


def digest_of(path: str) -> str:
    """What tells human data from others; empty without any."""
    return _dataset(path).digest if path else ""


@cache
def population(path: str, takes: str) -> Any:
    """The human data for a family, or None where it has to bring its own.

    Raises:
        InputError: the data cannot be read, or the family cannot learn from such.
    """
    if not path:
        return None
    dataset = _dataset(path)
    if takes == "counts":
        return _counts(dataset)
    if takes == "tokens":
        return _tokens(dataset)
    if takes == "points":
        return _points(dataset)
    raise InputError(
        "this model family has a human population of its own, and data are given",
        expected="no `data`, or a family that learns from data",
        where=path,
    )


@cache
def _dataset(path: str) -> Dataset:
    return read(path, progress=False)


def _counts(dataset: Dataset) -> Counted:
    if dataset.task == "text":
        counts = np.unique(_tokens(dataset), return_counts=True)[1]
        return Counted(np.sort(counts)[::-1].astype(float))
    found = np.zeros(len(dataset.classes))
    for sample in dataset.samples:
        if sample.boxes is not None:
            np.add.at(found, sample.boxes.classes, 1)
        elif sample.category is not None:
            found[sample.category] += 1
    if not found.sum():
        raise InputError("there are no classes to count", expected="labels", where=dataset.root)
    there = np.flatnonzero(found)
    return Counted(found[there], tuple(dataset.classes[at] for at in there))


def _tokens(dataset: Dataset) -> NDArray[np.int64]:
    """Every word as the number of its type, in the order of the text."""
    from firsthand.numerics.tokens import tokens_view

    if dataset.task != "text":
        raise InputError(f"the data are of the kind {dataset.task}", expected="text")
    found = np.unique(tokens_view(dataset).tokens, return_inverse=True)[1]
    return found.astype(np.int64)


def _points(dataset: Dataset) -> People:
    shown = pictures(dataset)
    groups = np.unique([sample.group or sample.key for sample in dataset.samples])
    chosen = np.random.Generator(np.random.Philox(key=0)).permutation(groups)[: len(groups) // 2]
    train = np.isin([sample.group or sample.key for sample in dataset.samples], chosen)
    return People(shown.features[train], shown.labels[train], shown.features[~train])
