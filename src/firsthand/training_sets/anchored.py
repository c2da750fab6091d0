"""How much an image of a chosen validation set stands for: one over its chance of being chosen.

`firsthand anchor` takes images with rare classes and small objects more often than others, and
writes the chance of each beside the set. Means that weigh by it are those of all images
(Horvitz and Thompson 1952; as ratios of weighted sums, Hájek 1971).
"""

from __future__ import annotations

import json
from pathlib import Path

from firsthand.errors import InputError
from firsthand.types import Dataset

NAME = "firsthand-anchor.jsonl"


def weights(data: Dataset) -> dict[str, float]:
    """Weight by key of the images that the file beside a dataset names; none where there is none.

    Raises:
        InputError: the file says something that cannot be meant.
    """
    path = Path(data.root) / NAME
    if not data.root or not path.is_file():
        return {}
    by_media: dict[str, float] = {}
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        try:
            said = json.loads(line)
            by_media[str(said["media"])] = chance = float(said["chance"])
            good = 0 < chance <= 1
        except (ValueError, TypeError, KeyError) as error:
            raise InputError(f"{error!r}"[:200], where=f"{path}:{number}") from error
        if not good:
            raise InputError(
                f"a chance of {chance}", expected="above 0, at most 1", where=f"{path}:{number}"
            )
    chances = ((one.key, by_media.get(one.media.hex())) for one in data.samples)
    return {key: 1 / chance for key, chance in chances if chance is not None}
