"""What does the guard cost a training, in time and memory? Writes docs/benchmarks-guard.md.

    python benchmarks/guard.py [--runs 3] [--memory-runs 8] [--whole-runs 3] [--epochs 10]

Blood cells that people labelled (bccd), the detector of tests/yolo_scenes.py, 320 pixels, on one
core. Each training is a process of its own; plain and guarded ones take turns. Seconds are of the
processor, and memory is what a process held at most, so that who else is on the machine counts
little. With --log FILE every training is kept in FILE, and those that are there are not made again.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

TWIN = "BloodImage_00038"
"""A training image that is nearly one of val: the guard refuses the set until it is taken out."""
PLAIN, LAST, AUTO, EACH = (
    "plain",
    "guarded, last epoch only",
    "guarded, auto",
    "guarded, a look every epoch",
)
TINY, WHOLE = "tiny", "yolo26n.yaml"
SHORT = 4  # epochs of the trainings whose memory is told
BOUND = 0.02  # of memory
ENOUGH = 3  # trainings of a kind, for an interval


def one(kind: str, data: str, epochs: int, folder: str, detector: str) -> None:
    """One training; prints what it took."""
    import torchvision_shim
    import yolo_scenes

    ultralytics = torchvision_shim.ultralytics(Path(folder, "settings"))
    import firsthand

    description = yolo_scenes.model_file(Path(folder), 3) if detector == TINY else detector
    model = ultralytics.YOLO(str(description))
    inside = {"audit": 0.0, "other": 0.0}
    guard = None
    if kind != PLAIN:
        every = {LAST: epochs, AUTO: "auto", EACH: 1}[kind]
        guard = firsthand.guard(model, data, origin="human", anchor_every=every, ledger=False)
        _timed(model, guard, inside)
    told = yolo_scenes.QUICK | {"epochs": epochs, "imgsz": 320, "batch": 16, "nbs": 16}
    began = time.process_time()
    model.train(data=data, project=folder, name="run", **told)
    taken = time.process_time() - began
    budget = guard.run.budget if guard else None
    print(
        json.dumps(
            {
                "seconds": taken,
                "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                "audit": inside["audit"],
                "other": inside["other"],
                "share": budget.share if budget else 0.0,
                "looks": len(guard.run.looks) if guard else 0,
            }
        )
    )


def _timed(model, guard, inside):
    """Processor seconds inside the guard's callbacks, looks left out."""
    from firsthand.integrations.ultralytics.guarding import EVENTS
    from firsthand.integrations.ultralytics.watch import Watch

    looking = [0.0]

    def around(function, key):
        def call(*given, **named):
            began, before = time.process_time(), looking[0]
            try:
                return function(*given, **named)
            finally:
                took = time.process_time() - began
                if key is None:
                    looking[0] += took
                else:
                    inside[key] += took - (looking[0] - before)

        return call

    Watch.look, Watch.probe = around(Watch.look, None), around(Watch.probe, None)
    for event, method in EVENTS.items():
        bound = getattr(guard, method)
        key = "audit" if method == "begins" else "other"
        model.callbacks[event] = [
            around(each, key) if each == bound else each for each in model.callbacks[event]
        ]


def asked(kind: str, data: Path, epochs: int, detector: str = TINY) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, __file__, "--one", kind, str(data), str(epochs), folder, detector]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
        if done.returncode:
            sys.exit(done.stderr)
        return json.loads(done.stdout.strip().splitlines()[-1])


