"""Where does the work happen? In this process or on a pool of them, with the same result.

Work is cut into cells. A cell is everything that decides one result, written as JSON; what is
computed from it is a pure function of that text, random numbers included, so that it does not
matter where, in which order or how often it is computed. An engine is a file here that says how an
executor is opened: `submit(fn, cell) -> Future` is all that is asked of it, and a cluster is one
more file.
"""

from __future__ import annotations

from firsthand.engine.cells import Arrays, Cell, digest
from firsthand.engine.running import ENGINES, EngineName, run
from firsthand.engine.store import Store

__all__ = ["ENGINES", "Arrays", "Cell", "EngineName", "Store", "digest", "run"]
