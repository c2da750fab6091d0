"""Which samples depend on each other, told from their keys."""

from __future__ import annotations

import re
from collections.abc import Iterable

from firsthand.errors import InputError


def group_keys(keys: Iterable[str], pattern: str) -> list[str]:
    r"""The group of each key.

    A whole number is a path part, counted from 0, or from the end if negative. Anything else is a
    regular expression, found anywhere in the key; the group is what its first parentheses hold,
    or the whole match.

    Raises:
        InputError: the pattern is no regular expression, or a key has no such part.

    >>> group_keys(["w07/a.png", "w08/b.png"], "0")
    ['w07', 'w08']
    >>> group_keys(["clip3_frame12.jpg"], r"(clip\d+)_")
    ['clip3']
    """
    if re.fullmatch(r"-?\d+", pattern):
        return [_part(key, int(pattern)) for key in keys]
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise InputError(
            f"the group pattern {pattern!r} is no regular expression: {error}",
            expected="a regular expression or the number of a path part",
        ) from error
    return [_match(key, compiled) for key in keys]


def _part(key: str, index: int) -> str:
    parts = key.split("/")
    if not -len(parts) <= index < len(parts):
        raise InputError(
            f"the key {key!r} has no path part {index}",
            expected=f"a number below {len(parts)}",
        )
    return parts[index]


def _match(key: str, pattern: re.Pattern[str]) -> str:
    found = pattern.search(key)
    text = found and (found.group(1) if pattern.groups else found.group())
    if not text:
        raise InputError(
            f"the group pattern {pattern.pattern!r} finds nothing in the key {key!r}",
            expected="a pattern that finds the group in every key",
        )
    return text
