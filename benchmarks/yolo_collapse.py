"""Collapse and prevention curves of a detector that trains on its own labels.

    python benchmarks/yolo_collapse.py run WORK [NAME...]     # hours; goes on where it was stopped
    python benchmarks/yolo_collapse.py report WORK            # writes docs/yolo-collapse.md

WORK keeps data, weights and every generation. Names: those of `LOOPS`; all of them unless given.
The real set `bccd` is looked for in `$FIRSTHAND_DATA`.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yolo_collapse_page

from firsthand import closed_loop
from firsthand.closed_loop.results import Results

ROOT = Path(__file__).parent.parent
DATA = Path(os.environ.get("FIRSTHAND_DATA", ROOT.parent / "shared" / "data"))
CORE = ["replace", "DCK", "DCKT50", "Z0", "Z0K", "mix30"]
SEEDS = [0, 1, 2, 3, 4]

SHAPES: dict[str, Any] = {
    "model": {"name": "yolo", "imgsz": 96, "batch": 16, "flipud": 0.5},
    "start": "base.pt",
    "human": "shapes/people",
    "test": "shapes/test",
    "humans": 300,
    "small": 0.125,
    "images": 300,
    "first": {"epochs": 30, "rate": 0.005},
    "then": {"epochs": 5, "rate": 0.003},
    "seeds": SEEDS,
}
BCCD: dict[str, Any] = {
    "model": {
        "name": "yolo",
        "imgsz": 192,
        "batch": 8,
        "flipud": 0.5,
        "hue": 0.01,
    },
    "start": "base.pt",
    "human": "bccd/people",
    "test": "bccd/test",
    "humans": 100,
    "rare": "Platelets",  # with few pictures people have as few WBC, which nothing loses
    "small": 0.0962,  # 16 pixels of 192 x 144
    "images": 100,
    "first": {"epochs": 75, "rate": 0.003},
    "then": {"epochs": 10, "rate": 0.002},
    "seeds": SEEDS,
}


BY_STEP = {"ramp": 0.1}  # set once an epoch, the rate would be highest where one epoch ends


def few(humans: int, arms: Sequence[str], epochs: int = 3, rate: float = 0.003) -> dict[str, Any]:
    """Few labels of people: 7200 pictures seen by generation 0, 4500 by each after it."""
    return SHAPES | {
        "model": SHAPES["model"] | BY_STEP,
        "humans": humans,
        "images": 1500,
        "first": {"epochs": 7200 // humans, "rate": 0.005},
        "then": {"epochs": epochs, "rate": rate},
        "generations": 2,
        "arms": arms,
    }


def few_cells(humans: int, arms: Sequence[str]) -> dict[str, Any]:
    """The same of BCCD: 7500 pictures seen by generation 0, 1800 by each after it."""
    return BCCD | {
        "model": BCCD["model"] | BY_STEP,
        "humans": humans,
        "images": 300,
        "first": {"epochs": 7500 // humans, "rate": 0.003},
        "then": {"epochs": 6, "rate": 0.002},
        "generations": 2,
        "arms": arms,
    }


def choice(loop: dict[str, Any], generations: int) -> dict[str, Any]:
    """The same on the scenes and the seed on which settings are chosen."""
    chosen = {"human": "choice/people", "test": "choice/test", "seeds": [100]}
    return loop | chosen | {"generations": generations}


def grown(epochs: int, arms: Sequence[str]) -> dict[str, Any]:
    """Shapes, with a generation 0 that was trained for longer."""
    return SHAPES | {"first": {"epochs": epochs, "rate": 0.005}, "arms": arms}


IDEAS = ["DCKT", "DCKKT", "JCKT"]
BOTH = ["JCKT", "DCKT"]
BALANCED = ["JCKT-balanced", "Z0K-balanced"]
GATED = ["replace-gated", "DCKT50-gated"]

LOOPS: dict[str, dict[str, Any]] = {
    "shapes": SHAPES | {"arms": CORE},
    "bccd": BCCD | {"arms": CORE},
    "once-30": choice(few(30, IDEAS, 1), 4),
    "slowly-30": choice(few(30, IDEAS, 1, 0.0015), 4) | {"seeds": [101]},
    "thrice-30": choice(few(30, [*BOTH, "JCKT-balanced"]), 2) | {"seeds": [100, 101]},
    "choose": choice(SHAPES | {"arms": ["DCKT", "DCKT50", "DCKT-from-first"]}, 3),
    "grown-60": choice(grown(60, []), 3),
    "grown": grown(60, ["replace", "DCKT50"]),
    "few-30": few(30, BALANCED),
    "few-50": few(50, BALANCED),
    "few-100": few(100, BALANCED),
    "cells-30": few_cells(30, ["DCKT-balanced", *BALANCED]),
    "cells-50": few_cells(50, ["DCKT-balanced", *BALANCED]),
    "few-1500": few(1500, ["Z0K-balanced"]),  # as if people labelled what models label
    "cells-280": few_cells(280, ["Z0K-balanced"]),
    "gate": SHAPES | {"arms": GATED, "anchor": "anchor/test", "seeds": [0, 1]},
    "ten": SHAPES | {"arms": ["DCKT50"], "generations": 10},
    "ten-bccd": BCCD | {"arms": ["DCKT50"], "generations": 10, "seeds": [0, 1, 2]},
    "wrong-prior": SHAPES
    | {"arms": ["DCK", "DCK-anchored"], "pool": "odd/pool", "anchor": "anchor/test"}
    | {"generations": 3},
}


def main() -> None:
    asked = _parsed()
    if asked.action == "run":
        prepare(asked.work)
        for name in asked.names or LOOPS:
            run(asked.work, name, asked.seeds)
    else:
        prepare(asked.work)
        yolo_collapse_page.write(cache(lambda name: finished(asked.work, name)))


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("action", choices=["run", "report"])
    parser.add_argument("work", type=Path)
    parser.add_argument("names", nargs="*", choices=[[], *LOOPS], metavar="NAME")
    parser.add_argument("--seeds", type=int, nargs="*", help="some of them")
    return parser.parse_args()


def run(work: Path, name: str, seeds: Sequence[int] | None) -> list[closed_loop.Step]:
    """One loop: every seed, and for each every arm; controls are always among them."""
    values = LOOPS[name] if seeds is None else LOOPS[name] | {"seeds": seeds}
    loop = closed_loop.parse(values, work)
    return closed_loop.run(loop, work / "generations", _said)


def finished(work: Path, name: str) -> Results:
    """What is there of a loop."""
    loop = closed_loop.parse(LOOPS[name], work)
    return Results(loop, closed_loop.finished(loop, work / "generations"))


def _said(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {time.process_time():.0f} CPU s: {what}", flush=True)


def prepare(work: Path) -> None:
    """Pictures, and a base that has seen none of the classes."""
    for name, wanted in {
        "foreign": "--people 700 --test 16 --seed 90 --foreign",
        "shapes": "--people 1800 --test 300 --seed 0",
        "choice": "--people 1800 --test 300 --seed 1000",
        "anchor": "--people 0 --test 100 --seed 50",
        "odd": "--people 0 --pool 900 --seed 60 --shares .44 .35 .2 .01",
    }.items():
        if not (work / name).is_dir():
            _shapes(work / name, wanted.split())
    if (DATA / "bccd").is_dir() and not (work / "bccd").is_dir():
        _cells(work / "bccd")
    base = work / "base.pt"
    if not base.is_file():
        model = closed_loop.parse(SHAPES | {"arms": []}, work).detector()
        start = ROOT / "examples" / "shapes-detector.yaml"
        model.train(start, work / "foreign" / "data.yaml", base, epochs=24, rate=0.005, seed=0)


def _shapes(out: Path, arguments: Sequence[str]) -> None:
    sys.path.insert(0, str(ROOT / "examples"))
    import shapes

    part = out.with_name(f".{out.name}.part")
    shapes.main(["--out", str(part), *arguments])
    part.rename(out)


def _cells(out: Path) -> None:
    """Blood cells at 192 x 144 pixels; 84 pictures drawn by a fixed number are the test."""
    from PIL import Image

    part = out.with_name(f".{out.name}.part")
    names = sorted(path.stem for path in (DATA / "bccd" / "images").glob("*.jpg"))
    order = np.random.default_rng(0).permutation(len(names))
    for at, number in enumerate(order):
        folder = part / ("test" if at < 84 else "people")
        for kind in ("images", "labels"):
            (folder / kind).mkdir(parents=True, exist_ok=True)
        name = names[number]
        with Image.open(DATA / "bccd" / "images" / f"{name}.jpg") as image:
            small = image.convert("RGB").resize((192, 144), Image.Resampling.BILINEAR)
            small.save(folder / "images" / f"{name}.png")
        text = (DATA / "bccd" / "labels" / f"{name}.txt").read_text("utf-8")
        (folder / "labels" / f"{name}.txt").write_text(text, encoding="utf-8")
    classes = (DATA / "bccd" / "classes.txt").read_text("utf-8").split()
    named = "".join(f"  {at}: {name}\n" for at, name in enumerate(classes))
    for folder in ("test", "people"):
        (part / folder / "data.yaml").write_text(f"train: images\nnames:\n{named}", "utf-8")
    part.rename(out)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "tests"))
    import torchvision_shim

    torchvision_shim.ultralytics(Path(sys.argv[2], "ultralytics"))
    main()
