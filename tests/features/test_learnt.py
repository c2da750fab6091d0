"""Embedders that take a model: what they compute, what they refuse, and that nothing is fetched."""

from __future__ import annotations

import hashlib
import importlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tiny import installed

from firsthand import registry
from firsthand.contracts import Embedder
from firsthand.embedding import pictures, torched, weights
from firsthand.errors import InputError, MissingExtra
from firsthand.features import timm as timm_component
from firsthand.types import Dataset, Sample

Models = Callable[[str], Path]
DIMENSIONS = {"clip": 12, "dino": 16, "timm": 512, "sentence": 16}
VISION = ("clip", "dino", "timm")
TEXTS = ("the cat sat on the mat", "a cat", "", "the dog sat on a mat 猫", "the " * 40)


def opened(kind: str, model: Path | str) -> Embedder:
    installed("timm" if kind == "timm" else "transformers")
    found: Embedder = registry.load("features", kind).open(str(model))
    return found


def copied(models: Models, kind: str, to: Path) -> Path:
    return Path(shutil.copytree(models(kind), to))


def change(file: Path, **values: Any) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))


def documents() -> Dataset:
    samples = [Sample(str(at), bytes([at] * 32), text=text) for at, text in enumerate(TEXTS)]
    return Dataset("texts", "text", (), (*samples, Sample("none", bytes([9] * 32))))


def data(kind: str, images: Dataset) -> Dataset:
    return images if kind in VISION else documents()


@pytest.mark.parametrize("kind", VISION)
def test_pictures_become_points_and_what_is_none_is_absent(
    kind: str, models: Models, images: Dataset
) -> None:
    embedder = opened(kind, models(kind))
    assert embedder.open is None
    points, at = embedder.embed(images)
    assert points.shape == (6, DIMENSIONS[kind])
    assert embedder.dimensions == (0 if kind == "timm" else DIMENSIONS[kind])
    assert points.dtype == np.float32
    assert at.tolist() == [0, 1, 2, 3, 4, 5]
    apart = np.linalg.norm(points[:, None] - points[None], axis=2)
    assert (apart[~np.eye(6, dtype=bool)] > 0).all()
    assert np.isfinite(points).all()


def test_texts_become_points_and_what_holds_none_is_absent(models: Models) -> None:
    points, at = opened("sentence", models("sentence")).embed(documents())
    assert points.shape == (len(TEXTS), 16)
    assert at.tolist() == [0, 1, 2, 3, 4]
    assert len(np.unique(points, axis=0)) == len(TEXTS)


def test_clip_points_are_those_of_its_own_processor_and_projection(
    models: Models, images: Dataset
) -> None:
    transformers, torch = installed("transformers"), installed("torch")
    folder = models("clip")
    processor = transformers.CLIPImageProcessor.from_pretrained(folder)
    model = transformers.CLIPModel.from_pretrained(folder).eval()
    shown = [Image.open(Path(images.root) / f"{at}.png") for at in range(6)]
    with torch.inference_mode():
        made = processor(shown, return_tensors="pt")["pixel_values"]
        expected = model.get_image_features(pixel_values=made).pooler_output.numpy()
    # The library resizes with PyTorch, which rounds otherwise than Pillow does.
    np.testing.assert_allclose(opened("clip", folder).embed(images)[0], expected, atol=0.01)


def test_dino_points_are_the_class_token(models: Models, images: Dataset) -> None:
    transformers, torch = installed("transformers"), installed("torch")
    model = transformers.Dinov2Model.from_pretrained(models("dino")).eval()
    recipe = pictures.recipe_of(models("dino"))
    with Image.open(Path(images.root) / "1.png") as picture:
        made = torch.from_numpy(pictures.prepared(picture, recipe))[None]
    with torch.inference_mode():
        expected = model(pixel_values=made).pooler_output.numpy()
    points, _ = opened("dino", models("dino")).embed(images)
    np.testing.assert_allclose(points[1:2], expected, atol=1e-5)


def test_timm_points_are_those_of_its_own_transform(models: Models, images: Dataset) -> None:
    timm, torch = installed("timm"), installed("torch")
    model = timm.create_model(f"local-dir:{models('timm')}", pretrained=True, num_classes=0).eval()
    transform = timm.data.create_transform(**timm.data.resolve_model_data_config(model))
    shown = [Image.open(Path(images.root) / f"{at}.png").convert("RGB") for at in range(6)]
    with torch.inference_mode():
        expected = model(torch.stack([transform(each) for each in shown])).numpy()
    points, _ = opened("timm", models("timm")).embed(images)
    # The cut may lie half a pixel aside where the sides differ by an odd number.
    np.testing.assert_allclose(points, expected, atol=0.05 * np.abs(expected).max())
    np.testing.assert_allclose(points[0], expected[0], atol=1e-4)


def test_a_sentence_is_the_mean_over_its_tokens_whatever_it_shares_a_batch_with(
    models: Models,
) -> None:
    transformers, torch = installed("transformers"), installed("torch")
    folder = models("sentence")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModel.from_pretrained(folder).eval()
    points, _ = opened("sentence", folder).embed(documents())
    for text, point in zip(TEXTS, points, strict=True):
        given = tokenizer([text], truncation=True, max_length=16, return_tensors="pt")
        with torch.inference_mode():
            expected = model(**given).last_hidden_state[0].mean(0).numpy()
        np.testing.assert_allclose(point, expected, atol=1e-5)


POOLINGS = {
    "old names": {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False},
    "new name": {"pooling_mode": "cls"},
}


@pytest.mark.parametrize("written", POOLINGS)
def test_pooling_is_read_from_the_model(written: str, models: Models, tmp_path: Path) -> None:
    folder = copied(models, "sentence", tmp_path / "m")
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(POOLINGS[written]))
    steps = ("Transformer", "Pooling", "Normalize")
    modules = [{"type": f"sentence_transformers.models.{step}", "path": ""} for step in steps]
    modules[1]["path"] = "1_Pooling"
    (folder / "modules.json").write_text(json.dumps(modules))
    points, _ = opened("sentence", folder).embed(documents())
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), 1, atol=1e-5)
    plain, _ = opened("sentence", models("sentence")).embed(documents())
    unit = plain / np.linalg.norm(plain, axis=1, keepdims=True)
    assert np.abs(points - unit).max() > 0.01


STRANGE = {
    "modules.json": [{"type": "sentence_transformers.models.Dense", "path": "2_Dense"}],
    "1_Pooling/config.json": {"pooling_mode": "lasttoken"},
}


@pytest.mark.parametrize("file", STRANGE)
def test_pooling_that_is_not_known_is_refused(file: str, models: Models, tmp_path: Path) -> None:
    folder = copied(models, "sentence", tmp_path / "m")
    (folder / "1_Pooling").mkdir()
    (folder / file).write_text(json.dumps(STRANGE[file]))
    with pytest.raises(InputError, match=r"Dense|lasttoken"):
        opened("sentence", folder)


@pytest.mark.parametrize("kind", DIMENSIONS)
def test_what_was_seen_is_not_computed_again(
    kind: str, models: Models, images: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, at = opened(kind, models(kind)).embed(data(kind, images))
    monkeypatch.setattr(torched, "asked", None)  # no model can be asked any more
    again, places = opened(kind, models(kind)).embed(data(kind, images))
    np.testing.assert_array_equal(first, again)
    assert at.tolist() == places.tolist()
    with pytest.raises(TypeError):
        opened(kind, models(kind)).embed(replace(data(kind, images), samples=(new(kind, images),)))


def new(kind: str, images: Dataset) -> Sample:
    """A sample that was not seen: a text, or the same picture under another name and content."""
    if kind not in VISION:
        return Sample("new", bytes([77] * 32), text="the mat")
    Image.new("RGB", (40, 40)).save(Path(images.root) / "new.png")
    content = (Path(images.root) / "new.png").read_bytes()
    return Sample("new.png", hashlib.sha256(content).digest(), path="new.png")


@pytest.mark.parametrize("kind", DIMENSIONS)
def test_other_weights_are_another_version(kind: str, models: Models, tmp_path: Path) -> None:
    folder = copied(models, kind, tmp_path / "same")
    before = opened(kind, models(kind))
    assert opened(kind, folder).version == before.version
    content = bytearray((folder / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (folder / "model.safetensors").write_bytes(content)
    after = opened(kind, folder)
    assert after.version != before.version
    assert after.name == before.name == kind


def test_a_file_that_changed_since_it_was_read_is_absent(models: Models, images: Dataset) -> None:
    (Path(images.root) / "2.png").write_bytes((Path(images.root) / "3.png").read_bytes())
    assert opened("clip", models("clip")).embed(images)[1].tolist() == [0, 1, 3, 4, 5]


@pytest.mark.parametrize("kind", DIMENSIONS)
def test_damaged_weights_are_refused(
    kind: str, models: Models, images: Dataset, tmp_path: Path
) -> None:
    folder = copied(models, kind, tmp_path / "m")
    (folder / "model.safetensors").write_bytes(b"\x09\0\0\0\0\0\0\0 no weights at all")
    with pytest.raises(InputError, match="cannot be loaded"):
        opened(kind, folder).embed(data(kind, images))


@pytest.mark.parametrize("kind", DIMENSIONS)
def test_missing_weights_are_not_made_up(
    kind: str, models: Models, images: Dataset, tmp_path: Path
) -> None:
    """A library that fills them with random numbers would give points that mean nothing."""
    folder = copied(models, kind, tmp_path / "m")
    numpy = importlib.import_module("safetensors.numpy")
    tensors = numpy.load_file(folder / "model.safetensors")
    gone = min(name for name in tensors if "norm" in name.lower() or "bn1" in name)
    del tensors[gone]
    numpy.save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(InputError, match="cannot be loaded"):
        opened(kind, folder).embed(data(kind, images))


class Trap:
    """Makes a file when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.file,)


@pytest.mark.parametrize("kind", DIMENSIONS)
def test_pickled_weights_run_nothing(
    kind: str, models: Models, images: Dataset, tmp_path: Path
) -> None:
    torch = installed("torch")
    folder = copied(models, kind, tmp_path / "m")
    (folder / "model.safetensors").unlink()
    torch.save({"weights": Trap(tmp_path / "ran")}, folder / "pytorch_model.bin")
    with pytest.raises(InputError, match="cannot be loaded"):
        opened(kind, folder).embed(data(kind, images))
    assert not (tmp_path / "ran").exists()


def test_pickled_weights_that_hold_only_numbers_are_read(
    models: Models, images: Dataset, tmp_path: Path
) -> None:
    torch = installed("torch")
    folder = copied(models, "dino", tmp_path / "m")
    tensors = importlib.import_module("safetensors.torch").load_file(folder / "model.safetensors")
    torch.save(tensors, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    expected, _ = opened("dino", models("dino")).embed(images)
    np.testing.assert_array_equal(opened("dino", folder).embed(images)[0], expected)


def test_code_that_comes_with_a_model_is_not_run(models: Models, tmp_path: Path) -> None:
    folder = copied(models, "dino", tmp_path / "m")
    (folder / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()")
    change(folder / "config.json", auto_map={"AutoModel": "evil.Model", "AutoConfig": "evil.Model"})
    opened("dino", folder)
    change(folder / "config.json", model_type="unheard_of")
    with pytest.raises(InputError, match="no model that dino can use"):
        opened("dino", folder)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(("kind", "other"), [("clip", "dino"), ("dino", "clip"), ("timm", "clip")])
def test_a_model_of_another_kind_is_refused(kind: str, other: str, models: Models) -> None:
    with pytest.raises(InputError, match=f"no model that {kind} can use"):
        opened(kind, models(other))


def test_a_folder_without_weights_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no weights in it"):
        opened("clip", tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"")
    with pytest.raises(InputError, match="it is a file"):
        opened("clip", tmp_path / "model.safetensors")


@pytest.mark.parametrize("content", ["", "[]", "{", "[" * 100_000])
def test_a_config_that_is_none_is_named(content: str, models: Models, tmp_path: Path) -> None:
    folder = copied(models, "clip", tmp_path / "m")
    (folder / "config.json").write_text(content)
    with pytest.raises(InputError, match=r"config\.json"):
        opened("clip", folder)


@pytest.mark.parametrize(
    "changes", [{"image_mean": None}, {"size": {"area": 4}}, {"crop_size": "wide"}]
)
def test_a_recipe_that_is_incomplete_is_named(
    changes: dict[str, Any], models: Models, tmp_path: Path
) -> None:
    folder = copied(models, "clip", tmp_path / "m")
    change(folder / "preprocessor_config.json", **changes)
    with pytest.raises(InputError, match="made ready"):
        opened("clip", folder)


def test_a_name_that_is_no_folder_is_looked_up_on_the_hub(
    models: Models, images: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = pytest.importorskip("huggingface_hub")
    asked = []

    def download(name: str, **_: object) -> str:
        asked.append(name)
        return str(models("timm" if "resnet" in name else "clip"))

    monkeypatch.setattr(hub, "snapshot_download", download)
    expected, _ = opened("clip", models("clip")).embed(images)
    np.testing.assert_array_equal(opened("clip", "org/tiny-clip").embed(images)[0], expected)
    assert opened("timm", "resnet10t").version == opened("timm", models("timm")).version
    assert asked == ["org/tiny-clip", "timm/resnet10t.c3_in1k"]
    with pytest.raises(InputError, match="no weights for a model named 'resnet10t.nonsense'"):
        opened("timm", "resnet10t.nonsense")
    with pytest.raises(InputError, match="no weights for a model named 'nonsense'"):
        opened("timm", "nonsense")


def test_a_hub_that_cannot_be_asked_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = pytest.importorskip("huggingface_hub")

    def refuse(*_: object, **__: object) -> None:
        raise hub.errors.LocalEntryNotFoundError("offline")

    monkeypatch.setattr(hub, "snapshot_download", refuse)
    with pytest.raises(
        InputError, match=r"no folder here, and the hub gave no such model: offline"
    ):
        opened("clip", "org/tiny-clip")


def test_an_absent_extra_is_named_with_its_command(
    models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind in DIMENSIONS:
        models(kind)  # made while the libraries can still be loaded

    def absent(name: str) -> None:
        raise weights.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(weights.metadata, "version", absent)
    for kind in DIMENSIONS:
        extra = "timm" if kind == "timm" else "hf"
        with pytest.raises(MissingExtra, match=rf"pip install 'firsthand\[{extra}\]'"):
            registry.load("features", kind).open(str(models(kind)))


def test_without_a_model_it_says_how_to_give_one(images: Dataset) -> None:
    for kind in DIMENSIONS:
        with pytest.raises(InputError, match=f"{kind}=PATH"):
            registry.load("features", kind).embed(images)


def test_a_package_that_does_not_load_is_not_called_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_one.py").write_text("raise RuntimeError('operator nms does not exist')")
    (tmp_path / "needs_another.py").write_text("import not_here_at_all")
    (tmp_path / "lazy_one.py").write_text(
        "try:\n    import broken_one\nexcept RuntimeError as error:\n"
        "    raise ModuleNotFoundError('could not import lazily') from error\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InputError, match="operator nms does not exist"):
        weights.package("broken_one", "it", "hf")
    with pytest.raises(InputError, match="lazy_one does not load: operator nms does not exist"):
        weights.package("lazy_one", "it", "hf")
    with pytest.raises(MissingExtra, match=r"needs the package not_here_at_all.*\[hf\]"):
        weights.package("needs_another", "it", "hf")


def test_how_timm_squeezes_a_picture() -> None:
    found = {"input_size": [3, 20, 20], "crop_pct": 0.5, "crop_mode": "squash"}
    found |= {"interpolation": "bilinear", "mean": [0, 0, 0], "std": [1, 1, 1]}
    recipe = timm_component.recipe_of(found, Path())
    assert recipe.resize == (40, 40)
    made = pictures.prepared(Image.new("RGB", (30, 90), (255, 0, 51)), recipe)
    assert made.shape == (3, 20, 20)
    np.testing.assert_allclose(made[:, 7, 7], [1, 0, 0.2], atol=1e-6)


def test_a_layer_before_the_classifier_counts(images: Dataset, tmp_path: Path) -> None:
    """Of a MobileNet `num_features` is 288, and 1024 numbers reach the classifier."""
    timm = installed("timm")
    network = timm.create_model("mobilenetv3_small_050", pretrained=False)
    timm.models.save_for_hf(network, str(tmp_path / "m"), safe_serialization=True)
    embedder = opened("timm", tmp_path / "m")
    assert embedder.embed(images)[0].shape == (6, 1024)
    assert embedder.embed(images)[0].shape == (6, 1024)  # from the cache


def test_a_pooler_that_no_point_needs_may_be_missing(
    models: Models, images: Dataset, tmp_path: Path
) -> None:
    """DINO of 2021 is a plain vision transformer, saved without one."""
    transformers = installed("transformers")
    folder = copied(models, "dino", tmp_path / "m")
    small = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = transformers.ViTConfig(**small, intermediate_size=32, image_size=28, patch_size=14)
    transformers.ViTModel(config, add_pooling_layer=False).save_pretrained(folder)
    points, at = opened("dino", folder).embed(images)
    assert points.shape == (6, 16)
    assert at.tolist() == [0, 1, 2, 3, 4, 5]
