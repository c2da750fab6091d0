"""Where does a model lie, and which one is it? By path or by its name on the Hugging Face hub.

Nothing of a model is run but its arithmetic: weights are safetensors, or files that PyTorch loads
with `weights_only`, and code that comes with a model is never trusted. A path is never looked up
on the network.
"""

from __future__ import annotations

import hashlib
import importlib
import json
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from firsthand.errors import InputError, MissingExtra

KINDS = ("*.json", "*.safetensors", "*.txt", "*.model")
PICKLED = ("pytorch_model*.bin",)
OTHERS = ["onnx/*", "openvino/*", "coreml/*"]


class Weights(NamedTuple):
    """A model on this machine."""

    folder: Path
    digest: str  # of all files that decide its output
    pickled: bool  # there are no safetensors


def find(model: str, extra: str) -> Weights:
    """The folder of a model, downloaded if it is a name and not here yet.

    Args:
        model: a folder, or a name on the hub such as `openai/clip-vit-base-patch32`.
        extra: which of ours brings the hub's client.

    Raises:
        InputError: there is no such folder, and the hub gave none.
    """
    folder = Path(model).expanduser()
    if not folder.exists():
        folder = _downloaded(model, extra)
    if not folder.is_dir():
        raise InputError(
            "it is a file",
            expected="the folder of a model: config.json and model.safetensors",
            where=model,
        )
    return _described(folder)


def _described(folder: Path) -> Weights:
    pickled = not any(folder.glob("*.safetensors"))
    kinds = KINDS + PICKLED * pickled
    files = sorted({file for kind in kinds for file in folder.rglob(kind) if file.is_file()})
    if not any(file.suffix in {".safetensors", ".bin"} for file in files):
        raise InputError(
            "there are no weights in it",
            expected="model.safetensors beside config.json",
            where=str(folder),
        )
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as content:
            body = hashlib.file_digest(content, "sha256").digest()
        digest.update(file.relative_to(folder).as_posix().encode() + b"\0" + body)
    return Weights(folder, digest.hexdigest()[:16], pickled)


def _downloaded(model: str, extra: str) -> Path:
    hub = package("huggingface_hub", f"the model {model}", extra)
    try:
        folder = Path(hub.snapshot_download(model, allow_patterns=KINDS, ignore_patterns=OTHERS))
        if not any(folder.glob("*.safetensors")):
            both = [*KINDS, *PICKLED]
            folder = Path(hub.snapshot_download(model, allow_patterns=both, ignore_patterns=OTHERS))
    # What the hub's client raises shares no base: HTTP, validation, offline, a missing file.
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(
            f"it is no folder here, and the hub gave no such model: {str(error).splitlines()[0]}",
            expected="the folder of a model, or its name on the Hugging Face hub",
            where=model,
        ) from error
    return folder


def settings(folder: Path, *names: str) -> dict[str, Any]:
    """The names and values in the first of these files that is there; empty where none is.

    Raises:
        InputError: it is no JSON object.
    """
    found = next((name for name in names if (folder / name).is_file()), None)
    return {} if found is None else dict(_json(folder / found, dict))


def listed(folder: Path, name: str) -> list[dict[str, Any]]:
    """The objects of the list in a file; empty where there is no such file.

    Raises:
        InputError: it is no JSON list of objects.
    """
    file = folder / name
    return [_is(each, dict, file) for each in _json(file, list)] if file.is_file() else []


def _json(file: Path, kind: type[Any]) -> Any:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"it cannot be read as JSON: {error}", where=str(file)) from error
    return _is(found, kind, file)


def _is(found: Any, kind: type[Any], file: Path) -> Any:
    if isinstance(found, kind):
        return found
    raise InputError(
        f"it holds {str(found)[:80]!r}", expected=f"a {kind.__name__}", where=str(file)
    )


def package(name: str, feature: str, extra: str) -> ModuleType:
    """Import a package that only an extra brings; by name, so that nothing else loads it.

    Raises:
        MissingExtra: it is not installed.
        InputError: it is, and does not load.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None:
            raise broken(name, error) from error
        raise MissingExtra(feature, error.name.partition(".")[0], extra) from error
    except (ImportError, RuntimeError, OSError) as error:
        raise broken(name, error) from error


def broken(name: str, error: BaseException) -> InputError:
    """The error of a package that is installed and does not load; says what began it."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__ or error
    return InputError(
        f"the package {name} does not load: {error}",
        todo="Install what it needs; torch and torchvision have to be built for each other.",
    )


def release(name: str, feature: str, extra: str) -> str:
    """The version of an installed package, without importing it.

    Raises:
        MissingExtra: it is not installed.
    """
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError as error:
        raise MissingExtra(feature, name, extra) from error
