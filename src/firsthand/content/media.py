"""The bytes of a sample's medium, as long as they are the ones that were hashed."""

from __future__ import annotations

import os

from firsthand.content.digests import media_digest
from firsthand.content.files import read_file
from firsthand.types import Sample


def media_of(root: str, sample: Sample) -> bytes | None:
    """The content of a sample's file; None where it has none, it is gone or is another one by now.

    A version of a ledger names files of its past, and what is kept is kept by digest.
    """
    if not sample.path:
        return None
    try:
        data = read_file(os.path.join(root, sample.path))  # noqa: PTH118 - 100k of them
    except (OSError, ValueError):
        return None
    return data if media_digest(data) == sample.media else None
