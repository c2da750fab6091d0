"""Where torchvision's compiled operators do not fit the installed torch, the one that YOLO needs.

A torchvision built for CUDA cannot load its operators beside a torch for the CPU, and then cannot
be imported at all. `install()` gives such a pair non-maximum suppression in plain torch. It does
nothing where the import works. For tests, benchmarks and examples; people with a matching pair
never need it, so the package itself does not carry it.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import Any

_LIBRARIES: list[Any] = []  # an operator lives as long as the library that defined it


def install() -> bool:
    """Make `import torchvision` work. Returns whether anything had to be done."""
    try:
        importlib.import_module("torchvision")
    except RuntimeError:  # its operators are missing
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
    else:
        return False
    import torch

    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):  # the second only has to be there
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.impl("nms", _suppressed, "CPU")
    _LIBRARIES.append(library)
    extension = importlib.import_module("torchvision.extension")
    extension._has_ops = lambda: True
    return True


def ultralytics(folder: os.PathLike[str] | str) -> Any:
    """Ultralytics, offline, with its settings and runs in a folder of their own.

    Raises:
        ImportError: it is not installed.
    """
    os.environ |= {"YOLO_OFFLINE": "true", "YOLO_AUTOINSTALL": "false", "YOLO_VERBOSE": "false"}
    os.environ["YOLO_CONFIG_DIR"] = os.fspath(folder)
    install()
    package = importlib.import_module("ultralytics")
    names = ("runs_dir", "datasets_dir", "weights_dir")
    package.settings.update({"sync": False} | {name: str(Path(folder, name)) for name in names})
    return package


def _suppressed(boxes: Any, scores: Any, most: float) -> Any:
    """Indices of the boxes (n, 4: corners) that overlap no better one by more than `most`."""
    import torch

    order = scores.argsort(descending=True, stable=True)
    corners = boxes[order].double()
    areas = (corners[:, 2:] - corners[:, :2]).clamp(min=0).prod(1)
    alive = torch.ones(len(order), dtype=torch.bool)
    for at in range(len(order)):
        if not alive[at]:
            continue
        low = torch.maximum(corners[at, :2], corners[at + 1 :, :2])
        high = torch.minimum(corners[at, 2:], corners[at + 1 :, 2:])
        shared = (high - low).clamp(min=0).prod(1)
        alive[at + 1 :] &= shared <= most * (areas[at] + areas[at + 1 :] - shared)
    return order[alive]
