"""Small pictures of shapes for detectors: a rare class, and many objects of a few pixels.

    python examples/shapes.py --out shapes --people 300 --pool 1200 --test 400 --seed 0

writes three YOLO data sets, `shapes/people`, `shapes/pool` and `shapes/test`, and a `data.yaml`
that trains on the first and validates on the last. Four classes have the
shares .40, .35, .20 and .05; the last, stars, is the rare one. 42 % of the objects are smaller than
12 pixels, which is `SMALL`. The test set is rich in stars (25 %), so that their recall can be told.
With `--foreign` the shapes are of six other kinds: a base that learnt from those has seen pictures
of this sort and none of the four classes.

The same arguments write the same files, byte for byte, on any machine with the same NumPy and
Pillow; other seeds write other pictures.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray
from PIL import Image

SIDE = 96  # pixels
SMALL = 12  # pixels: the side of a square of the area that is called small
RADII = (3.0, 18.0)  # log-uniform
OBJECTS = (1, 6)  # an image, all equally often
FINER = 4  # each pixel is so many across and down before it is averaged
CONTRAST = (40, 110)  # grey levels between an object and what is behind it
NOISE = 6.0
TRIES = 30
APART = 0.1  # the largest intersection over union of two objects of an image

TARGETS = ("circle", "square", "triangle", "star")
FOREIGN = ("ellipse", "hexagon", "plus", "ring", "bar", "pie")
NATURAL = (0.40, 0.35, 0.20, 0.05)
RARE_RICH = (0.30, 0.25, 0.20, 0.25)

Floats = NDArray[np.float64]


def main(arguments: Sequence[str] | None = None) -> None:
    asked = _parsed(arguments)
    parts = {"people": asked.people, "pool": asked.pool, "test": asked.test}
    names = FOREIGN if asked.foreign else TARGETS
    for number, (part, images) in enumerate(parts.items()):
        if images:
            shares = RARE_RICH if part == "test" else (*asked.shares,)
            rng = np.random.default_rng([asked.seed, number])
            write(asked.out / part, images, rng, None if asked.foreign else shares)
            _describe(asked.out / part, {"train": "images"}, names)
    _describe(asked.out, {"train": "people/images", "val": "test/images"}, names)


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--people", type=int, default=300, help="images, labelled")
    parser.add_argument("--pool", type=int, default=0, help="images for a model to label")
    parser.add_argument("--test", type=int, default=0, help="images, rich in the rare class")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--foreign", action="store_true", help="six other kinds of shapes")
    parser.add_argument("--shares", type=float, nargs=4, default=NATURAL, help="of the classes")
    return parser.parse_args(arguments)


def write(out: Path, images: int, rng: np.random.Generator, shares: Sequence[float] | None) -> None:
    """Pictures and label files; without shares of foreign shapes, each kind equally often."""
    names = FOREIGN if shares is None else TARGETS
    weights = np.full(len(FOREIGN), 1 / len(FOREIGN)) if shares is None else np.array(shares)
    (out / "images").mkdir(parents=True, exist_ok=True)
    (out / "labels").mkdir(exist_ok=True)
    for number in range(images):
        pixels, rows = scene(rng, names, weights / weights.sum())
        Image.fromarray(pixels).save(out / "images" / f"{number:05d}.png")
        text = "".join(f"{kind} {x:.6f} {y:.6f} {w:.6f} {h:.6f}\n" for kind, x, y, w, h in rows)
        (out / "labels" / f"{number:05d}.txt").write_text(text, encoding="utf-8")


def _describe(out: Path, splits: dict[str, str], names: Sequence[str]) -> None:
    told = {**splits, "names": dict(enumerate(names))}
    (out / "data.yaml").write_text(yaml.safe_dump(told, sort_keys=False), encoding="utf-8")


def scene(
    rng: np.random.Generator, names: Sequence[str], weights: Floats
) -> tuple[NDArray[np.uint8], list[tuple[int, float, float, float, float]]]:
    """One picture, and its rows: class, centre, width and height as shares of the side."""
    canvas = _background(rng)
    placed: list[tuple[int, Floats]] = []
    for _ in range(rng.integers(OBJECTS[0], OBJECTS[1] + 1)):
        kind = int(rng.choice(len(names), p=weights))
        for _ in range(TRIES):
            outlines = _moved(rng, outline(names[kind], rng))
            box = _box(outlines)
            if all(_overlap(box, other) <= APART for _, other in placed):
                _paint(canvas, outlines, rng)
                placed.append((kind, box))
                break
    canvas += rng.normal(0, NOISE, canvas.shape)
    rows = [(kind, *_row(box)) for kind, box in placed]
    return np.clip(np.round(canvas), 0, 255).astype(np.uint8), rows


def outline(name: str, rng: np.random.Generator) -> list[Floats]:
    """Polygons about the origin, of radius 1; what is inside an odd number of them is filled."""
    if name in ("square", "triangle", "hexagon"):
        return [_regular({"square": 4, "triangle": 3, "hexagon": 6}[name])]
    if name == "star":
        return [_regular(10) * np.tile([[1.0], [0.42]], (5, 1))]
    if name == "ring":
        return [_regular(24), _regular(24) * 0.55]
    if name == "pie":
        angles = np.linspace(0, 1.4 * np.pi, 20)
        return [np.vstack([np.zeros(2), np.column_stack([np.cos(angles), np.sin(angles)])])]
    if name == "plus":
        arm = np.array([[1, 0.3], [0.3, 0.3], [0.3, 1]])
        turns = [np.array([[c, -s], [s, c]]) for c, s in ((1, 0), (0, 1), (-1, 0), (0, -1))]
        return [np.vstack([arm @ turn.T for turn in turns])]
    flat = {"circle": 1.0, "ellipse": rng.uniform(0.4, 0.65), "bar": 0.25}[name]
    corners = _regular(4) @ _turn(np.pi / 4) if name == "bar" else _regular(24)
    return [corners * [1.0, flat]]


def _regular(corners: int) -> Floats:
    angles = 2 * np.pi * np.arange(corners) / corners
    return np.column_stack([np.cos(angles), np.sin(angles)])


def _turn(angle: float) -> Floats:
    return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])


def _moved(rng: np.random.Generator, outlines: list[Floats]) -> list[Floats]:
    """Turned, grown to a radius, and put where all of it is in the picture."""
    radius = float(np.exp(rng.uniform(*np.log(RADII))))
    turn = _turn(rng.uniform(0, 2 * np.pi)) * radius
    turned = [points @ turn for points in outlines]
    reach = np.abs(np.vstack(turned)).max(axis=0) + 1
    centre = rng.uniform(reach, SIDE - reach)
    return [points + centre for points in turned]


def _box(outlines: list[Floats]) -> Floats:
    points = np.vstack(outlines)
    return np.concatenate([points.min(axis=0), points.max(axis=0)])


def _row(box: Floats) -> tuple[float, float, float, float]:
    x, y = (box[:2] + box[2:]) / 2 / SIDE
    wide, high = (box[2:] - box[:2]) / SIDE
    return float(x), float(y), float(wide), float(high)


def _overlap(one: Floats, other: Floats) -> float:
    inside = np.clip(np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2]), 0, None)
    common = float(inside.prod())
    return common / float((one[2:] - one[:2]).prod() + (other[2:] - other[:2]).prod() - common)


def _background(rng: np.random.Generator) -> Floats:
    """A colour that changes slowly across the picture."""
    coarse = rng.uniform(60, 190, 3) + rng.normal(0, 18, (4, 4, 3))
    at = np.linspace(0, 3, SIDE)
    low = np.minimum(at.astype(int), 2)
    part = at - low
    rows = coarse[low] * (1 - part)[:, None, None] + coarse[low + 1] * part[:, None, None]
    return np.asarray(
        rows[:, low] * (1 - part)[None, :, None] + rows[:, low + 1] * part[None, :, None]
    )


def _paint(canvas: Floats, outlines: list[Floats], rng: np.random.Generator) -> None:
    """Blend a colour in, by the share of each pixel that is inside."""
    box = _box(outlines)
    left, top = np.floor(box[:2]).astype(int)
    right, bottom = np.ceil(box[2:]).astype(int)
    fine = (np.arange(FINER) + 0.5) / FINER
    x = (np.arange(left, right)[:, None] + fine).ravel()
    y = (np.arange(top, bottom)[:, None] + fine).ravel()
    filled = np.logical_xor.reduce([_inside(x[None], y[:, None], points) for points in outlines])
    share = filled.reshape(bottom - top, FINER, right - left, FINER).mean(axis=(1, 3))[..., None]
    behind = canvas[top:bottom, left:right]
    away = rng.uniform(*CONTRAST) * rng.choice([-1, 1]) + rng.normal(0, 18, 3)
    behind += share * away


def _inside(x: Floats, y: Floats, polygon: Floats) -> NDArray[np.bool_]:
    """Whether points are in a polygon: a ray to the right crosses an odd number of edges."""
    odd = np.zeros(np.broadcast_shapes(x.shape, y.shape), dtype=bool)
    for (ax, ay), (bx, by) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        if ay != by:
            odd ^= ((ay > y) != (by > y)) & (x < (bx - ax) * (y - ay) / (by - ay) + ax)
    return odd


if __name__ == "__main__":
    main()
