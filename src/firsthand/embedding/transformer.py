"""Loads models of the transformers library: from disk, as arithmetic only, complete or not at all.

A library that starts weights which are not in the file at random and says so in a log would give
points that mean nothing. Here that is an error.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from firsthand.embedding.torched import Library, unusable
from firsthand.embedding.weights import Weights, broken, package

TRANSFORMERS = Library("transformers", "hf")
UNUSED = "pooler."
"""Start of the names of weights that may be missing: no point is made with them."""


def load(found: Weights, kind: str, feature: str) -> Any:
    """A model in single precision.

    Args:
        found: where it lies.
        kind: class of the transformers library.
        feature: what needs it, for messages.

    Raises:
        MissingExtra: PyTorch or transformers is not installed.
        InputError: the weights are damaged, incomplete, or of another kind.
    """
    model, report = _from_disk(
        found,
        kind,
        feature,
        use_safetensors=not found.pickled,
        weights_only=True,
        dtype=package("torch", feature, TRANSFORMERS.extra).float32,
        output_loading_info=True,
    )
    missing = sorted(name for name in report["missing_keys"] if not name.startswith(UNUSED))
    if missing:
        raise unusable(found.folder, f"{len(missing)} weights are missing, first {missing[0]}")
    return model


def tokenizer(found: Weights, feature: str, *, padded: bool = True) -> Any:
    """What cuts texts into the tokens that the model knows.

    Args:
        found: where it lies.
        feature: what needs it, for messages.
        padded: whether it has to fill up short texts.

    Raises:
        MissingExtra: transformers is not installed.
        InputError: there is none, or it cannot fill up short texts.
    """
    loaded = _from_disk(found, "AutoTokenizer", feature)
    if padded and loaded.pad_token is None:
        raise unusable(found.folder, "its tokenizer has no token to fill up short texts with")
    return loaded


def _from_disk(found: Weights, kind: str, feature: str, **options: Any) -> Any:
    transformers = package("transformers", feature, TRANSFORMERS.extra)
    damaged = package("safetensors", feature, TRANSFORMERS.extra).SafetensorError
    try:
        with _quiet(transformers):
            return getattr(transformers, kind).from_pretrained(
                found.folder, local_files_only=True, trust_remote_code=False, **options
            )
    except (OSError, ValueError, RuntimeError, LookupError, TypeError) as error:
        raise unusable(found.folder, str(error)) from error
    except (AttributeError, damaged, pickle.UnpicklingError) as error:
        raise unusable(found.folder, str(error)) from error
    except ImportError as error:  # it loads its parts when they are first used
        raise broken(TRANSFORMERS.name, error) from error


@contextmanager
def _quiet(transformers: Any) -> Iterator[None]:
    """Without bars and tables: what matters of them becomes an error."""
    logging = transformers.utils.logging
    before = logging.get_verbosity()
    logging.set_verbosity(logging.CRITICAL)
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(before)
        logging.enable_progress_bar()
