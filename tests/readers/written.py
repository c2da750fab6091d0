"""One small dataset, written in every format that a reader knows.

Six images of 64 x 48 pixels with two boxes each, or six texts. `WRITERS[name](folder)` returns the
path that a person would give to `read`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

NAMES = ("cell", "dot")
WIDTH, HEIGHT = 64, 48
COUNT = 6
BOXES = ((0, 4, 6, 20, 30), (1, 32, 8, 36, 40))  # class, left, top, right, bottom
TEXTS = tuple(f"document {at}: the quick brown fox {'jumps ' * at}" for at in range(COUNT))


def picture(seed: int) -> bytes:
    """A PNG of its own."""
    noise = np.random.default_rng(seed).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
    out = BytesIO()
    Image.fromarray(noise).save(out, "PNG")
    return out.getvalue()


PICTURES = tuple(picture(seed) for seed in range(COUNT))


def put(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def pictures(folder: Path) -> None:
    for at, data in enumerate(PICTURES):
        put(folder / f"{at}.png", data)


def yolo_row(kind: int, left: float, top: float, right: float, bottom: float) -> str:
    x, y = (left + right) / 2 / WIDTH, (top + bottom) / 2 / HEIGHT
    return f"{kind} {x:.6f} {y:.6f} {(right - left) / WIDTH:.6f} {(bottom - top) / HEIGHT:.6f}"


def yolo(folder: Path) -> Path:
    pictures(folder / "images" / "train")
    for at in range(COUNT):
        rows = "\n".join(yolo_row(*box) for box in BOXES)
        put(folder / "labels" / "train" / f"{at}.txt", rows + "\n")
    return put(folder / "data.yaml", "path:\ntrain: images/train\nnames: [cell, dot]\n")


def coco(folder: Path) -> Path:
    pictures(folder / "images")
    images = [
        {"id": at, "file_name": f"{at}.png", "width": WIDTH, "height": HEIGHT}
        for at in range(COUNT)
    ]
    annotations = [
        {"id": COUNT * at + n, "image_id": at, "category_id": kind + 1, "iscrowd": 0}
        | {"bbox": [left, top, right - left, bottom - top], "segmentation": []}
        for at in range(COUNT)
        for n, (kind, left, top, right, bottom) in enumerate(BOXES)
    ]
    categories = [{"id": at + 1, "name": name} for at, name in enumerate(NAMES)]
    keys = {"images": images, "annotations": annotations, "categories": categories}
    rows = {key: ",\n".join(json.dumps(each) for each in keys[key]) for key in keys}
    text = ",\n".join(f'"{key}": [\n{rows[key]}\n]' for key in keys)
    return put(folder / "instances.json", "{\n" + text + "\n}\n")


def voc_object(kind: int, *edges: float) -> str:
    tags = zip(("xmin", "ymin", "xmax", "ymax"), edges, strict=True)
    box = "".join(f"<{tag}>{edge}</{tag}>" for tag, edge in tags)
    return f"<object><name>{NAMES[kind]}</name><bndbox>{box}</bndbox></object>"


def voc(folder: Path) -> Path:
    pictures(folder / "JPEGImages")
    for at in range(COUNT):
        size = f"<size><width>{WIDTH}</width><height>{HEIGHT}</height><depth>3</depth></size>"
        rows = "\n".join(voc_object(*box) for box in BOXES)
        name = f"<filename>{at}.png</filename>"
        text = f"<annotation>\n{name}\n{size}\n{rows}\n</annotation>\n"
        put(folder / "Annotations" / f"{at}.xml", text)
    return folder


def image_folder(folder: Path) -> Path:
    for at, data in enumerate(PICTURES):
        put(folder / NAMES[at % 2] / f"{at}.png", data)
    return folder


def records() -> list[dict[str, object]]:
    return [
        {"id": f"r{at}", "text": text, "label": NAMES[at % 2], "split": "train"}
        for at, text in enumerate(TEXTS)
    ]


def jsonl(folder: Path) -> Path:
    lines = "".join(json.dumps(row) + "\n" for row in records())
    return put(folder / "data.jsonl", lines)


def csv(folder: Path) -> Path:
    rows = [",".join(map(str, row.values())) for row in records()]
    return put(folder / "data.csv", "\n".join(["id,text,label,split", *rows]) + "\n")


def parquet(folder: Path) -> Path:
    import duckdb

    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "data.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE t (id VARCHAR, text VARCHAR, label VARCHAR, split VARCHAR)"
        )
        values = [tuple(row.values()) for row in records()]
        connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?)", values)
        connection.table("t").write_parquet(str(target))
    return target


def text(folder: Path) -> Path:
    for at, document in enumerate(TEXTS):
        put(folder / NAMES[at % 2] / f"{at}.txt", document)
    return folder


def ndjson(folder: Path) -> Path:
    pictures(folder / "images" / "train")
    names = {str(at): name for at, name in enumerate(NAMES)}
    first = {"type": "dataset", "task": "detect", "name": "made", "class_names": names}
    rows = [[float(value) for value in yolo_row(*box).split()] for box in BOXES]
    lines = [first | {"path": str(folder)}] + [
        {"type": "image", "file": f"{at}.png", "split": "train"}
        | {"width": WIDTH, "height": HEIGHT, "annotations": {"boxes": rows}}
        for at in range(COUNT)
    ]
    return put(folder / "made.ndjson", "".join(json.dumps(line) + "\n" for line in lines))


WRITERS: dict[str, Callable[[Path], Path]] = {
    "coco": coco,
    "csv": csv,
    "image_folder": image_folder,
    "jsonl": jsonl,
    "ndjson": ndjson,
    "parquet": parquet,
    "text": text,
    "voc": voc,
    "yolo": yolo,
}
DETECTION = ("coco", "ndjson", "voc", "yolo")
TEXTUAL = ("csv", "jsonl", "parquet", "text")
