"""A language model's log chances: against the model asked by hand, in windows and without any."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tiny import installed

from firsthand import registry
from firsthand.contracts import Embedder
from firsthand.errors import InputError
from firsthand.features.causal_lm import windows
from firsthand.types import Dataset, Sample

TEXTS = ("the cat sat on the mat", "a dog", "", "the cat " * 30, "mat")


def texts(*said: str | None) -> Dataset:
    samples = [Sample(str(at), bytes([at] * 32), text=text) for at, text in enumerate(said)]
    return Dataset("texts", "text", (), tuple(samples))


def opened(folder: Path) -> Embedder:
    installed("transformers")
    found: Embedder = registry.load("features", "causal_lm").open(str(folder))
    return found


def by_hand(folder: Path, tokens: list[int]) -> float:
    """The sum over all tokens but the first, each after at most the last 15 before it."""
    torch = installed("torch")
    model = installed("transformers").GPT2LMHeadModel.from_pretrained(folder).eval()
    with torch.inference_mode():
        logits = model(input_ids=torch.tensor([tokens])).logits[0, :-1].double()
    return float(logits.log_softmax(-1)[range(len(tokens) - 1), tokens[1:]].sum())


def test_log_chances_are_those_of_the_model(models: Callable[[str], Path]) -> None:
    folder = models("causal_lm")
    points, at = opened(folder).embed(texts(*TEXTS, None))
    assert at.tolist() == [0, 1, 3, 4]
    assert points[:, 1].tolist() == [6, 2, 60, 1]
    assert points[0, 0] == pytest.approx(by_hand(folder, [0, 2, 3, 4, 5, 2, 7]), rel=1e-5)
    assert points[1, 0] == pytest.approx(by_hand(folder, [0, 6, 1]), rel=1e-5)


def test_long_texts_are_read_in_windows(models: Callable[[str], Path]) -> None:
    folder = models("causal_lm")
    points, _ = opened(folder).embed(texts("the cat " * 12))
    tokens = [0, *[2, 3] * 12]
    first = by_hand(folder, tokens[:16])
    rest = by_hand(folder, tokens[8:24]) - by_hand(folder, tokens[8:16])
    last = by_hand(folder, tokens[16:25]) - by_hand(folder, tokens[16:24])
    assert points[0, 0] == pytest.approx(first + rest + last, rel=1e-5)


@pytest.mark.parametrize("size", [0, 1, 2, 15, 16, 17, 24, 25, 100])
@pytest.mark.parametrize("longest", [1, 2, 7, 16])
def test_every_token_but_the_first_is_asked_about_once(size: int, longest: int) -> None:
    tokens = np.arange(size)
    asked = [
        token for each in windows(tokens, max(longest, 2)) for token in each.tokens[each.read :]
    ]
    assert asked == list(range(1, size))
    assert all(len(each.tokens) <= max(longest, 2) for each in windows(tokens, max(longest, 2)))


def test_the_same_texts_are_not_read_twice(
    models: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = opened(models("causal_lm"))
    before, _ = one.embed(texts(*TEXTS))
    monkeypatch.setattr("firsthand.features.causal_lm._reader", None)
    again, _ = opened(models("causal_lm")).embed(texts(*TEXTS))
    np.testing.assert_array_equal(before, again)


def test_a_model_has_to_be_named() -> None:
    with pytest.raises(InputError, match="causal_lm=PATH"):
        registry.load("features", "causal_lm").embed(texts("a"))
