"""Where did this come from, and what came of it? Walks models and versions both ways.

A version holds outputs of models; a model was trained on a version, or fine-tuned from another
model. These three relations, followed backwards, lead to people or to what nobody declared;
followed forwards, they lead to everything that a bad sample has touched.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from firsthand.errors import InputError
from firsthand.ledger.catalog import State
from firsthand.ledger.files import Files
from firsthand.ledger.manifest import Manifest, load
from firsthand.ledger.query import connect, live, parts, quoted
from firsthand.ledger.versions import resolve

Kind = Literal["sample", "model", "version"]
Relation = Literal["made-by", "trained-on", "tuned-from", "made", "trained", "tuned-to", "in"]


class Step(NamedTuple):
    """One relation on the way, `depth` relations from the subject."""

    depth: int
    origin: str
    relation: Relation
    kind: Kind
    name: str  # v3 or NAME@VERSION


class Appearance(NamedTuple):
    """A sample in one version."""

    version: str
    source: str
    key: str
    media: str
    label: str | None
    split: str
    provenance: str  # provenance class
    generation: int | None
    generation_at_least: int | None
    media_generator: str | None
    label_generator: str | None
    verified_by: str | None


@dataclass(frozen=True, slots=True)
class Lineage:
    """What a sample, model or version comes from, and what came of it."""

    kind: Kind
    name: str
    upstream: tuple[Step, ...]
    downstream: tuple[Step, ...]
    history: tuple[str, ...] = ()  # versions that this version continues, newest first
    appearances: tuple[Appearance, ...] = ()  # of a sample, oldest first; only where it changed


class _Node(NamedTuple):
    kind: Kind
    name: str


_Edges = Callable[[_Node], Iterable[tuple[Relation, _Node]]]


def lineage(files: Files, state: State, name: str) -> Lineage:
    """The lineage of what a person names: NAME@VERSION, a version, a key or a media digest.

    Raises:
        InputError: the ledger knows nothing of that name.
    """
    graph = _Graph(files, state)
    if name in state.models or name in graph.generators:
        return graph.around(_Node("model", name))
    try:
        commit = resolve(state, name)
    except InputError:
        return _of_sample(files, state, graph, name)
    history = tuple(f"v{before.number}" for before in state.history(commit.id)[1:])
    found = graph.around(_Node("version", f"v{commit.number}"))
    return Lineage(found.kind, found.name, found.upstream, found.downstream, history)


class _Graph:
    """Models and versions with their relations."""

    def __init__(self, files: Files, state: State) -> None:
        self._models = state.models
        self._names = {commit.id: f"v{commit.number}" for commit in state.commits}
        manifests = {c.id: load(files, c.id) for c in state.commits}
        self._holds: Mapping[str, Manifest] = {self._names[i]: m for i, m in manifests.items()}
        self.generators = {g for m in manifests.values() for g in m.counts.generators}

    def around(self, subject: _Node) -> Lineage:
        up, down = _walk(subject, self._before), _walk(subject, self._after)
        return Lineage(subject.kind, subject.name, tuple(up), tuple(down))

    def _before(self, node: _Node) -> Iterator[tuple[Relation, _Node]]:
        if node.kind == "version":
            for generator in sorted(self._holds[node.name].counts.generators):
                yield "made-by", _Node("model", generator)
            return
        model = self._models.get(node.name)
        if model is not None and model.trained_on is not None:
            yield "trained-on", _Node("version", self._names[model.trained_on])
        if model is not None and model.parent is not None:
            yield "tuned-from", _Node("model", model.parent)

    def _after(self, node: _Node) -> Iterator[tuple[Relation, _Node]]:
        if node.kind == "version":
            trained = [m for m in self._models.values() if m.trained_on is not None]
            for model in sorted(trained, key=lambda m: m.name):
                if self._names[model.trained_on or ""] == node.name:
                    yield "trained", _Node("model", model.name)
            return
        for version, manifest in self._holds.items():
            if node.name in manifest.counts.generators:
                yield "made", _Node("version", version)
        for model in sorted(self._models.values(), key=lambda m: m.name):
            if model.parent == node.name:
                yield "tuned-to", _Node("model", model.name)


def _walk(subject: _Node, edges: _Edges, first: Iterable[Step] = ()) -> Iterator[Step]:
    """Everything reachable, nearest first, each relation once."""
    seen, queue = {subject}, deque([(0, subject)])
    for step in first:
        yield step
        queue.append((step.depth, _Node(step.kind, step.name)))
    while queue:
        depth, node = queue.popleft()
        if node.kind == "sample":
            continue
        for relation, target in edges(node):
            yield Step(depth + 1, node.name, relation, target.kind, target.name)
            if target not in seen:
                seen.add(target)
                queue.append((depth + 1, target))


def _of_sample(files: Files, state: State, graph: _Graph, name: str) -> Lineage:
    found = _appearances(files, state, name)
    if not found:
        raise InputError(
            f"the ledger knows no sample, model or version {name!r}",
            expected="a key, the beginning of a media digest, NAME@VERSION, v3 or a branch",
            todo="Run: firsthand log",
        )
    subject = _Node("sample", found[-1].key)
    makers = {g: None for row in found for g in (row.media_generator, row.label_generator) if g}
    up = [Step(1, subject.name, "made-by", "model", maker) for maker in makers]
    down = [Step(1, subject.name, "in", "version", row.version) for row in found]
    return Lineage(
        "sample",
        subject.name,
        tuple(_walk(subject, graph._before, up)),
        tuple(_walk(subject, graph._after, down)),
        appearances=_changes(found),
    )


def _appearances(files: Files, state: State, name: str) -> list[Appearance]:
    """The sample in every version that holds it."""
    columns = ", ".join(Appearance._fields[1:]).replace("media,", "lower(hex(media)) AS media,", 1)
    columns = columns.replace("label,", "lower(hex(label)) AS label,", 1)
    wanted = f"key = {quoted(name)} OR source || ':' || key = {quoted(name)}"
    if len(name) >= 8 and all(letter in "0123456789abcdefABCDEF" for letter in name):
        wanted += f" OR starts_with(hex(media), {quoted(name.upper())})"
    found = []
    with connect(files) as connection:
        for commit in state.commits:
            query = live(files, parts(files, state, commit.id))
            rows = connection.execute(f"SELECT {columns} FROM ({query}) WHERE {wanted}").fetchall()
            found += [Appearance(f"v{commit.number}", *row) for row in rows]
    return found


def _changes(found: list[Appearance]) -> tuple[Appearance, ...]:
    last: dict[tuple[str, str], Appearance] = {}
    kept = []
    for row in found:
        place = (row.source, row.key)
        if place not in last or last[place][1:] != row[1:]:
            kept.append(row)
        last[place] = row
    return tuple(kept)
