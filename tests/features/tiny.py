"""Tiny models with random weights, saved as their libraries save them, and images to show them."""

from __future__ import annotations

import hashlib
import importlib
import sys
import warnings
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from firsthand.types import Dataset, Sample

SIDE = 32
KEPT_ALIVE = []


def installed(name: str) -> ModuleType:
    """A package of an extra, or the test is left out; what it warns of on import is not ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if name in {"timm", "transformers"}:
            installed("torch")
            _torchvision()
        return pytest.importorskip(name)


def _torchvision() -> None:
    """Load torchvision also where its compiled half was built for another torch.

    It then says that an operator does not exist. None of ours uses one, so it is declared empty.
    """
    try:
        importlib.import_module("torchvision")
    except ModuleNotFoundError:
        return
    except RuntimeError:
        for name in [each for each in sys.modules if each.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        library = sys.modules["torch"].library.Library("torchvision", "DEF")
        library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        KEPT_ALIVE.append(library)
        importlib.import_module("torchvision.extension")._has_ops = lambda: True


def save_images(folder: Path, rng: np.random.Generator) -> Dataset:
    """Six pictures of different sizes and shapes, and a file that is none."""
    folder.mkdir()
    for at, size in enumerate([(40, 40), (64, 32), (32, 70), (20, 20), (33, 50), (200, 90)]):
        Image.fromarray(rng.integers(0, 256, (*size, 3), dtype=np.uint8)).save(folder / f"{at}.png")
    (folder / "6.png").write_bytes(b"no image")
    samples = tuple(
        Sample(file.name, hashlib.sha256(file.read_bytes()).digest(), path=file.name)
        for file in sorted(folder.iterdir())
    )
    return Dataset("made", "classify", (), samples, root=str(folder))


SMALL = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
}


def _clip(folder: Path) -> None:
    transformers = installed("transformers")
    installed("torch").manual_seed(1)
    text = {**SMALL, "vocab_size": 50, "max_position_embeddings": 8}
    vision = {**SMALL, "image_size": SIDE, "patch_size": 8}
    config = transformers.CLIPConfig(text_config=text, vision_config=vision, projection_dim=12)
    transformers.CLIPModel(config).save_pretrained(folder)
    size = {"height": SIDE, "width": SIDE}
    prepare = {"size": {"shortest_edge": SIDE}, "crop_size": size}
    transformers.CLIPImageProcessor(**prepare).save_pretrained(folder)


def _dino(folder: Path) -> None:
    transformers = installed("transformers")
    installed("torch").manual_seed(2)
    small = {**SMALL, "image_size": 28, "patch_size": 14}
    transformers.Dinov2Model(transformers.Dinov2Config(**small)).save_pretrained(folder)
    crop = {"height": 28, "width": 28}
    prepare = {"size": {"shortest_edge": 36}, "crop_size": crop}
    transformers.BitImageProcessor(**prepare).save_pretrained(folder)


def _sentence(folder: Path) -> None:
    transformers = installed("transformers")
    installed("torch").manual_seed(3)
    folder.mkdir()
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "cat", "sat", "on", "a", "mat"]
    (folder / "vocab.txt").write_text("\n".join(words))
    transformers.BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    small = {**SMALL, "vocab_size": len(words), "max_position_embeddings": 16}
    transformers.BertModel(transformers.BertConfig(**small)).save_pretrained(folder)


def _causal_lm(folder: Path) -> None:
    transformers = installed("transformers")
    tokenizers = installed("tokenizers")
    installed("torch").manual_seed(5)
    words = ["<s>", "<unk>", "the", "cat", "sat", "on", "a", "mat"]
    level = tokenizers.models.WordLevel({word: at for at, word in enumerate(words)}, "<unk>")
    cut = tokenizers.Tokenizer(level)
    cut.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    named = {"bos_token": "<s>", "unk_token": "<unk>"}
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=cut, **named)
    fast.save_pretrained(folder)
    small = {"n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 16, "vocab_size": len(words)}
    special = {"bos_token_id": 0, "eos_token_id": 0}
    transformers.GPT2LMHeadModel(transformers.GPT2Config(**small, **special)).save_pretrained(
        folder
    )


def _timm(folder: Path) -> None:
    timm = installed("timm")
    installed("torch").manual_seed(4)
    model = timm.create_model("resnet10t", pretrained=False)
    timm.models.save_for_hf(model, str(folder), safe_serialization=True)


SAVERS = {
    "causal_lm": _causal_lm,
    "clip": _clip,
    "dino": _dino,
    "sentence": _sentence,
    "timm": _timm,
}
