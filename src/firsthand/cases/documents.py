"""Documents of equal length, from which failures of models of language are made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firsthand.cases.case import FAIR, Ids, Kind
from firsthand.cases.cells import cells
from firsthand.content import text_digest
from firsthand.errors import InputError
from firsthand.models.ngram import NGram, Pieces
from firsthand.recursion import Recipe, Sampling, Setting
from firsthand.types import Dataset, FloatArray, Provenance, Sample

LENGTH = 64  # words of a document
ORDER = 2  # a word from the one before: longer contexts of so little text have one successor each
RUN = 32  # words of a document that an overfitted model repeats
TOPICAL = 5000  # most frequent words, by which texts are told apart


class Words(NamedTuple):
    """Documents as word numbers, with their modes."""

    rows: Ids  # (n, LENGTH)
    mode: Ids  # (n,)


class DocumentPool:
    """Human documents; modes are cells of what the texts are about that they are from."""

    kind: Kind = "documents"

    def __init__(self, texts: Sequence[str], other: Sequence[str] = ()) -> None:
        place: dict[str, int] = {}
        rows, source = _numbered(texts, place)
        if not len(rows):
            raise InputError("no document is long enough", expected=f"{LENGTH} words or more")
        topic = cells(_topics(rows, source, len(place)))
        other_rows, _ = _numbered(other, place)
        self._words = np.array(list(place))
        self._whole = Words(rows, topic[source])
        self._other = Words(other_rows, np.zeros(len(other_rows), np.int64))
        self.modes = int(self._whole.mode.max()) + 1

    def __len__(self) -> int:
        """How many documents there are."""
        return len(self._whole.rows)

    def fitting(self, rows: Ids, modes: Ids | None) -> Ids:
        """Rows of these modes."""
        return rows if modes is None else rows[np.isin(self._whole.mode[rows], modes)]

    def take(self, rows: Ids, modes: Ids | None) -> Words:  # noqa: ARG002
        """Some documents."""
        return Words(self._whole.rows[rows], self._whole.mode[rows])

    def mixed(self, first: Words, second: Words, which: NDArray[np.bool_]) -> Words:
        """Documents of the second where it says so."""
        rows = np.where(which[:, None], second.rows, first.rows)
        return Words(rows, np.where(which, second.mode, first.mode))

    def copies(self, of: Words, rng: np.random.Generator) -> Words:
        """Documents of two runs of 32 words, each of one document of the set."""
        n = len(of.rows)
        source = rng.integers(0, n, (n, LENGTH // RUN))
        begin = rng.integers(0, LENGTH - RUN + 1, source.shape)
        at = begin[:, :, None] + np.arange(RUN)
        return Words(of.rows[source[:, :, None], at].reshape(n, -1), of.mode[source[:, 0]])

    def elsewhere(self, of: Words, like: Words, turn: int, rng: np.random.Generator) -> Words:  # noqa: ARG002
        """Documents of the other collection.

        Raises:
            InputError: there is none, or it has fewer.
        """
        n, there = len(of.rows), len(self._other.rows)
        if there < (turn + 1) * n:
            raise InputError(
                f"the other collection has {there} documents",
                expected=f"{(turn + 1) * n} or more",
                todo="Name texts from elsewhere with --other, or ask for smaller sets with -n.",
            )
        rows = rng.permutation(there)[turn * n : (turn + 1) * n]
        return Words(self._other.rows[rows], self._other.mode[rows])

    def output(
        self,
        trained: Words,
        fresh: Words,  # noqa: ARG002
        n: int,
        sampling: Sampling,
        rng: np.random.Generator,
    ) -> Words:
        """What a bigram model of the training set says: there is no better one at hand."""
        return self.learnt(trained, n, sampling, rng)

    def learnt(self, trained: Words, n: int, sampling: Sampling, rng: np.random.Generator) -> Words:
        """What a bigram model of the set says."""
        recipe = Setting(
            chains=1,
            recipe=Recipe(made=n * LENGTH),
            sampling=sampling,
            human=trained.rows.ravel(),
        )
        model = NGram(order=ORDER, length=LENGTH).chains(recipe)
        state = model.fit(Pieces(trained.rows[None]), rng)
        drawn = model.sample(state, n * LENGTH, rng).words[0]
        return Words(drawn, np.zeros(n, np.int64))

    def wider(self, trained: Words, fresh: Words, factor: float, rng: np.random.Generator) -> Words:
        """The bigram model at that temperature."""
        hot = Sampling(temperature=factor) if factor != 1 else FAIR
        return self.learnt(trained, len(fresh.rows), hot, rng)

    def shown(self, of: Words, name: str, origin: Provenance) -> Dataset:
        """Documents as a dataset of texts."""
        texts = [" ".join(self._words[row]) for row in of.rows]
        samples = tuple(
            Sample(f"{name}-{at}", text_digest(text), text=text, provenance=origin)
            for at, text in enumerate(texts)
        )
        return Dataset(name, "text", (), samples)


def _numbered(texts: Sequence[str], place: dict[str, int]) -> tuple[Ids, Ids]:
    """Runs of LENGTH words of each text as numbers, and the text of each.

    What is left over at the end of a text is left out; texts are counted without those too short.
    """
    rows, source = [], []
    for at, text in enumerate(texts):
        ids = [place.setdefault(word, len(place)) for word in text.split()]
        found = [ids[i : i + LENGTH] for i in range(0, len(ids) - LENGTH + 1, LENGTH)]
        rows += found
        source += [at] * len(found)
    own = np.unique(np.array(source, np.int64), return_inverse=True)[1]
    return np.array(rows, np.int64).reshape(-1, LENGTH), own.astype(np.int64)


def _topics(rows: Ids, source: Ids, words: int) -> FloatArray:
    """What each text is about: its words by tf-idf, of length 1. (texts, words looked at)."""
    rank = np.argsort(-np.bincount(rows.ravel(), minlength=words), kind="stable")[:TOPICAL]
    column = np.full(words, -1)
    column[rank] = np.arange(len(rank))
    found = np.zeros((int(source.max()) + 1, len(rank)))
    document, at = np.nonzero(column[rows] >= 0)
    np.add.at(found, (source[document], column[rows[document, at]]), 1)
    weighed = found * np.log(len(found) / (found > 0).sum(axis=0))
    long = np.linalg.norm(weighed, axis=1, keepdims=True)
    return np.asarray(weighed / np.where(long > 0, long, 1.0))
