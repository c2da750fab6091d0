"""How many objects stand for one independent draw, over all classes of a set?"""

from __future__ import annotations

import numpy as np

from firsthand.class_counts import ClassCounts


def overall_effect(counts: ClassCounts) -> float:
    """Objects that one independent draw stands for, over all classes; at least 1.

    NaN where every object is a group of its own, so that nothing says how they are clustered.

    The mean of the classes' design effects, each weighted by 1 - its share: by so much Pearson's
    statistic grows when objects are drawn in clusters.

    Source: Rao and Scott 1981, J. Am. Stat. Assoc. 76:221, equation 2.7.
    """
    known = np.isfinite(counts.design_effect)
    if not known.any() or counts.groups >= counts.total:
        return float("nan")
    weight = 1 - counts.shares[known]
    return max(1.0, float(weight @ counts.design_effect[known] / weight.sum()))
