"""What does the guard cost a training, in time and memory? Writes docs/benchmarks-guard.md.

    python benchmarks/guard.py [--epochs 20] [--runs 3]

Blood cells that people labelled (bccd), the detector of tests/yolo_scenes.py, 320 pixels, on one
core. Each training is a process of its own; plain and guarded ones take turns. Seconds are of the
processor, so that who else is on the machine counts little.
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
KINDS = ("plain", "guarded, last epoch only", "guarded, auto")


def one(kind: str, data: str, epochs: int, folder: str) -> None:
    """One training; prints what it took."""
    import torchvision_shim
    import yolo_scenes

    ultralytics = torchvision_shim.ultralytics(Path(folder, "settings"))
    import firsthand

    model = ultralytics.YOLO(str(yolo_scenes.model_file(Path(folder), 3)))
    inside = {"audit": 0.0, "other": 0.0}
    guard = None
    if kind != KINDS[0]:
        every = "auto" if kind == KINDS[2] else epochs
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


def asked(kind: str, data: Path, epochs: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, __file__, "--one", kind, str(data), str(epochs), folder]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
        if done.returncode:
            sys.exit(done.stderr)
        return json.loads(done.stdout.strip().splitlines()[-1])


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
    words.add_argument("--epochs", type=int, default=20)
    words.add_argument("--runs", type=int, default=3)
    words.add_argument("--one", nargs=4)
    given = words.parse_args()
    if given.one:
        kind, data, epochs, folder = given.one
        one(kind, data, int(epochs), folder)
        return
    with tempfile.TemporaryDirectory() as folder:
        data = blood_cells(Path(folder) / "bccd")
        found = {kind: [] for kind in KINDS}
        for _ in range(given.runs):
            for kind in KINDS:
                found[kind].append(asked(kind, data, given.epochs))
                print(kind, found[kind][-1], file=sys.stderr, flush=True)
    text = page(found, given.epochs, given.runs)
    (ROOT / "docs" / "benchmarks-guard.md").write_text(text, encoding="utf-8")
    print(text)


def page(found, epochs, runs):
    plain = np.median([each["seconds"] for each in found[KINDS[0]]])
    memory = np.median([each["memory"] for each in found[KINDS[0]]])
    lines = [
        "# What the guard costs",
        "",
        f"`python benchmarks/guard.py --epochs {epochs} --runs {runs}`: {epochs} epochs on bccd "
        f"(train and val as published, without {TWIN}, whose twin is in val), "
        "a detector of 20,000 weights, 320 pixels, one core; "
        f"medians of {runs} trainings, each in a process of its own, with the range.",
        "",
        "| training | processor seconds | audit | rest of the guard, without looks | looks | "
        "looking, share of training time | peak memory |",
        "|---|---|---|---|---|---|---|",
    ]
    for kind in KINDS:
        runs_of = found[kind]
        looks = sorted({each["looks"] for each in runs_of})
        lines.append(
            f"| {kind} | {_spread(runs_of, 'seconds', '.0f')} | {_share(runs_of, 'audit', plain)} "
            f"| {_share(runs_of, 'other', plain)} | {', '.join(map(str, looks))} "
            f"| {_spread(runs_of, 'share', '.1%')} | {_spread(runs_of, 'memory', '.0f')} MB |"
        )
    guarded = np.median([each["audit"] + each["other"] for each in found[KINDS[1]]])
    grown = np.median([each["memory"] for each in found[KINDS[1]]]) / memory - 1
    auto = np.median([each["memory"] for each in found[KINDS[2]]]) / memory - 1
    lines += [
        "",
        f"Without looks the guard takes {guarded / plain:.1%} of the plain training's {plain:.0f} "
        f"seconds (bound: 5 %). Nearly all of it is the audit, which does not grow with epochs. "
        f"Peak memory changes by {grown:+.1%}, with looks in between by {auto:+.1%} (bound: +2 %).",
        "",
    ]
    if runs < 3:
        lines += [
            f"Runs: {runs}. How far peak memory varies between runs is not known from them.",
            "",
        ]
    return "\n".join(lines)


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
