"""A YAML file as plain values that remember their lines, so that a wrong one can be named.

Only what `yaml.safe_load` allows is built. A key that occurs twice is an error here: YAML would
silently keep the last.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from firsthand.errors import InputError

Key = str | int
Where = tuple[Key, ...]


_TAGS = {"mapping": ("tag:yaml.org,2002:map",), "sequence": ("tag:yaml.org,2002:seq",)}


@dataclass(frozen=True)
class Document:
    """The values of a file, and for each of them its line and, for scalars, its spelling.

    A value is addressed by its keys: `("names", 3)`. The spelling of the name `no` is "no",
    although YAML reads it as false.
    """

    path: Path
    value: Any
    lines: dict[Where, int] = field(default_factory=dict)
    spelled: dict[Where, str] = field(default_factory=dict)

    def where(self, *keys: Key) -> str:
        """`file:line` of a value, or of the nearest thing around it that stands in the file."""
        while keys and keys not in self.lines:
            keys = keys[:-1]
        return f"{self.path}:{self.lines.get(keys, 1)}"


def load(path: Path) -> Document:
    """Read a YAML file.

    Raises:
        InputError: it cannot be read, is no UTF-8, is no YAML, or repeats a key.
    """
    import yaml

    try:
        text = path.read_text("utf-8-sig")
        node = yaml.compose(text, yaml.SafeLoader)
        document = Document(path, None)
        value = _Build(document, yaml.SafeLoader("")).value(node, ()) if node else None
    except OSError as error:
        raise InputError(f"cannot read it: {error.strerror}", where=str(path)) from error
    except UnicodeDecodeError as error:
        raise InputError("this is no UTF-8 text", where=str(path)) from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InputError(f"this is no YAML: {error.problem}", where=f"{path}:{line}") from error
    except (yaml.YAMLError, RecursionError) as error:
        found = str(error).splitlines()[0]
        raise InputError(f"this is no YAML: {found}", where=str(path)) from error
    return Document(path, value, document.lines, document.spelled)


class _Build:
    """Turns nodes into values; a node that is used twice is built once."""

    def __init__(self, document: Document, loader: Any) -> None:
        self.document, self.loader = document, loader
        self.open: set[int] = set()
        self.done: dict[int, Any] = {}

    def value(self, node: Any, keys: Where) -> Any:
        self.document.lines[keys] = node.start_mark.line + 1
        if id(node) in self.done:
            return self.done[id(node)]
        if id(node) in self.open:
            raise self.wrong(node, "a value contains itself")
        self.open.add(id(node))
        if node.tag not in _TAGS.get(node.id, (node.tag,)):
            raise self.wrong(node, f"the tag {node.tag} is not allowed")
        if node.id == "mapping":
            built: Any = self.mapping(node, keys)
        elif node.id == "sequence":
            built = [self.value(item, (*keys, at)) for at, item in enumerate(node.value)]
        else:
            self.document.spelled[keys] = node.value
            built = self.scalar(node)
        self.done[id(node)] = built
        return built

    def scalar(self, node: Any) -> Any:
        try:
            return self.loader.construct_object(node)
        # A thirteenth month; or what PyYAML lets out where a tag does not fit its value.
        except (ValueError, LookupError, AttributeError) as error:
            found = f"{node.value[:40]!r} is no {node.tag.rpartition(':')[2]}"
            raise self.wrong(node, found) from error

    def wrong(self, node: Any, found: str) -> InputError:
        return InputError(found, where=f"{self.document.path}:{node.start_mark.line + 1}")

    def mapping(self, node: Any, keys: Where) -> dict[Key, Any]:
        built: dict[Key, Any] = {}
        for name, item in node.value:
            key = self.scalar(name) if name.id == "scalar" else None
            if not isinstance(key, str | int) or isinstance(key, bool):
                key = name.value if name.id == "scalar" else str(name.value)[:40]
            if key in built:
                raise self.wrong(name, f"the key {key!r} is there twice")
            built[key] = self.value(item, (*keys, key))
            self.document.lines[*keys, key] = name.start_mark.line + 1
        return built
