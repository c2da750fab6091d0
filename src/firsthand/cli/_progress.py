"""How far a simulation is: one line that is written over, once somebody has waited for it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from firsthand.messages import Language, text

PATIENCE = 2.0  # seconds


@contextmanager
def generations(lang: Language) -> Iterator[Callable[[int, int], None]]:
    """A function to call with generations done and to do; silent where nobody watches."""
    watched = sys.stderr.isatty()
    began = time.monotonic()

    def report(done: int, of: int) -> None:
        if watched and time.monotonic() - began > PATIENCE:
            said = text("label.progress", lang, done=done, of=of)
            print(f"\r\x1b[K{said}", end="", file=sys.stderr, flush=True)

    try:
        yield report
    finally:
        if watched:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
