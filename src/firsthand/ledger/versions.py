"""Names of versions: v3, a branch, the beginning of an id."""

from __future__ import annotations

import re
from dataclasses import dataclass

from firsthand.errors import InputError
from firsthand.ledger.catalog import Commit, State
from firsthand.ledger.files import Files
from firsthand.ledger.manifest import Manifest, load
from firsthand.types import Composition, Task

SHORTEST = 4
"""Digits of an id that are enough to name it, if no other id begins with them."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of the data, as a person sees it."""

    name: str  # v3
    id: str  # sha256 of its manifest
    parents: tuple[str, ...]  # ids
    branches: tuple[str, ...]  # that end here
    message: str
    author: str
    time: str
    task: Task
    classes: tuple[str, ...]
    samples: int
    composition: Composition
    generators: dict[str, int]  # samples by the model that made their media or label
    sources: dict[str, int]  # samples by the path they were added from


def describe(commit: Commit, manifest: Manifest, state: State) -> Version:
    """A version from its commit and manifest."""
    counts = manifest.counts
    return Version(
        name=f"v{commit.number}",
        id=commit.id,
        parents=manifest.parents,
        branches=tuple(sorted(name for name, at in state.refs.items() if at == commit.id)),
        message=manifest.message,
        author=manifest.author,
        time=manifest.time,
        task=manifest.task,
        classes=manifest.classes,
        samples=counts.total,
        composition=counts.composition(),
        generators=dict(counts.generators),
        sources=dict(counts.sources),
    )


def version(files: Files, state: State, name: str) -> Version:
    """The version that a person names."""
    commit = resolve(state, name)
    return describe(commit, load(files, commit.id), state)


def resolve(state: State, name: str) -> Commit:
    """The commit that a person names: a branch, v3, or the beginning of an id.

    Raises:
        InputError: no version or more than one is meant.
    """
    if name in state.refs:
        return state.commit(state.refs[name])
    if re.fullmatch(r"v\d+", name):
        found = [commit for commit in state.commits if commit.number == int(name[1:])]
    elif len(name) >= SHORTEST:
        found = [commit for commit in state.commits if commit.id.startswith(name.lower())]
    else:
        found = []
    if len(found) == 1:
        return found[0]
    problem = f"{len(found)} versions begin with {name!r}" if found else f"no version {name!r}"
    raise InputError(problem, expected=_known(state), todo="Run: firsthand log")


def _known(state: State) -> str:
    if not state.commits:
        return "a version, but there is none yet (firsthand add PATH, firsthand commit)"
    span = "v1" if len(state.commits) == 1 else f"v1 to v{state.commits[-1].number}"
    return f"{span}, a branch ({', '.join(sorted(state.refs))}) or the beginning of an id"
