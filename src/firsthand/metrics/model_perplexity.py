"""How surprising is the text to a language model that you name?

The same two questions as `perplexity`, asked of a causal language model: text that is too
predictable, and text that is too surprising, against a second human sample. The model should have
learnt from people, and from neither side: what it knows by heart does not surprise it.

Source: Shumailov et al. 2024 (doi:10.1038/s41586-024-07566-y); perplexity of long texts in windows
as is usual for models with a fixed context.
"""

from __future__ import annotations

import numpy as np

from firsthand.contracts import Draws, FeatureView, Metric, Splits
from firsthand.numerics.halves import nothing, too_few
from firsthand.numerics.quotients import Sums, by_bucket
from firsthand.numerics.surprise import both_ways
from firsthand.types import Shared, Undetermined

NAME = "model_perplexity"
MIN_GROUPS = 20
MIN_TOKENS = 1000


def compare(reference: FeatureView, candidate: FeatureView, splits: Splits) -> Draws:
    """Perplexity of the candidate against that of a second human sample.

    Args:
        reference: (n, 2) sum of log chances of each text, and how many tokens it is over.
        candidate: the same of the other texts.
        splits: the random halves that every metric shares.
    """
    groups = min(reference.groups, candidate.groups)
    problem = _no_chances(reference, candidate)
    if problem is not None:
        return nothing(splits, groups, problem)
    ours, theirs = _sums(reference), _sums(candidate)
    least = float(min(ours.under.sum(), theirs.under.sum()))
    problem = too_few(NAME, groups, least, (MIN_GROUPS, MIN_TOKENS))
    if problem is not None:
        return nothing(splits, groups, problem)
    both = np.isin(candidate.media, reference.media)
    sizes = ours.under.sum(), theirs.under.sum(), candidate.features[both, 1].sum()
    return both_ways(ours, theirs, splits, Shared(*map(int, sizes)), groups)


def _no_chances(reference: FeatureView, candidate: FeatureView) -> Undetermined | None:
    """Points of another kind, or chances that are no numbers."""
    both = (reference.features, candidate.features)
    if any(points.shape[1] != 2 for points in both):
        params = {"embedder": "causal_lm"}
        return Undetermined(metric=NAME, reason="other-embedder", params=params)
    broken = sum(int((~np.isfinite(points)).any(axis=1).sum()) for points in both)
    if broken:
        return Undetermined(metric=NAME, reason="features-not-finite", params={"found": broken})
    return None


def _sums(view: FeatureView) -> Sums:
    chances, tokens = view.features.astype(np.float64).T
    return by_bucket(view.bucket, -chances, tokens)


component = Metric(
    name=NAME,
    question="How surprising is the text to a language model that you name?",
    unit="times as predictable, or as surprising, as a second human sample",
    range=(0.0, float("inf")),
    worse="up",
    source="Shumailov et al. 2024 (doi:10.1038/s41586-024-07566-y)",
    view="features",
    tasks=frozenset({"text"}),
    neutral=1.0,
    size_free=False,
    audited=False,
    embedder="causal_lm",
    absolute_unit="perplexity of the candidate under the model",
    min_groups=MIN_GROUPS,
    min_objects=MIN_TOKENS,
    sees=frozenset({"variance-shrink", "tail-cut", "over-dispersion"}),
    compare=compare,
)
