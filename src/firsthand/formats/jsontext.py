"""JSON values together with the line that they begin on, so that a bad one can be named.

The standard decoder forgets where a value stood. Here arrays are taken one element at a time with
that same decoder, and line breaks between elements are counted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\r\n]*")


class Member(NamedTuple):
    """One value of a document: the top-level key that it stands under, and where."""

    key: str
    line: int  # of its first character; 1 is the first line
    value: Any


def members(text: str) -> Iterator[Member]:
    r"""Which values does a JSON document hold, and on which lines?

    The document is one object or one array. Elements of an array, and of arrays directly under the
    keys of an object, come one by one; every other value comes whole. A lone array has the key "".

    Raises:
        ValueError: where the text stops being JSON; what came before has been yielded.
        RecursionError: values are nested deeper than the interpreter allows.

    >>> for member in members('{"a": [1,\n 2], "b": {"c": 3}}'):
    ...     print(*member)
    a 1 1
    a 2 2
    b 2 {'c': 3}
    >>> [member.value for member in members("[7, 8]")]
    [7, 8]
    """
    scan = _Scan(text)
    if scan.take("["):
        yield from _elements(scan, "")
    else:
        yield from _entries(scan)
    if scan.skip() != len(text):
        raise scan.error("the end")


class _Scan:
    """A place in the text, and how many line breaks lie before it."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self._counted, self._line = 0, 1

    def skip(self) -> int:
        self.at = _SPACE.match(self.text, self.at).end()  # type: ignore[union-attr]
        return self.at

    def take(self, mark: str) -> bool:
        found = self.text.startswith(mark, self.skip())
        self.at += found
        return found

    def need(self, mark: str) -> None:
        if not self.take(mark):
            raise self.error(repr(mark))

    def line(self) -> int:
        self._line += self.text.count("\n", self._counted, self.at)
        self._counted = self.at
        return self._line

    def value(self) -> Any:
        value, self.at = _DECODER.raw_decode(self.text, self.skip())
        return value

    def error(self, expected: str) -> ValueError:
        return json.JSONDecodeError(f"Expecting {expected}", self.text, self.at)


def _elements(scan: _Scan, key: str) -> Iterator[Member]:
    if scan.take("]"):
        return
    while True:
        scan.skip()
        line = scan.line()
        yield Member(key, line, scan.value())
        if not scan.take(","):
            break
    scan.need("]")


def _entries(scan: _Scan) -> Iterator[Member]:
    scan.need("{")
    if scan.take("}"):
        return
    while True:
        key = scan.value()
        if not isinstance(key, str):
            raise scan.error("a key in double quotes")
        scan.need(":")
        if scan.take("["):
            yield from _elements(scan, key)
        else:
            scan.skip()
            line = scan.line()
            yield Member(key, line, scan.value())
        if not scan.take(","):
            break
    scan.need("}")