class Log:
    """Trainings that were made, in a file if there is one: a run that was stopped goes on."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        lines = path.read_text("utf-8").splitlines() if path and path.is_file() else []
        self.made = [json.loads(line) for line in lines]

    def runs(self, kinds: tuple[str, ...], data: Path, epochs: int, times: int, detector=TINY):
        """Trainings of each kind, taking turns."""
        for at in range(times):
            for kind in kinds:
                if len(self.of(kind, epochs, detector)) <= at:
                    told = asked(kind, data, epochs, detector)
                    self.keep({"kind": kind, "epochs": epochs, "detector": detector} | told)
        return {kind: self.of(kind, epochs, detector)[:times] for kind in kinds}

    def of(self, kind: str, epochs: int, detector: str) -> list[dict[str, float]]:
        wanted = (kind, epochs, detector)
        return [one for one in self.made if (one["kind"], one["epochs"], one["detector"]) == wanted]

    def keep(self, told: dict[str, float]) -> None:
        self.made.append(told)
        print(told, file=sys.stderr, flush=True)
        if self.path:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(told) + "\n")


def blood_cells(folder: Path) -> Path:
    """Blood cells (bccd) with their own train and val lists, as one data.yaml."""
    source = Path(os.environ.get("FIRSTHAND_DATA") or ROOT.parent / "shared" / "data") / "bccd"
    for split in ("train", "val"):
        names = (source / "splits" / f"{split}.txt").read_text().split()
        for part, suffix in (("images", ".jpg"), ("labels", ".txt")):
            (folder / part / split).mkdir(parents=True)
            for name in set(names) - {TWIN}:
                shutil.copy(source / part / f"{name}{suffix}", folder / part / split)
    data = folder / "data.yaml"
    data.write_text(
        f"path: {folder}\ntrain: images/train\nval: images/val\nnames: [WBC, RBC, Platelets]\n"
    )
    return data


def main() -> None:
    words = argparse.ArgumentParser()
    words.add_argument("--runs", type=int, default=3)
    words.add_argument("--memory-runs", type=int, default=8)
    words.add_argument("--whole-runs", type=int, default=3)
    words.add_argument("--epochs", type=int, default=10, help="of trainings whose time is told")
    words.add_argument("--log", type=Path, help="a file of trainings to go on with")
    words.add_argument("--one", nargs=5)
    given = words.parse_args()
    if given.one:
        kind, data, epochs, folder, detector = given.one
        one(kind, data, int(epochs), folder, detector)
        return
    with tempfile.TemporaryDirectory() as folder:
        data = blood_cells(Path(folder) / "bccd")
        log = Log(given.log)
        memory = log.runs((PLAIN, LAST, EACH), data, SHORT, given.memory_runs)
        whole = log.runs((PLAIN, EACH), data, 1, given.whole_runs, WHOLE)
        taken = log.runs((PLAIN, LAST, AUTO), data, given.epochs, given.runs)
    text = "\n".join([*_head(), *_seconds(taken, given.epochs), "", *_memory(memory, whole), ""])
    (ROOT / "docs" / "benchmarks-guard.md").write_text(text, encoding="utf-8")
    print(text)


def _head():
    return [
        "# What the guard costs",
        "",
        "`python benchmarks/guard.py`: bccd with train and val as published, without "
        f"{TWIN}, whose twin is in val; 320 pixels, batches of 16, one core; every training is a "
        "process of its own, and kinds take turns.",
        "",
    ]


def _seconds(found, epochs):
    plain = np.median([each["seconds"] for each in found[PLAIN]])
    inside = np.median([each["audit"] + each["other"] for each in found[LAST]])
    lines = [
        "## Time",
        "",
        f"{epochs} epochs of a detector of 20,000 weights: medians of {len(found[PLAIN])} "
        "trainings each, with the range.",
        "",
        "| training | processor seconds | audit | rest of the guard, without looks | looks | "
        "looking, share of training time |",
        "|---|---|---|---|---|---|",
    ]
    for kind, each in found.items():
        looks = ", ".join(map(str, sorted({one["looks"] for one in each})))
        lines.append(
            f"| {kind} | {_spread(each, 'seconds', '.0f')} | {_share(each, 'audit', plain)} "
            f"| {_share(each, 'other', plain)} | {looks} | {_spread(each, 'share', '.1%')} |"
        )
    return [
        *lines,
        "",
        f"Without looks the guard takes {inside:.1f} of {plain:.0f} seconds, {inside / plain:.1%} "
        "(bound: 5 %). Nearly all of it is the audit, which does not grow with epochs.",
    ]


def _memory(tiny, whole):
    lines = [
        "## Memory",
        "",
        "The most that the process held at any time: mean over trainings, how far trainings of one "
        "kind are apart (standard deviation), and by how much guarded ones differ from plain ones, "
        f"with 95 % intervals (Welch). The bound is {BOUND:+.0%}.",
        "",
        "| detector | training | trainings | peak | apart | more than plain | bound |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, epochs, found in (
        ("20,000 weights", SHORT, tiny),
        ("yolo26n, 2.5 million", 1, whole),
    ):
        plain = np.array([each["memory"] for each in found[PLAIN]])
        for kind, each in found.items():
            held = np.array([one["memory"] for one in each])
            more = "– | –" if kind == PLAIN else _more(held, plain)
            lines.append(
                f"| {name}, epochs: {epochs} | {kind} | {len(held)} | {held.mean():.0f} MB "
                f"({held.min():.0f}–{held.max():.0f}) | {_apart(held)} | {more} |"
            )
    return lines


def _apart(held):
    return f"{held.std(ddof=1):.0f} MB" if len(held) > 1 else "not known"


def _more(held, plain):
    """The difference of means in MB and percent, each with its interval; is it in the bound?"""
    from scipy.stats import ttest_ind  # late: what is measured is a process of this file

    more = held.mean() - plain.mean()
    if min(len(held), len(plain)) < ENOUGH:
        return f"{more:+.0f} MB | cannot say"
    found = ttest_ind(held, plain, equal_var=False).confidence_interval(0.95)
    low, high = found.low / plain.mean(), found.high / plain.mean()
    kept = "kept" if high <= BOUND else "broken" if low > BOUND else "cannot say"
    return (
        f"{more:+.0f} MB [{found.low:+.0f}, {found.high:+.0f}], "
        f"{more / plain.mean():+.1%} [{low:+.1%}, {high:+.1%}] | {kept}"
    )


def _spread(runs, key, form):
    values = [each[key] for each in runs]
    return f"{np.median(values):{form}} ({min(values):{form}}–{max(values):{form}})"


def _share(runs, key, whole):
    if not any(each[key] for each in runs):
        return "–"
    middle = np.median([each[key] for each in runs])
    return f"{middle:.1f} s, {middle / whole:.1%}"


if __name__ == "__main__":
    main()
