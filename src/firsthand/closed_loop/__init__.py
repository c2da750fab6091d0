"""A detector that trains on labels of its own, generation after generation, and what it loses.

The loop knows no framework: a detector is two calls, on files (`detector.Detector`). A generation
is a folder named by all that decided it, so that a run which was killed goes on, and runs share
what they have in common.
"""

from firsthand.closed_loop.arms import ARMS, Arm
from firsthand.closed_loop.chain import Chain, Step
from firsthand.closed_loop.generation import Generation
from firsthand.closed_loop.parsing import load, parse
from firsthand.closed_loop.running import finished, run
from firsthand.closed_loop.spec import Loop, Training

__all__ = [
    "ARMS",
    "Arm",
    "Chain",
    "Generation",
    "Loop",
    "Step",
    "Training",
    "finished",
    "load",
    "parse",
    "run",
]
