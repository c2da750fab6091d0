"""How long does auditing a large YOLO set take, against plainly reading and hashing its files?

    python benchmarks/audit.py --images 100000 --boxes 7

Writes a candidate and a reference of a tenth its size below a temporary folder, images of noise
with label files (--side 32 makes tiny images, the hardest case). Then measures in fresh processes:
the floor (open, read and sha256 of every file of both), a first read and audit with an empty cache
each, and a second of each. Prints time and peak memory of each.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

import numpy as np

NAMES = ["person", "car", "bicycle", "dog", "bird"]


def png(noise: bytes, side: int) -> bytes:
    """A whole grey image of noise, so large that it could be a photograph of its size."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    rows = b"".join(b"\0" + noise[at * side : (at + 1) * side] for at in range(side))
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 0)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def generate(root: Path, images: int, boxes: int, side: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    (root / "images/train").mkdir(parents=True)
    (root / "labels/train").mkdir(parents=True)
    (root / "data.yaml").write_text(f"train: images/train\nnames: {json.dumps(NAMES)}\n")
    for number in range(images):
        count = rng.poisson(boxes)
        sides = np.exp(rng.uniform(np.log(0.02), np.log(0.4), (count, 2)))
        centres = sides / 2 + rng.random((count, 2)) * (1 - sides)
        kinds = rng.integers(0, len(NAMES), count)
        rows = np.column_stack([kinds, centres, sides]).tolist()
        text = "".join("{:.0f} {:.6f} {:.6f} {:.6f} {:.6f}\n".format(*row) for row in rows)
        (root / f"images/train/{number:06d}.png").write_bytes(png(rng.bytes(side * side), side))
        (root / f"labels/train/{number:06d}.txt").write_text(text)


def floor(root: Path) -> str:
    total = hashlib.sha256()
    for folder in root.glob("*/*/train"):
        for entry in os.scandir(folder):
            with open(entry.path, "rb") as file:  # noqa: PTH123
                total.update(hashlib.sha256(file.read()).digest())
    return total.hexdigest()[:8]


def read(root: Path) -> str:
    from firsthand.read import read as read_dataset

    sets = [read_dataset(root / name / "data.yaml", progress=False) for name in SETS]
    boxes = sum(len(one.boxes.classes) for each in sets for one in each.samples if one.boxes)
    return f"{sum(len(each.samples) for each in sets)} samples, {boxes} boxes"


def audit(root: Path) -> str:
    from firsthand import declare
    from firsthand.audit import audit as judge

    candidate, reference = (root / name / "data.yaml" for name in SETS)
    result = judge(candidate, reference, origin=declare("human"))
    return f"{result.verdict}, {len(result.measurements)} measurements"


SETS = ("candidate", "reference")
STEPS = {"floor": floor, "read": read, "reread": read, "audit": audit, "reaudit": audit}


def measure(step: str, root: Path) -> None:
    """Runs in a process of its own, so that time and memory, with its children's, are its own."""
    start = time.perf_counter()
    found = STEPS[step](root)
    took = time.perf_counter() - start
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    busy = sum(each.ru_utime + each.ru_stime for each in used)
    memory = sum(each.ru_maxrss for each in used) / 1024
    print(f"{step:8} {took:7.2f} s {busy:7.2f} CPU-s {memory:7.0f} MB   {found}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--boxes", type=int, default=7)
    parser.add_argument("--side", type=int, default=128, help="pixels; 128 makes files of 16 kB")
    parser.add_argument("--root", type=Path, help="keep the generated set here, or reuse it")
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.step:
        measure(given.step, given.root)
        return
    with tempfile.TemporaryDirectory() as folder:
        root = given.root or Path(folder) / "set"
        if not root.exists():
            for seed, (name, share) in enumerate(zip(SETS, (1, 10), strict=True)):
                generate(root / name, given.images // share, given.boxes, given.side, seed)
            time.sleep(2.1)  # a file is trusted by its time only once that lies in the past
        for step in STEPS:
            cache = Path(folder) / ("audits" if "audit" in step else "reads")
            environment = {**os.environ, "FIRSTHAND_CACHE": str(cache)}
            command = [sys.executable, __file__, "--root", str(root), "--step", step]
            subprocess.run(command, env=environment, check=True)


if __name__ == "__main__":
    main()
