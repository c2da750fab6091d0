"""Has the training set seen what it will be judged on, and is that made by people at all?

Training samples are compared with the anchor and with the candidate's own validation and test
splits: the same content by digest, nearly the same by content (`numerics/perceptual.py`). Overlap
with the *reference* is no leak: keeping human data in training is the point.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from firsthand.content.thumbnails import Thumbnails, thumbnails
from firsthand.numerics.perceptual import LEAST_SIDE, alike_images, alike_texts
from firsthand.numerics.tokens import tokens_view
from firsthand.splits import is_held_out
from firsthand.types import Dataset, Finding, Sample, Slice, Undetermined

LIMIT = "anchor_clean"
WITHOUT_MEDIA = frozenset({"profile", "features"})
"""Formats of what holds digests and no content (`sides.bare`)."""
SECONDS = 60.0
EXAMPLES = 3

Progress = Callable[[int, int], None]


class Side(NamedTuple):
    """Samples with the dataset they belong to."""

    dataset: Dataset
    samples: tuple[Sample, ...]
    part: Slice = ()


class Leaks(NamedTuple):
    """What was found, and what could not be looked at."""

    findings: tuple[Finding, ...]
    unchecked: tuple[Undetermined, ...]


def find_leaks(
    candidate: Dataset,
    anchor: Dataset | None,
    *,
    seconds: float = SECONDS,
    progress: Progress = lambda _done, _total: None,
) -> Leaks:
    """Which training samples are held out too, and which held-out ones did no person make?

    Args:
        candidate: the training set. Its val and test splits count as held out.
        anchor: held-out human-verified data, if there is any.
        seconds: for decoding images; what is left by then is counted as not checked.
        progress: called with how many images are done, of how many.

    Returns:
        Findings `leak-exact`, `leak-near` and `anchor-not-human`, each with how many samples of
        how many, the first three as examples and all of them, with what they copy, in `samples`;
        and what could not be checked. Of a saved profile digests are compared, and nothing is
        looked at; points can be compared with nothing but points.
    """
    training = Side(candidate, _split(candidate, held_out=False))
    held_out = _held_out(candidate, anchor)
    if not held_out:
        return Leaks((), (Undetermined(metric="leaks", reason="no-anchor"),))
    until = time.monotonic() + seconds
    looked = [_look(training, side, until, progress) for side in held_out]
    return Leaks(
        tuple(finding for each in looked for finding in each.findings),
        tuple(note for each in looked for note in each.unchecked),
    )


def _look(training: Side, held_out: Side, until: float, progress: Progress) -> Leaks:
    if len({each.dataset.format == "features" for each in (training, held_out)}) > 1:
        note = Undetermined(metric=LIMIT, reason="other-digests", slice=held_out.part)
        return Leaks((), (note, *_unknown_origin(held_out)))
    known = {sample.media: sample.key for sample in held_out.samples}
    exact = [(each.key, known[each.media]) for each in training.samples if each.media in known]
    rest = tuple(sample for sample in training.samples if sample.media not in known)
    near, not_compared = _near(training._replace(samples=rest), held_out, until, progress)
    made = [(sample.key,) for sample in held_out.samples if _by_model(sample)]
    findings = [
        *_finding("leak-exact", exact, len(training.samples), held_out),
        *_finding("leak-near", near, len(training.samples), held_out),
        *_finding("anchor-not-human", made, len(held_out.samples), held_out),
    ]
    return Leaks(tuple(findings), (*_unknown_origin(held_out), *not_compared))


def _split(dataset: Dataset, *, held_out: bool) -> tuple[Sample, ...]:
    return tuple(sample for sample in dataset.samples if is_held_out(sample) is held_out)


def _held_out(candidate: Dataset, anchor: Dataset | None) -> list[Side]:
    sides = [] if anchor is None else [Side(anchor, anchor.samples, (("held-out", "anchor"),))]
    own = _split(candidate, held_out=True)
    for name in sorted({sample.split for sample in own}):
        samples = tuple(sample for sample in own if sample.split == name)
        sides.append(Side(candidate, samples, (("held-out", name),)))
    return sides


def _finding(
    code: str, found: Sequence[tuple[str, ...]], total: int, held_out: Side
) -> list[Finding]:
    if not found:
        return []
    samples = tuple(sorted(found))
    params: dict[str, str | int | float] = {
        "count": len(samples),
        "total": total,
        "examples": ", ".join(each[0] for each in samples[:EXAMPLES]),
    }
    return [
        Finding(
            code=code,
            severity="block",
            slice=held_out.part,
            limit=LIMIT,
            params=params,
            samples=samples,
        )
    ]


def _by_model(sample: Sample) -> bool:
    """Did a model make or label it, without a person having verified it?"""
    origin = sample.provenance
    modelled = origin.media_origin == "synthetic" or origin.label_origin == "model"
    return modelled and origin.verification == "none"


def _unknown_origin(side: Side) -> list[Undetermined]:
    """Held-out samples that may be a model's: the anchor cannot be called clean."""
    unknown = sum(
        "unknown" in (sample.provenance.media_origin, sample.provenance.label_origin)
        and sample.provenance.verification == "none"
        and not _by_model(sample)
        for sample in side.samples
    )
    if not unknown:
        return []
    params: dict[str, str | int | float] = {"count": unknown, "total": len(side.samples)}
    return [Undetermined(metric=LIMIT, reason="unknown-origin", slice=side.part, params=params)]


