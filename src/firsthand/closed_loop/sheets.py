"""Pictures side by side: what people labelled, what each generation labels, and what it misses.

One HTML file that needs nothing else: the test pictures that hold the most of what generation 0
finds and the last one does not, then those of a model's training set, as it was labelled.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

import numpy as np

from firsthand.closed_loop.chain import Chain, Step, pictures
from firsthand.closed_loop.items import Box, Item
from firsthand.closed_loop.pictures import Picture, load
from firsthand.closed_loop.pixels import drawn
from firsthand.closed_loop.results import Results
from firsthand.detections.scoring import Scored
from firsthand.types import BoolArray

MOST = 24  # rows of each kind
CONFIDENCE = 0.25
STYLE = """
:root { color-scheme: light dark; }
body { font: 14px/1.5 system-ui, sans-serif; margin: 2rem; max-width: 70rem; }
.row { display: flex; gap: 1rem; margin: .5rem 0; }
figure { margin: 0; } figcaption { font-size: 12px; }
svg { width: 14rem; height: auto; } image { image-rendering: pixelated; }
rect { fill: none; stroke-width: 1.5; vector-effect: non-scaling-stroke; }
.found { stroke: #1a9850; } .missed { stroke: #d73027; stroke-dasharray: 4 2; }
.false { stroke: #7b3294; stroke-dasharray: 1 2; } .human { stroke: #2166ac; }
.covered { stroke: #999; }
"""
LEGEND = (
    "Blue: labelled by people. Green: found, or labelled by the model. Red, dashed: "
    "missed. Purple, dotted: false. Grey: painted over."
)

Marked = tuple[Box, str, str]  # box, kind of mark, what is said of it


def write(results: Results, folder: Path) -> None:
    """A sheet of each arm and seed that has more than generation 0."""
    folder.mkdir(parents=True, exist_ok=True)
    for arm in results.arms:
        for seed in results.seeds(arm, 1):
            path = folder / f"{arm}-{seed}.html"
            path.write_text(sheet(results, arm, seed), encoding="utf-8")


def sheet(results: Results, arm: str, seed: int) -> str:
    """The last generation of an arm and seed beside generation 0, as HTML."""
    steps = [step for step in results.steps if (step.arm.name, step.seed) == (arm, seed)]
    body = [*_test_rows(results, steps), *_label_rows(results, steps)]
    title = f"{arm}, seed {seed}: generation 0 and {steps[-1].number}"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style><h1>{escape(title)}</h1><p>{LEGEND} At confidence "
        f"{CONFIDENCE:g}.</p>{''.join(body)}</html>\n"
    )


def _test_rows(results: Results, steps: Sequence[Step]) -> Iterator[str]:
    """Test pictures, those first on which the most is lost."""
    test = pictures(results.loop.test, True)
    before, after = (
        results.scored[step.arm.name, step.seed, step.number] for step in (steps[0], steps[-1])
    )
    lost = _hit(before).astype(int) - _hit(after)
    each = np.bincount(after.human.image, lost, minlength=len(test))
    yield "<h2>Test pictures, most lost first</h2>"
    for at in np.argsort(-each, kind="stable")[:MOST]:
        canvas = load(test.paths[at])
        shown = [
            _figure(canvas, _marks(one, int(at)), f"generation {step.number}")
            for one, step in ((before, steps[0]), (after, steps[-1]))
        ]
        yield f'<div class="row">{"".join(shown)}</div>'


def _hit(scored: Scored) -> BoolArray:
    """Which human objects are found, (objects,)."""
    finder = scored.matching.found
    return (finder >= 0) & (np.append(scored.found.confidence, 0)[finder] >= CONFIDENCE)


def _marks(scored: Scored, image: int) -> Iterator[Marked]:
    names, hit = scored.cells.classes, _hit(scored)
    for row in np.flatnonzero(scored.human.image == image):
        kind = "found" if hit[row] else "missed"
        yield _box(scored.human.xywh[row]), kind, names[scored.human.label[row]]
    sure = (scored.found.image == image) & (scored.found.confidence >= CONFIDENCE)
    for row in np.flatnonzero(sure & ~scored.right):
        said = f"{names[scored.found.label[row]]} {scored.found.confidence[row]:.2f}"
        yield _box(scored.found.xywh[row]), "false", said


def _label_rows(results: Results, steps: Sequence[Step]) -> Iterator[str]:
    """What was labelled for training, beside what people would have labelled there."""
    ground = Chain.of(results.loop, steps[0].seed).ground
    place = {str(path): at for at, path in enumerate(ground.pool.paths)}
    made = [item for item in steps[-1].generation.items() if item.source in place][:MOST]
    if made:
        yield "<h2>Training pictures as the model labelled them, and as people would have</h2>"
    names, truth = ground.cells.classes, ground.pool.objects
    for item in made:
        rows = np.flatnonzero(truth.image == place[item.source])
        human = [(_box(truth.xywh[row]), "human", names[truth.label[row]]) for row in rows]
        shown = _figure(drawn(item), _labelled(item, names), "trained on")
        shown += _figure(load(ground.pool.paths[place[item.source]]), human, "people")
        yield f'<div class="row">{shown}</div>'


def _labelled(item: Item, names: Sequence[str]) -> Iterator[Marked]:
    by_hand = len(item.labels) - len(item.pasted)
    for at, (kind, box) in enumerate(item.labels):
        yield box, "found" if at < by_hand else "human", names[kind]
    for box in item.covered:
        yield box, "covered", "painted over"


def _box(row: np.ndarray) -> Box:
    x, y, wide, high = row.tolist()
    return x, y, wide, high


def _figure(canvas: Picture, marks: Iterator[Marked] | list[Marked], caption: str) -> str:
    from PIL import Image

    tall, broad = canvas.shape[:2]
    held = io.BytesIO()
    Image.fromarray(canvas).save(held, "PNG")
    data = base64.b64encode(held.getvalue()).decode()
    boxes = "".join(
        f'<rect class="{kind}" x="{(x - w / 2) * broad:.1f}" y="{(y - h / 2) * tall:.1f}" '
        f'width="{w * broad:.1f}" height="{h * tall:.1f}"><title>{escape(said)}</title></rect>'
        for (x, y, w, h), kind, said in marks
    )
    return (
        f'<figure><svg viewBox="0 0 {broad} {tall}" role="img" aria-label="{escape(caption)}">'
        f'<image href="data:image/png;base64,{data}" width="{broad}" height="{tall}"/>{boxes}</svg>'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )
