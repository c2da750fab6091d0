"""How sure is a share of n independent cases?"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from firsthand.types import FloatArray

Z = 1.959963984540054  # of a normal law, for 95 %


def wilson(share: ArrayLike, n: ArrayLike, z: float = Z) -> tuple[FloatArray, FloatArray]:
    """The score interval of a share: it never leaves 0..1 and has a width at 0 and 1.

    Args:
        share: found, between 0 and 1.
        n: independent cases, 1 or more.
        z: of a normal law, for the level; 1.96 for 95 %.

    Source: Wilson 1927, doi:10.1080/01621459.1927.10502953.

    >>> [round(float(end), 3) for end in wilson(0.0, 20)]
    [0.0, 0.161]
    """
    p, many = np.asarray(share, float), np.asarray(n, float)
    middle = p + z**2 / (2 * many)
    half = z * np.sqrt(p * (1 - p) / many + z**2 / (4 * many**2))
    scale = 1 + z**2 / many
    return np.clip((middle - half) / scale, 0, 1), np.clip((middle + half) / scale, 0, 1)
