"""What detectors find, matched with what people labelled: counts, recall, precision, calibration.

Predictions come as data. No framework is imported, and none has to be installed.
"""

from firsthand.detections.cells import Cells, cells_of
from firsthand.detections.matching import Matching, match
from firsthand.detections.objects import Detections, Objects, aligned, gather, labelled, weighted
from firsthand.detections.overlaps import clashing, iou, nms, overlapping

__all__ = [
    "Cells",
    "Detections",
    "Matching",
    "Objects",
    "aligned",
    "cells_of",
    "clashing",
    "gather",
    "iou",
    "labelled",
    "match",
    "nms",
    "overlapping",
    "weighted",
]
