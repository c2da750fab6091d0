"""The provenance side file: who made which samples, said beside the data instead of inside them.

    models:
      detector@3: {trained_on: 0, own: true}
    rules:
      - origin: human
      - match: "images/train/auto_*.jpg"
        origin: model-labelled
        generator: detector@3

`provenance.yaml` has these two keys; `provenance.jsonl` has one rule or model a line. The last rule
that matches a sample wins as a whole. docs/provenance-file.md has the details.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firsthand.errors import InputError
from firsthand.formats import yamltext
from firsthand.provenance import FIELDS, Generator, from_fields, generator_name
from firsthand.types import Provenance, Sample, Skip

NAMES = ("provenance.yaml", "provenance.yml", "provenance.jsonl")

SAID = (
    "media_origin",
    "label_origin",
    "media_generator",
    "label_generator",
    "generation",
    "verification",
    "verified_by",
)
"""What a rule that is written says, apart from what it is about."""

_DIGEST = re.compile(r"(?:sha256:)?([0-9a-fA-F]{64})")
_RULE = frozenset((*FIELDS, "match", "media"))
_MODEL = frozenset(("trained_on", "ancestry", "own"))
_TOKENS = re.compile(r"\*\*/|\*\*|\*|\?|\[!?[^\]/]+\]|[^*?\[]+|\[")
_REGEX = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


Matcher = Callable[[str], object]


@dataclass(frozen=True)
class Rule:
    """What is said about the samples that a pattern, a name or a digest stands for."""

    line: int
    pattern: str
    media: bytes  # digest of one medium, or b""
    matches: Matcher | None  # None where pattern is a plain name, or media is given
    provenance: Provenance


class SideFile:
    """The rules of one file, ready to be asked about samples."""

    def __init__(self, path: Path, rules: list[Rule]) -> None:
        self.path, self.rules = path, rules
        self._exact: dict[str | bytes, int] = {}  # digests, whole keys, and names without folder
        self._globs: list[tuple[int, Matcher]] = []
        for at, rule in enumerate(rules):
            if rule.matches is None:
                self._exact[rule.media or rule.pattern] = at
            else:
                self._globs.insert(0, (at, rule.matches))

    def find(self, sample: Sample, inside: str) -> Provenance | None:
        """What the last rule that matches says; `inside` is the file below the dataset's folder."""
        best = -1
        if self._exact:
            best = max(self._exact.get(way, -1) for way in _ways(sample, inside))
        for at, matches in self._globs:
            if at <= best:
                break
            if matches(sample.key) or matches(inside):
                best = at
        return None if best < 0 else self.rules[best].provenance

    def unused(self, samples: Iterable[tuple[Sample, str]]) -> Iterator[Skip]:
        """The rules that match no sample at all, most likely by mistake."""
        held = list(samples)
        exact = {way for sample, inside in held for way in _ways(sample, inside)}
        for rule in self.rules:
            if rule.matches is None:
                used = (rule.media or rule.pattern) in exact
            else:
                used = any(rule.matches(one.key) or rule.matches(inside) for one, inside in held)
            if not used:
                found = rule.pattern or rule.media.hex()
                yield Skip("provenance-unused", str(self.path), rule.line, found, keeps_sample=True)


def rule_of(sample: Sample, match: str = "") -> dict[str, object]:
    """The rule that says where one sample comes from, as JSON; empty where nothing is known.

    Args:
        sample: it is named by the digest of its media.
        match: the key to name it by instead.

    >>> from firsthand.types import HUMAN
    >>> rule_of(Sample("a", bytes(32), provenance=HUMAN), match="a")["media_origin"]
    'human'
    """
    one = sample.provenance
    said = {name: getattr(one, name) for name in SAID}
    known = {name: value for name, value in said.items() if value not in {None, "none", "unknown"}}
    about = {"match": match} if match else {"media": sample.media.hex()}
    return {**about, **known} if known else {}


def _ways(sample: Sample, inside: str) -> tuple[str | bytes, ...]:
    """All that a rule can name a sample by, patterns aside."""
    name = inside.rpartition("/")[2]
    return sample.media, sample.key, inside, name


def find_file(*folders: Path) -> Path | None:
    """The side file beside the data.

    Raises:
        InputError: there is more than one.
    """
    once = {folder.resolve(): folder for folder in reversed(folders)}  # one may be relative
    found = [folder / name for folder in once.values() for name in NAMES]
    found = [file for file in found if file.is_file()]
    if len(found) > 1:
        names = " and ".join(str(file) for file in found)
        raise InputError(f"there is {names}", expected="one side file", todo="Remove one.")
    return found[0] if found else None


def load(path: Path) -> SideFile:
    """Read a side file.

    Raises:
        InputError: with file and line, where it says something that cannot be meant.
    """
    entries = list(_json_lines(path) if path.suffix.lower() == ".jsonl" else _yaml(path))
    models = [(name, said, where) for name, said, where in entries if name is not None]
    generators = {
        _at(where, generator_name, name): _model(said, where) for name, said, where in models
    }
    rules = [_rule(said, generators, where) for name, said, where in entries if name is None]
    return SideFile(path, rules)


