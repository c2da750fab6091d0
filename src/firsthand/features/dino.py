"""Which things and textures does an image show, without words? The class token of a DINO model.

Works with every vision transformer that keeps its class token first: DINO, DINOv2 (with or without
registers), DINOv3, ViT. Needs `firsthand[hf]` and a model: `dino=PATH` or `dino=NAME`.
"""

from __future__ import annotations

from typing import Any

from firsthand.contracts import Embedder
from firsthand.embedding import IMAGES, needs_model, towers


def open_model(model: str) -> Embedder:
    """The embedder of one vision transformer, by folder or hub name."""
    return towers.opened(component, model, KIND)


def point(model: Any, pixels: Any) -> Any:
    """(b, d) class tokens, after the last normalisation, of (b, 3, h, w) pictures."""
    return model(pixel_values=pixels).last_hidden_state[:, 0]


KIND = towers.Kind(
    frozenset({"dinov2", "dinov2_with_registers", "dinov3_vit", "vit", "deit"}),
    "AutoModel",
    "hidden_size",
    point,
)

component = Embedder(
    name="dino",
    version="1",
    question="Which things and textures does an image show, after a DINO model?",
    dimensions=0,
    tasks=IMAGES,
    embed=needs_model("dino"),
    open=open_model,
)
