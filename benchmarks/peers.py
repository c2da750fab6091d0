"""What the benchmarks beside other packages share: letting those import, and peak memory."""

from __future__ import annotations

import importlib.util
import re
import resource
from pathlib import Path


def declare_operators() -> None:
    """Let torchvision import where its compiled operators do not fit torch; none is called."""
    found = importlib.util.find_spec("torchvision")
    if found is None or found.origin is None:
        return
    import torch

    names = re.findall(
        r"torchvision::(\w+)", (Path(found.origin).parent / "_meta_registrations.py").read_text()
    )
    try:
        import torchvision  # noqa: F401
    except RuntimeError:
        for name in sorted(set(names)):
            torch.library.define(f"torchvision::{name}", "(Tensor a) -> Tensor")


def highest() -> float:
    """Peak memory of this process, MB. What `getrusage` says begins with its parent's peak."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024
