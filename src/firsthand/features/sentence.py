"""What is a text about? A sentence encoder: the mean of a transformer's last states.

How the states of the words become one point is read from the model's own folder, as the
sentence-transformers library writes it; the mean over words where nothing is said. Needs
`firsthand[hf]` and a model: `sentence=PATH` or `sentence=NAME`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from firsthand.contracts import Embedder
from firsthand.embedding import needs_model, remembering, torched, transformer, weights
from firsthand.errors import InputError
from firsthand.types import Dataset

FEATURE = "the embedder sentence"
BATCH = 32
LONGEST = 512  # tokens, where the model does not say
STEPS = ("Transformer", "Pooling", "Normalize")
FIRST, MEAN = "cls", "mean"
OLD_NAMES = {"pooling_mode_cls_token": FIRST, "pooling_mode_mean_tokens": MEAN}

Floats = NDArray[np.float32]
Encoder = Callable[[list[str]], Floats]


class Pooling(NamedTuple):
    """How the states of a text's tokens become one point."""

    first: bool  # the state of the first token; else the mean of all
    unit: bool  # scaled to length 1
    longest: int  # tokens read of a text


def open_model(model: str) -> Embedder:
    """The embedder of one sentence encoder, by folder or hub name."""
    found = weights.find(model, transformer.TRANSFORMERS.extra)
    config = weights.settings(found.folder, "config.json")
    size = config.get("hidden_size", config.get("dim"))
    one = torched.described(component, found, transformer.TRANSFORMERS, size)
    pooling = pooling_of(found.folder, config)

    @cache
    def encoder() -> Encoder:
        return _encoder(found, pooling)

    def embed(dataset: Dataset) -> tuple[Floats, NDArray[np.int64]]:
        at = [at for at, sample in enumerate(dataset.samples) if sample.text is not None]
        texts = [dataset.samples[index].text or "" for index in at]
        points = np.zeros((len(at), one.dimensions), np.float32)
        order = sorted(range(len(at)), key=lambda row: len(texts[row]))  # little padding
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            points[rows] = encoder()([texts[row] for row in rows])
        return points, np.array(at, np.int64)

    return remembering(replace(one, embed=embed))


def pooling_of(folder: Path, config: dict[str, Any]) -> Pooling:
    """What the sentence-transformers library wrote beside the model; else the mean.

    Raises:
        InputError: it asks for a step that is not known here.
    """
    modules = weights.listed(folder, "modules.json")
    steps = {str(each.get("type")).rpartition(".")[2]: str(each.get("path")) for each in modules}
    said = weights.settings(folder, f"{steps.get('Pooling', '1_Pooling')}/config.json")
    old = [name for name, on in said.items() if name.startswith("pooling_mode_") and on is True]
    mode = said.get("pooling_mode", [OLD_NAMES.get(name, name) for name in old] or MEAN)
    modes = mode if isinstance(mode, list) else [mode]
    strange = [step for step in steps if step not in STEPS]
    if strange or modes not in ([FIRST], [MEAN]):
        raise InputError(
            f"the model makes its points with {', '.join(map(str, strange or modes))}",
            expected="the mean over tokens or the first token, perhaps scaled to length 1",
            where=str(folder),
        )
    longest = weights.settings(folder, "sentence_bert_config.json").get("max_seq_length")
    longest = longest or config.get("max_position_embeddings") or LONGEST
    return Pooling(modes == [FIRST], "Normalize" in steps, int(longest))


def _encoder(found: weights.Weights, pooling: Pooling) -> Encoder:
    ask = torched.asked(
        transformer.load(found, "AutoModel", FEATURE),
        lambda model, given: _pooled(model(**given), given["attention_mask"], pooling),
    )
    tokenizer = transformer.tokenizer(found, FEATURE)
    longest = min(pooling.longest, tokenizer.model_max_length)

    def encode(texts: list[str]) -> Floats:
        made = tokenizer(
            texts, padding=True, truncation=True, max_length=longest, return_tensors="np"
        )
        return ask(dict(made))

    return encode


def _pooled(out: Any, mask: Any, pooling: Pooling) -> Any:
    """(b, d) points from (b, tokens, d) states, padding left out."""
    states = out.last_hidden_state
    inside = mask.unsqueeze(-1).to(states.dtype)
    points = states[:, 0] if pooling.first else (states * inside).sum(1) / inside.sum(1).clamp(1)
    return points / points.norm(dim=1, keepdim=True).clamp(1e-12) if pooling.unit else points


component = Embedder(
    name="sentence",
    version="1",
    question="What is a text about, after a sentence encoder?",
    dimensions=0,
    tasks=frozenset({"text"}),
    embed=needs_model("sentence"),
    open=open_model,
)