Entry = tuple[str | None, Any, str]
"""Name of a model, or None for a rule; what is said; file:line."""


def _yaml(path: Path) -> Iterator[Entry]:
    document = yamltext.load(path)
    value = {} if document.value is None else document.value
    if not isinstance(value, dict):
        raise InputError("no keys", expected="rules, models", where=document.where())
    for key in value:
        if key not in {"rules", "models"}:
            expected = "rules, models"
            raise InputError(f"the key {key!r}", expected=expected, where=document.where(key))
    models, rules = value.get("models") or {}, value.get("rules") or []
    if not isinstance(models, dict):
        where = document.where("models")
        raise InputError("models is no mapping", expected="NAME@VERSION: {...}", where=where)
    if not isinstance(rules, list):
        raise InputError(
            "rules is no list", expected="- origin: ...", where=document.where("rules")
        )
    for name, said in models.items():
        yield str(name), {} if said is None else said, document.where("models", name)
    for at, said in enumerate(rules):
        yield None, said, document.where("rules", at)


def _json_lines(path: Path) -> Iterator[Entry]:
    try:
        lines = path.read_text("utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read it as UTF-8: {error}", where=str(path)) from error
    for at, line in enumerate(lines, 1):
        where = f"{path}:{at}"
        if not line.strip():
            continue
        try:
            said = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputError(f"this is no JSON: {error}", where=where) from error
        is_model = isinstance(said, dict) and "model" in said
        yield (str(said.pop("model")), said, where) if is_model else (None, said, where)


def _model(said: Any, where: str) -> Generator:
    _check_keys(said, _MODEL, where)
    trained_on, ancestry, own = said.get("trained_on"), said.get("ancestry"), said.get("own", False)
    if trained_on is not None and (type(trained_on) is not int or trained_on < 0):
        expected = "the highest generation among its training data, 0 or more"
        raise InputError(f"trained_on is {trained_on!r}"[:200], expected=expected, where=where)
    if ancestry is not None and not (type(ancestry) in {int, float} and 0 <= ancestry <= 1):
        raise InputError(f"ancestry is {ancestry!r}"[:200], expected="a share, 0 to 1", where=where)
    if not isinstance(own, bool):
        raise InputError(f"own is {own!r}"[:200], expected="true or false", where=where)
    return Generator(trained_on, ancestry, own)


def _rule(said: Any, generators: dict[str, Generator], where: str) -> Rule:
    _check_keys(said, _RULE, where)
    match, media = said.get("match", ""), said.get("media", "")
    if not isinstance(match, str) or not isinstance(media, str) or (match and media):
        expected = "match (a pattern) or media (a digest), as text"
        raise InputError(
            f"match is {match!r}, media {media!r}"[:200], expected=expected, where=where
        )
    digest = _DIGEST.fullmatch(media)
    if media and not digest:
        expected = "64 hexadecimal digits"
        raise InputError(f"media is {media!r}"[:200], expected=expected, where=where)
    made = _at(where, from_fields, said, generators)
    if made is None:
        raise InputError("the rule says nothing", expected="origin: ...", where=where)
    line = int(where.rpartition(":")[2])
    if digest:
        return Rule(line, "", bytes.fromhex(digest[1]), None, made)
    return Rule(line, match, b"", _at(where, _matcher, match), made)


def _check_keys(said: Any, known: frozenset[str], where: str) -> None:
    if not isinstance(said, dict):
        raise InputError(f"{said!r}"[:200], expected="keys with values", where=where)
    for key in said:
        if key not in known:
            expected = "one of " + ", ".join(sorted(known))
            raise InputError(f"the key {key!r}"[:200], expected=expected, where=where)


def _at(where: str, check: Callable[..., Any], *values: Any) -> Any:
    """Run a check, and add the place to what it finds."""
    try:
        return check(*values)
    except InputError as error:
        raise InputError(
            error.found, expected=error.expected, todo=error.todo, where=where
        ) from error


def _matcher(pattern: str) -> Matcher | None:
    """`*` stays inside a folder, `**` does not; without a slash the file name alone is meant."""
    if not pattern:
        return lambda _: True
    if not any(mark in pattern for mark in "*?["):
        return None
    parts = [_regex(token) for token in _TOKENS.findall(pattern)]
    before = "" if "/" in pattern else "(?:.*/)?"
    try:
        return re.compile(before + "".join(parts), re.DOTALL).fullmatch
    except re.error as error:
        raise InputError(f"the pattern {pattern!r} means nothing: {error}"[:200]) from error


def _regex(token: str) -> str:
    if token in _REGEX:
        return _REGEX[token]
    if len(token) > 1 and token.startswith("["):
        body = token[1:-1].replace("\\", "\\\\").replace("[", "\\[")
        return "[^" + body[1:] + "]" if body.startswith("!") else "[" + body + "]"
    return re.escape(token)
