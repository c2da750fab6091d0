"""Of what kind is each object? Classes of labels, or types of the words of a text."""

from __future__ import annotations

import numpy as np

from firsthand.contracts import BoxesView, CategoriesView
from firsthand.numerics.tokens import document_of, tokens_view
from firsthand.numerics.views import boxes_view
from firsthand.types import Dataset


def categories_view(dataset: Dataset) -> CategoriesView:
    """The kinds of a dataset's objects: words of a text, classes of anything else.

    Samples without text or without a label are left out: nothing was said about them.

    >>> from firsthand.types import Sample
    >>> texts = (Sample("1", bytes(32), text="to be or"), Sample("2", bytes(32), text="to be"))
    >>> view = categories_view(Dataset("d", "text", (), texts))
    >>> len(view.names), np.bincount(view.label, minlength=3).max()
    (3, np.int64(2))
    """
    if dataset.task == "text":
        text = tokens_view(dataset)
        kinds, label = np.unique(text.tokens, return_inverse=True)
        bucket = text.bucket[document_of(text)]
        return CategoriesView(bucket, text.groups, kinds, label.reshape(-1).astype(np.int64))
    return kinds_of(boxes_view(dataset))


def kinds_of(boxes: BoxesView) -> CategoriesView:
    """The classes of labelled objects, one object a row."""
    names = np.array(boxes.classes, dtype=np.str_)
    return CategoriesView(boxes.bucket[boxes.sample], boxes.groups, names, boxes.label)