Copies = list[tuple[str, ...]]
Near = tuple[Copies, list[Undetermined]]


def _near(training: Side, held_out: Side, until: float, progress: Progress) -> Near:
    task = held_out.dataset.task
    if task == "table" or not training.samples:
        return [], []
    without = [side for side in (training, held_out) if side.dataset.format in WITHOUT_MEDIA]
    if without:
        params = {"name": without[0].dataset.name}
        return [], [
            Undetermined(metric=LIMIT, reason="no-media", slice=held_out.part, params=params)
        ]
    if task == "text":
        return _near_texts(training, held_out), []
    return _near_images(training, held_out, until, progress)


def _near_texts(training: Side, held_out: Side) -> Copies:
    texts, others = (
        tuple(sample for sample in side.samples if sample.text is not None)
        for side in (training, held_out)
    )
    first, second = (tokens_view(Dataset("", "text", (), each)) for each in (texts, others))
    return _keys(texts, others, ((pair.first, pair.second) for pair in alike_texts(first, second)))


def _near_images(training: Side, held_out: Side, until: float, progress: Progress) -> Near:
    fixed, mine = (
        thumbnails(side.dataset, side.samples, until=until, progress=progress)
        for side in (held_out, training)
    )
    large = [side.sides >= LEAST_SIDE for side in (mine, fixed)]
    pairs = alike_images(mine.pixels[large[0]], fixed.pixels[large[1]])
    rows, others = mine.rows[large[0]], fixed.rows[large[1]]
    found = ((int(rows[pair.first]), int(others[pair.second])) for pair in pairs)
    keys = _keys(training.samples, held_out.samples, found)
    small = int((~large[0]).sum())
    return keys, _not_compared(held_out, (mine, fixed), small)


def _keys(
    samples: Sequence[Sample], others: Sequence[Sample], rows: Iterable[tuple[int, int]]
) -> Copies:
    """Each training sample once, with the first held-out one that it is like."""
    first: dict[int, int] = {}
    for row, other in sorted(rows):
        first.setdefault(row, other)
    return [(samples[row].key, others[other].key) for row, other in first.items()]


def _not_compared(
    side: Side, pictures: tuple[Thumbnails, Thumbnails], small: int
) -> list[Undetermined]:
    """Images without a verdict on nearness, by reason. Copies byte for byte were looked for."""
    reasons = {
        "out-of-time": sum(each.skipped for each in pictures),
        "images-unreadable": sum(each.unreadable for each in pictures),
        "images-too-small": small,
    }
    return [
        Undetermined(
            metric="leaks",
            reason=reason,
            slice=side.part,
            params={"count": count, "needed": LEAST_SIDE},
        )
        for reason, count in reasons.items()
        if count
    ]
