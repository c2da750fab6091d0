"""What detectors find, matched with what people labelled: counts, recall, precision, calibration.

Predictions come as data. No framework is imported, and none has to be installed.

    scored = score(labelled(dataset), gather(predictions), cells_of(labelled(human), classes))
    measure(scored, "recall", 0.25), average_precision(scored), calibration(scored)
    compare(before, after, "recall", 0.25)
"""

from firsthand.detections.calibration import Bin, Reliability, calibration
from firsthand.detections.cells import Cells, cells_of
from firsthand.detections.comparing import compare
from firsthand.detections.matching import Matching, match
from firsthand.detections.measures import measure
from firsthand.detections.objects import Detections, Objects, aligned, gather, labelled, weighted
from firsthand.detections.overlaps import clashing, iou, nms, overlapping
from firsthand.detections.precision_curve import average_precision
from firsthand.detections.scoring import Scored, score

__all__ = [
    "Bin",
    "Cells",
    "Detections",
    "Matching",
    "Objects",
    "Reliability",
    "Scored",
    "aligned",
    "average_precision",
    "calibration",
    "cells_of",
    "clashing",
    "compare",
    "gather",
    "iou",
    "labelled",
    "match",
    "measure",
    "nms",
    "overlapping",
    "score",
    "weighted",
]
