"""How often does `diagnose` name the cause of a failure that was made on real data?

    python benchmarks/diagnosis.py --work FOLDER --cases 200     goes on where it was stopped
    python benchmarks/diagnosis.py --work FOLDER --cases 0       the page from what is there

Every failure of `firsthand.failures` at its medium strength (docs/decisions/0022), on MNIST (32
components of the pixel descriptors), WikiText-2 (documents of 64 words) and the boxes of BCCD, at
sizes from 200 to 5,000. Larger pools of points are a smoothed bootstrap of MNIST, of labels images
drawn with replacement, so that every set is drawn independently from one known law. What was
judged is appended to FOLDER/cases.jsonl, one line a case. Writes docs/diagnosis-confusion.md.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import cycle
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import real_sets
from recursions import Digits, next_digits

from firsthand import registry
from firsthand.cases.case import Case, Failure
from firsthand.cases.documents import DocumentPool
from firsthand.cases.labels import LabelPool
from firsthand.cases.points import PointPool
from firsthand.diagnose import diagnose
from firsthand.errors import InputError
from firsthand.numerics.proportions import wilson
from firsthand.read import read
from firsthand.types import HUMAN

FIRST_SEED = 60_000  # settings were chosen on seeds below 1,000, and 50,000 was looked at
SPLITS = 199
COMPONENTS = 32
SIZES = {  # of each set; documents and digits as many as there are for five sets
    "points": (200, 500, 1000, 2000, 5000),
    "documents": (200, 500, 1000, 2000),
    "labels": (200, 500, 1000, 2000, 5000),
}
KINDS = ("points", "documents", "labels", "points", "documents")  # labels cost least, say least
POOL = 30_000  # points and labelled images, where there are not so many real ones
ORDER = (
    "healthy", "overfitting", "mode_collapse", "forgetting", "shift", "biased_sampling",
    "model_collapse", "over_dispersion",
)  # fmt: skip
COLUMNS = (
    "healthy", "overfitting", "mode-collapse", "catastrophic-forgetting", "distribution-shift",
    "biased-sampling", "model-collapse", "over-dispersion", "collapse-like",
)  # fmt: skip
DOCS = Path(__file__).parents[1] / "docs"


class Asked(NamedTuple):
    """One case, by which it is made again."""

    failure: str
    kind: str
    n: int
    seed: int

    @property
    def key(self) -> str:
        return f"{self.failure}/{self.kind}/{self.n}/{self.seed}"


def main() -> None:
    arguments = _arguments()
    file = arguments.work / "cases.jsonl"
    arguments.work.mkdir(parents=True, exist_ok=True)
    done = _read(file)
    told = {each["key"] for each in done}
    with file.open("a", encoding="utf-8") as out:
        for asked in planned(arguments.cases, arguments.first_seed):
            if asked.key in told:
                continue
            done.append(judged(asked))
            out.write(json.dumps(done[-1]) + "\n")
            out.flush()
    page = (Path(__file__).parent / "diagnosis.template.md").read_text(encoding="utf-8")
    parts = {"table": confusion(done), "kinds": by(done, "kind"), "sizes": by(done, "n")}
    parts |= {"unsaid": unsaid(done), "errors": errors(done), "cases": f"{len(done):,}"}
    seeds = [each["seed"] for each in done]
    parts |= {"first": f"{min(seeds):,}", "last": f"{max(seeds):,}", "minutes": _minutes(done)}
    (DOCS / "diagnosis-confusion.md").write_text(page.format(**parts), encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="a folder outside the repository")
    parser.add_argument("--cases", type=int, default=200, help="of each cause")
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    return parser.parse_args()


def _read(file: Path) -> list[dict[str, Any]]:
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    return [json.loads(line) for line in lines]


def planned(cases: int, first: int) -> Iterator[Asked]:
    """Cases in an order in which every beginning of it holds all causes, kinds and sizes alike."""
    turns = {name: _turns(registry.load("failures", name).kinds) for name in ORDER}
    for at in range(cases):
        for name in ORDER:
            kind, n = next(turns[name])
            yield Asked(name, kind, n, first + at)


def _turns(kinds: frozenset[str]) -> Iterator[tuple[str, int]]:
    sizes = {kind: cycle(SIZES[kind]) for kind in kinds}
    for kind in cycle([each for each in KINDS if each in kinds]):
        yield kind, next(sizes[kind])


def judged(asked: Asked) -> dict[str, Any]:
    """One case, made and diagnosed, with what was declared of its origin and without."""
    began = time.process_time()
    failure = registry.load("failures", asked.failure)
    strength = failure.strengths[len(failure.strengths) // 2]
    case, n = _made(asked, strength)
    sets = (case.reference, case.train, case.samples, case.heldout, None, case.unfiltered)
    found = diagnose(*sets, origin=case.origin, seed=asked.seed, splits=SPLITS)
    return {
        "key": asked.key,
        **asked._asdict(),
        "n": n,
        "truth": case.cause,
        "verdict": found.verdict,
        "said": found.cause,
        "signs": [each.sign for each in found.evidence],
        "unsaid": _without_origin(asked, case),
        "seconds": time.process_time() - began,
    }


def _made(asked: Asked, strength: float) -> tuple[Case, int]:
    """The case, with sets half as large as often as the kept modes have too few samples."""
    failure: Failure = registry.load("failures", asked.failure)
    n = asked.n
    while True:
        rng = np.random.default_rng([asked.seed, n, ORDER.index(asked.failure)])
        try:
            return failure.case(pool(asked.kind), n, strength, rng), n
        except InputError:
            if n < min(SIZES[asked.kind]):
                raise
            n //= 2


def _without_origin(asked: Asked, case: Case) -> str | None:
    """What is said of points of a link from the reference that broke, where nobody says who."""
    if asked.kind != "points" or asked.failure not in ("model_collapse", "forgetting"):
        return None
    return diagnose(case.reference, case.train, seed=asked.seed, splits=SPLITS).cause or "nothing"


@cache
def pool(kind: str) -> Any:
    """Human data of one kind."""
    rng = np.random.default_rng(1)
    if kind == "points":
        pixels, classes = real_sets.digits()
        many = [next_digits(Digits(pixels, classes), rng) for _ in range(POOL // len(pixels))]
        features, _ = real_sets.described(np.concatenate([each.pixels for each in many]))
        reduced = real_sets.leading(features, COMPONENTS)(features)
        return PointPool(reduced, np.concatenate([each.labels for each in many]))
    if kind == "labels":
        whole = read(real_sets.FOLDER / "bccd", declared=HUMAN, progress=False)
        return LabelPool(whole).repeated(POOL, rng)
    texts = [
        article
        for name in ("train_sample.txt", "valid.txt")
        for article in real_sets.HEADING.split(_text("wikitext2", name))
    ]
    return DocumentPool(texts, [_text("tinyshakespeare", "input.txt")])


def _text(*parts: str) -> str:
    return real_sets.FOLDER.joinpath(*parts).read_text(encoding="utf-8")


Done = Sequence[dict[str, Any]]


def confusion(done: Done) -> str:
    """Rows: what was made. Columns: what was said first."""
    rows = [
        "| made | cases | right of those answered [95 %] | cannot say | "
        + " | ".join(COLUMNS) + " |",
        "|---" * (4 + len(COLUMNS)) + "|",
    ]  # fmt: skip
    for name in ORDER:
        mine = [each for each in done if each["failure"] == name]
        if mine:
            said = [_said(each) for each in mine]
            counts = " | ".join(str(said.count(cause) or "") for cause in COLUMNS)
            unsure = said.count("cannot say")
            rows.append(
                f"| {mine[0]['truth']} | {len(mine)} | {_right(mine)} | {unsure} | {counts} |"
            )
    return "\n".join(rows)


def _said(one: dict[str, Any]) -> str:
    return "cannot say" if one["verdict"] == "cannot-say" else str(one["said"])


def _right(mine: Done) -> str:
    answered = [each for each in mine if each["verdict"] != "cannot-say"]
    return _share(sum(each["said"] == each["truth"] for each in answered), len(answered))


def _share(count: int, n: int) -> str:
    if not n:
        return "-"
    low, high = wilson(count / n, n)
    return f"{count}/{n} = {count / n:.1%} [{low:.1%}, {high:.1%}]"


def by(done: Done, field: str) -> str:
    """Right by kind of data or by size."""
    values = sorted({each[field] for each in done})
    rows = ["| made | " + " | ".join(map(str, values)) + " |", "|---" * (1 + len(values)) + "|"]
    for name in ORDER:
        mine = [each for each in done if each["failure"] == name]
        cells = [_right([each for each in mine if each[field] == value]) for value in values]
        if mine:
            rows.append(f"| {mine[0]['truth']} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def unsaid(done: Done) -> str:
    """Reference and training set alone, and nobody says who made it."""
    rows = ["| made | cases | said to be collapse-like | said |", "|---|---|---|---|"]
    for name in ("model_collapse", "forgetting"):
        mine = [each for each in done if each["failure"] == name and each["unsaid"]]
        if not mine:
            continue
        said = [each["unsaid"] for each in mine]
        counts = ", ".join(f"{cause} {said.count(cause)}" for cause in sorted(set(said)))
        alike = _share(said.count("collapse-like"), len(said))
        rows.append(f"| {mine[0]['truth']} | {len(mine)} | {alike} | {counts} |")
    return "\n".join(rows)


def errors(done: Done) -> str:
    """Human data of which model collapse is said."""
    human = [each for each in done if each["failure"] != "model_collapse"]
    wrong = sum(each["said"] in ("model-collapse", "collapse-like") for each in human)
    return _share(wrong, len(human))


def _minutes(done: Done) -> str:
    return f"{sum(each['seconds'] for each in done) / 60:,.0f} CPU minutes"


if __name__ == "__main__":
    main()
