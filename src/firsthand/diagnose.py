"""Which failure is it? Reference, training set, model: which link is broken, and what explains it.

The path from the human reference R over the training set D to the model's samples S is split, each
link is set against what chance shows at that size, and a table of rules (`diagnosing.rules`) turns
the pattern into ranked hypotheses. Nothing is called model collapse unless models made the training
data, or the loss grew over generations.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from firsthand import trajectory
from firsthand.diagnosing import context, copies, rules
from firsthand.diagnosing.answer import Diagnosis, Evidence, SamplingBias, Verdict
from firsthand.diagnosing.collapse_profile import profile as all_definitions
from firsthand.diagnosing.given import ROLES, Given, opened, said
from firsthand.diagnosing.links import SIZED, Asked, Link, Way, judged, link, unknown
from firsthand.diagnosing.operating import CONFIDENCE, operating
from firsthand.diagnosing.pace import pace_of
from firsthand.diagnosing.repeats import or_repeats, repeats
from firsthand.diagnosing.sampling import sampling_bias, state_of
from firsthand.errors import InputError
from firsthand.measure import Measured
from firsthand.sides import Side, in_training, overlap
from firsthand.sources import check_kind
from firsthand.trajectory import Row
from firsthand.types import HUMAN, Composition, Provenance, Undetermined

LEVEL = 0.05
SPLITS = 999
FEW_SPLITS = 199  # of what an audit did not measure: two questions need no smaller p-value
History = Sequence[Row] | str | Path
Report = Callable[[str], None]


def diagnose(
    reference: Given,
    train: Given,
    samples: Given | None = None,
    heldout: Given | None = None,
    history: History | None = None,
    unfiltered: Given | None = None,
    *,
    origin: Provenance | str | None = None,
    features: str | None = None,
    profile: bool = False,
    predictions: str | Path | None = None,
    confidence: float = CONFIDENCE,
    level: float = LEVEL,
    seed: int = 0,
    splits: int = SPLITS,
    report: Report = lambda _step: None,
) -> Diagnosis:
    """Which failure is it, and what speaks for and against each?

    Args:
        reference: human data to preserve: a dataset, path, version, profile, or (n, d) points.
        train: what the model was trained on; its val and test splits are left out, of the
            reference too.
        samples: what the model puts out, as it is used; of a detector, images with its boxes.
        heldout: samples of the law of `train` that were in nobody's training.
        history: a trajectory of one chain, as rows, a file, or a run that holds one.
        unfiltered: output of the same model at temperature 1, without filters.
        origin: who made `train`, where it does not say so itself.
        features: what turns media into points, NAME or NAME=MODEL.
        profile: also measure the eight definitions of collapse.
        predictions: of a detector, with confidences: what its threshold keeps of each class and
            size, and which one would keep as many as people draw.
        confidence: the threshold in use.
        level: chance that anything is called broken although nothing is, over all questions.
        seed: of splits and permutations.
        splits: how many; a p-value is at least 1 / (splits + 1).
        report: called with each step before it is taken.

    Returns:
        Ranked hypotheses with their evidence. `healthy` if nothing that was asked is broken,
        `cannot-say` if a link that could be asked about with what was given could not be measured,
        or if something is broken that no cause in the table explains.

    Raises:
        InputError: something cannot be read, or two sets are of different kinds.

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> human, train = (rng.normal(size=(300, 2)) for _ in range(2))
    >>> diagnose(human, train, origin="human", splits=199).cause
    'healthy'
    >>> half = train[train[:, 0] > 0]
    >>> diagnose(human, half, origin="human", splits=199).cause
    'catastrophic-forgetting'
    """
    if not 0 < level < 1:
        raise InputError(f"level is {level!r}", expected="a probability between 0 and 1")
    named = {
        "reference": reference, "train": train, "samples": samples, "heldout": heldout,
        "unfiltered": unfiltered,
    }  # fmt: skip
    declared = said(origin)
    human: dict[str, Provenance | None] = {"reference": HUMAN, "heldout": HUMAN, "train": declared}
    sides = opened(named, features, human)
    for role in set(sides) - {"reference"}:
        check_kind(sides[role], sides["reference"], "reference")
    sides["reference"], sides["train"] = in_training(sides["reference"], sides["train"])
    rows = _rows(history)
    asked = _Asking(sides, Way(seed, splits), level, report)
    found = asked.concluded(rows, context.made_of(sides["train"], declared))
    found = replace(found, skips=tuple(one for side in sides.values() for one in side.skips))
    if predictions is not None:
        kept = operating(Path(predictions), sides["reference"], confidence)
        found = replace(found, operating=kept, confidence=confidence)
    if not profile:
        return found
    target = sides.get("samples", sides["train"])
    whole = all_definitions(sides["reference"], target, found.evidence, rows, asked.way)
    return replace(found, profile=whole)


def of_training_set(
    reference: Side,
    train: Side,
    made: Composition,
    known: Measured,
    *,
    seed: int = 0,
    report: Report = lambda _step: None,
) -> Diagnosis:
    """Which failure is it, as far as a training set that was measured already can tell?

    Only the first link is asked about (A, P) and the origins (E); of the model nothing is known.

    Args:
        reference: human data to preserve.
        train: what is to be trained on.
        made: origins of its samples.
        known: what was measured of the two; only metrics that are missing there are measured.
        seed: of splits and permutations.
        report: called with each step before it is taken.
    """
    sides = {"reference": reference, "train": train}
    return _Asking(sides, Way(seed, FEW_SPLITS), LEVEL, report, known).concluded(None, made)


def _rows(history: History | None) -> Sequence[Row] | None:
    """Rows of a trajectory, from wherever they are."""
    if not isinstance(history, str | Path):
        return history
    path = Path(history)
    inside = path / "trajectory.parquet"
    return trajectory.read(inside if inside.is_file() else path)


def _verdict(evidence: Sequence[Evidence], given: dict[str, bool]) -> Verdict:
    signs = {each.sign for each in evidence}
    explained = [each for each in rules.ranked(evidence) if each.cause != "healthy"]
    if explained:
        return "failure"
    asked = {"A"} | ({"B"} if given["samples"] else set())
    open_ = any(f"{code}:unknown" in signs for code in asked)
    return "cannot-say" if open_ or rules.ALARMS & signs else "healthy"


class _Asking:
    """Every question that the given sides allow, in the order in which later ones need earlier."""

    def __init__(
        self,
        sides: dict[str, Side],
        way: Way,
        level: float,
        report: Report,
        known: Measured | None = None,
    ) -> None:
        self.sides, self.way, self.level, self.report = sides, way, level, report
        self.known = known  # of reference and training set

    def concluded(self, rows: Sequence[Row] | None, made: Composition) -> Diagnosis:
        """What all evidence together says."""
        evidence, bias, gone = self.all(rows, made)
        hypotheses = rules.ranked(evidence)
        given = {role: role in self.sides for role in ROLES} | {
            "history": rows is not None,
            "origin": next(each for each in evidence if each.code == "E").state != "unknown",
        }
        reference, train = self.sides["reference"], self.sides["train"]
        return Diagnosis(
            verdict=_verdict(evidence, given),
            hypotheses=hypotheses,
            together=rules.together(hypotheses, evidence),
            evidence=evidence,
            settles=rules.settles(evidence, given, hypotheses),
            profile=(),
            sampling=bias,
            pace=pace_of(rows, reference, train, self.way.seed),
            undetermined=gone,
            sizes=tuple((role, len(side.media)) for role, side in self.sides.items()),
            level=self.level,
            seed=self.way.seed,
        )

    def all(
        self, rows: Sequence[Row] | None, made: Composition
    ) -> tuple[tuple[Evidence, ...], SamplingBias | None, tuple[Undetermined, ...]]:
        """Evidence A to I, the sampling bias, and what could not be told."""
        first = self._link("reference", "train", "A", "P")
        second = self._link("train", "samples", "B", "F", also=("near_copies",))
        filtered = self._link("unfiltered", "samples", "I", "P")
        gap, copied = self._memorised(first, second)
        wide = self._spread()
        answers = judged(
            [first.lost, first.strange, second.lost, second.strange, gap, copied, filtered.lost],
            self.level,
        )
        wide_told = judged([wide], self.level)[0]  # no alarm by itself: it pays for no other
        bias = self._bias()
        cured = answers[2].state == "broken" and self._alike(self._unfiltered())
        answers[-1] = state_of(answers[-1], bias, cured=cured)
        self.report("origin")
        answers += [wide_told, context.origin(made)]
        answers.append(context.shape(rows, self.level))
        gone = [*first.undetermined, *second.undetermined, *filtered.undetermined]
        return tuple(sorted(answers, key=_place)), bias, tuple(gone)

    def _link(
        self, one: str, other: str, lost: str, strange: str, also: Sequence[str] = ()
    ) -> Link:
        codes = (lost, strange)
        missing = next((role for role in (other, one) if role not in self.sides), None)
        if missing is not None:
            nothing = [unknown(code, f"no-{missing}") for code in codes]  # type: ignore[arg-type]
            return Link(nothing[0], nothing[1], (), ())
        self.report(f"{one} > {other}")
        known = self.known if lost == "A" else None
        first, second = self.sides[one], self.sides[other]
        found = link(first, second, codes, self.way, also, known)  # type: ignore[arg-type]
        by_model = lost != "A" and second.task not in SIZED
        return or_repeats(found, first, second, self.way.seed) if by_model else found

    def _memorised(self, first: Link, second: Link) -> tuple[Asked, Asked]:
        """C and D; the reference stands in for held-out samples if the training set is like it."""
        if "samples" not in self.sides:
            return unknown("C", "no-samples"), unknown("D", "no-samples")
        if self.sides["train"].task in SIZED:
            return unknown("C", "labels-cannot-tell"), unknown("D", "labels-cannot-tell")
        apart, why = self._apart(first)
        if apart is None:
            return unknown("C", why), copies.near_copies(second, why)
        self.report("copies")
        train, samples = self.sides["train"], self.sides["samples"]
        return copies.memorised(train, samples, apart, self.way.seed)

    def _apart(self, first: Link) -> tuple[Side | None, str]:
        """Samples like the training set that no model saw, and else why there are none."""
        train, heldout = self.sides["train"], self.sides.get("heldout")
        if heldout is None:
            shared = overlap(self.sides["reference"], train).both > 0
            alike = not shared and self._alike(first)
            return (self.sides["reference"], "") if alike else (None, "no-heldout")
        same = link(train, heldout, ("A", "P"), self.way)
        if self._alike(same):
            return heldout, ""
        open_ = same.lost.evidence.state == "unknown"
        return None, "heldout-unmeasured" if open_ else "heldout-unlike-train"

    def _alike(self, found: Link) -> bool:
        """Nothing is lost or strange between the two, and that could be asked."""
        both = judged([found.lost, found.strange], self.level)
        return both[0].state == "whole" and both[1].state != "broken"

    def _unfiltered(self) -> Link:
        return self._link("train", "unfiltered", "B", "F")

    def _spread(self) -> Asked:
        if "samples" not in self.sides:
            return unknown("T", "no-samples")
        return context.spread(self.sides["train"], self.sides["samples"], self.way)

    def _bias(self) -> SamplingBias | None:
        outputs = [self.sides[role] for role in ("unfiltered", "samples") if role in self.sides]
        if len(outputs) < 2 or any(repeats(side) for side in outputs):
            return None
        self.report("sampling")
        plain, used, train = (self.sides[role] for role in ("unfiltered", "samples", "train"))
        return sampling_bias(plain, used, train, self.way.seed)


def _place(one: Evidence) -> int:
    return "APBFTCDEHI".index(one.code)
