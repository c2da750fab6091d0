"""What would one say that an image shows? The picture tower of a CLIP model, projected.

Points lie in the space that CLIP shares with text, so that pictures of one thing are near each
other, however they are taken. Needs `firsthand[hf]` and a model: `clip=PATH` or `clip=NAME`.
"""

from __future__ import annotations

from typing import Any

from firsthand.contracts import Embedder
from firsthand.embedding import IMAGES, needs_model, towers


def open_model(model: str) -> Embedder:
    """The embedder of one CLIP model, by folder or hub name."""
    return towers.opened(component, model, KIND)


def point(model: Any, pixels: Any) -> Any:
    """(b, d) image embeddings of (b, 3, h, w) pictures."""
    return model.visual_projection(model.vision_model(pixel_values=pixels).pooler_output)


KIND = towers.Kind(
    frozenset({"clip"}),
    "CLIPModel",
    "projection_dim",
    point,
)

component = Embedder(
    name="clip",
    version="1",
    question="What would one say that an image shows, after a CLIP model?",
    dimensions=0,
    tasks=IMAGES,
    embed=needs_model("clip"),
    open=open_model,
)
