"""A case as files that every command reads."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np

from firsthand.cases.case import Case, Shown
from firsthand.errors import InputError
from firsthand.formats.yolotext import label_text
from firsthand.types import Dataset

ROLES = ("reference", "train", "samples", "heldout", "unfiltered")


def written(case: Case, folder: Path) -> dict[str, Path]:
    """Write every set into a folder of its own. Returns what to name for each role.

    Points become .npy files, documents JSON lines, labels YOLO datasets with copies of the images.

    Raises:
        InputError: the folder is there already, or an image of a label is not.
    """
    if folder.exists():
        raise InputError("it is there already", expected="a new folder", where=str(folder))
    sets = {role: getattr(case, role) for role in ROLES}
    sets |= {f"generation-{at}": each for at, each in enumerate(case.history, start=1)}
    return {role: _set(each, folder / role) for role, each in sets.items() if each is not None}


def _set(of: Shown, folder: Path) -> Path:
    folder.mkdir(parents=True)
    if isinstance(of, np.ndarray):
        np.save(folder / "points.npy", of)
        return folder / "points.npy"
    return _texts(of, folder) if of.task == "text" else _labels(of, folder)


def _texts(of: Dataset, folder: Path) -> Path:
    rows = [{"text": each.text, "origin": each.provenance.media_origin} for each in of.samples]
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
    (folder / "texts.jsonl").write_text("".join(lines), encoding="utf-8")
    return folder / "texts.jsonl"


def _labels(of: Dataset, folder: Path) -> Path:
    for part in ("images", "labels"):
        (folder / part).mkdir()
    for each in of.samples:
        source = Path(each.path)
        if not source.is_file():
            raise InputError("there is no such image", where=each.path or each.key)
        shutil.copyfile(source, folder / "images" / f"{each.key}{source.suffix}")
        text = label_text(each.boxes)
        (folder / "labels" / f"{each.key}.txt").write_text(text, encoding="utf-8")
    # JSON is YAML, and quotes every name.
    names = json.dumps(list(of.classes), ensure_ascii=False)
    data = folder / "data.yaml"
    data.write_text(f"path: .\ntrain: images\nnames: {names}\n", encoding="utf-8")
    return data
