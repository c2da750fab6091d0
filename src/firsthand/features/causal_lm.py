"""How likely does a language model find a text? The sum of its log chances, and how many they are.

A causal language model reads each text in windows that overlap by half, so that every token but a
text's first has at least half a window before it. What it gives is no place in a space but what
`model_perplexity` needs of each text. Needs `firsthand[hf]` and a model: `causal_lm=PATH` or
`causal_lm=NAME`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from firsthand.contracts import Embedder
from firsthand.embedding import needs_model, remembering, torched, transformer, weights
from firsthand.types import Dataset

FEATURE = "the embedder causal_lm"
LONGEST = 1024  # tokens, where the model does not say
SAID = ("max_position_embeddings", "n_positions", "n_ctx")  # where it does

Floats = NDArray[np.float32]


class Window(NamedTuple):
    """Some tokens of a text, of which the first are only read."""

    tokens: NDArray[np.int64]
    read: int


def open_model(model: str) -> Embedder:
    """The embedder of one language model, by folder or hub name."""
    found = weights.find(model, transformer.TRANSFORMERS.extra)
    config = weights.settings(found.folder, "config.json")
    one = torched.described(component, found, transformer.TRANSFORMERS, component.dimensions)
    longest = next((int(config[name]) for name in SAID if config.get(name)), LONGEST)

    @cache
    def reader() -> Callable[[str], Floats]:
        return _reader(found, longest)

    def embed(dataset: Dataset) -> tuple[Floats, NDArray[np.int64]]:
        texts = [(at, each.text) for at, each in enumerate(dataset.samples) if each.text]
        points = [reader()(text) for _, text in texts]
        kept = [row for row, point in enumerate(points) if point[1] > 0]
        out = np.array([points[row] for row in kept], np.float32).reshape(-1, 2)
        return out, np.array([texts[row][0] for row in kept], np.int64)

    return remembering(replace(one, embed=embed))


def _reader(found: weights.Weights, longest: int) -> Callable[[str], Floats]:
    model = transformer.load(found, "AutoModelForCausalLM", FEATURE)
    tokenizer = transformer.tokenizer(found, FEATURE, padded=False)
    ask = torched.asked(model, _sums)
    begin = [] if tokenizer.bos_token_id is None else [tokenizer.bos_token_id]

    def read(text: str) -> Floats:
        tokens = np.array(begin + tokenizer(text, add_special_tokens=False)["input_ids"], np.int64)
        sums = [
            ask({"tokens": each.tokens[None], "read": np.array([each.read])})[0]
            for each in windows(tokens, longest)
        ]
        return np.asarray(np.sum([np.zeros(2, np.float32), *sums], axis=0), np.float32)

    return read


def windows(tokens: NDArray[np.int64], longest: int) -> Iterator[Window]:
    """Parts that overlap by half, in which each token but the first is asked about once.

    >>> [(each.tokens.tolist(), each.read) for each in windows(np.arange(7), 4)]
    [([0, 1, 2, 3], 1), ([2, 3, 4, 5], 2), ([4, 5, 6], 2)]
    """
    asked = 1
    while asked < len(tokens):
        start = 0 if asked == 1 else asked - max(longest // 2, 1)
        end = min(start + longest, len(tokens))
        yield Window(tokens[start:end], asked - start)
        asked = end


def _sums(model: Any, given: Any) -> Any:
    """(1, 2) sum of the log chances of the tokens asked about, and how many they are."""
    read, tokens = int(given["read"][0]), given["tokens"]
    logits = model(input_ids=tokens).logits[:, read - 1 : -1].double()
    chances = logits.log_softmax(-1).gather(-1, tokens[:, read:, None])
    return chances.new_tensor([[chances.sum(), chances.numel()]])


component = Embedder(
    name="causal_lm",
    version="1",
    question="How likely does a language model find a text?",
    dimensions=2,
    tasks=frozenset({"text"}),
    embed=needs_model("causal_lm"),
    open=open_model,
)
