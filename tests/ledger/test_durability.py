"""Killed commits, two writers, full disks: nothing acknowledged is lost, nothing is torn."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from ledgers import HUMAN, content, dataset, ledger_with, sample

from firsthand.errors import LedgerConflict, LedgerError
from firsthand.ledger import Ledger

WRITER = """
import sys
import numpy as np
from firsthand.ledger import Columns, Ledger
from firsthand.provenance import declare

root, name, commits, rows = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
ledger = Ledger.open(root)
print("ready", flush=True)
for number in range(commits):
    rng = np.random.default_rng([sum(name.encode()), number])
    media = np.frombuffer(rng.bytes(32 * rows), np.uint8).reshape(-1, 32)
    keys = [f"{name}-{number}-{at}" for at in range(rows)]
    ledger.add(Columns(key=keys, media=media), declared=declare("human"), source=name)
    print("begin", flush=True)
    print("done", ledger.commit(f"{name} {number}").id, flush=True)
"""


def start(root: Path, name: str, commits: int, rows: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(root), name, str(commits), str(rows)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def kill_in_a_commit(root: Path, name: str, delay: float) -> list[str]:
    """Start a writer, kill it some time into its commits, and say what it acknowledged."""
    with start(root, name, 1000, 300) as process:
        assert process.stdout is not None
        while process.stdout.readline().strip() != "begin":
            assert process.poll() is None
        time.sleep(delay)
        os.kill(process.pid, signal.SIGKILL)
        rest = process.stdout.read()
    return [line.split()[1] for line in rest.splitlines() if line.startswith("done ")]


def check_kills(root: Path, kills: int, rng: np.random.Generator) -> None:
    ledger = ledger_with(root)
    acknowledged = {ledger.version("v1").id}
    for number in range(kills):
        acknowledged.update(kill_in_a_commit(root, f"w{number}", rng.uniform(0, 0.4)))
    check = Ledger.open(root).verify()
    assert check.clean, check.damaged
    versions = Ledger.open(root).log()
    assert acknowledged <= {version.id for version in versions}
    # A version is whole: its rows are those of its parent and all 300 of its own.
    for version in versions[:-1]:
        assert (version.samples - 10) % 300 == 0
    assert len(Ledger.open(root).read("main").samples) == versions[0].samples
    ledger.gc(grace_seconds=0)
    assert ledger.verify().clean


def test_kill_nine_leaves_whole_versions_only(tmp_path: Path, rng: np.random.Generator) -> None:
    check_kills(tmp_path, 3, rng)


@pytest.mark.slow
def test_a_hundred_kills_lose_nothing(tmp_path: Path, rng: np.random.Generator) -> None:
    check_kills(tmp_path, 100, rng)


def check_two_writers(root: Path, commits: int) -> None:
    ledger_with(root)
    writers = [start(root, name, commits, 50) for name in ("ann", "bob")]
    done = [writer.communicate(timeout=600)[0].count("done ") for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0]
    assert done == [commits, commits]
    ledger = Ledger.open(root)
    main = ledger.version("main")
    assert len(ledger.log("main")) == 1 + 2 * commits
    assert main.sources == {"data": 10, "ann": 50 * commits, "bob": 50 * commits}
    assert len(ledger.read("main").samples) == main.samples
    assert ledger.verify().clean


def test_two_writers_keep_each_others_commits(tmp_path: Path) -> None:
    check_two_writers(tmp_path, 3)


@pytest.mark.slow
def test_two_writers_with_thirty_commits_each(tmp_path: Path) -> None:
    check_two_writers(tmp_path, 30)


def interleaved(folder: Path, ours: int, theirs: int, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """A commit that somebody else overtakes between its files and its transaction."""
    from firsthand.ledger import committing

    ledger, other = ledger_with(folder), Ledger.open(folder)
    ledger.add(dataset(sample(ours, label="ours")), declared=HUMAN, source=folder / "data")
    other.add(dataset(sample(theirs, label="theirs")), declared=HUMAN, source=folder / "data")
    prepare = committing.prepare

    def overtaken(*arguments: object) -> object:
        monkeypatch.setattr(committing, "prepare", prepare)
        change = prepare(*arguments)
        other.commit("theirs")
        return change

    monkeypatch.setattr(committing, "prepare", overtaken)
    return ledger


def test_an_overtaken_commit_is_merged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = interleaved(tmp_path, 3, 4, monkeypatch)
    version = ledger.commit("ours")
    assert (version.name, version.samples) == ("v3", 10)
    labels = {one.key: one.label for one in ledger.read("v3").samples}
    assert labels[sample(3).key] == sample(3, label="ours").label
    assert labels[sample(4).key] == sample(4, label="theirs").label
    assert ledger.diff("v1", "v3").counts["relabelled"] == 2


def test_a_true_conflict_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = interleaved(tmp_path, 3, 3, monkeypatch)
    with pytest.raises(LedgerConflict, match=r"1 of your samples, the first is 'im00003.jpg'.*add"):
        ledger.commit("ours")
    assert ledger.version("main").message == "theirs"
    assert len(ledger.status().staged) == 1, "what was staged is still there"
    assert ledger.commit("ours, on top of theirs").name == "v3"


FULL_DISK = """
import resource, sys
import numpy as np
from firsthand.errors import LedgerError
from firsthand.ledger import Columns, Ledger

ledger = Ledger.open(sys.argv[1])
media = np.frombuffer(np.random.default_rng(0).bytes(32 * 5000), np.uint8).reshape(-1, 32)
for part in ("a", "b"):
    ledger.add(Columns(key=[f"{part}{at}" for at in range(5000)], media=media), source="more")
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    ledger.commit("does not fit")
except LedgerError as error:
    print(error)
    sys.exit(0)
sys.exit(5)
"""


@pytest.mark.parametrize("room", [100, 5_000, 60_000])
def test_a_full_disk_loses_nothing(tmp_path: Path, room: int) -> None:
    ledger = ledger_with(tmp_path)
    before = content(ledger.read("main"))
    command = [sys.executable, "-c", FULL_DISK, str(tmp_path), str(room)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "Nothing was committed" in result.stdout
    assert content(Ledger.open(tmp_path).read("main")) == before
    check = ledger.verify()
    assert check.clean, check.damaged
    ledger.add(dataset(sample(77)), declared=HUMAN)
    assert ledger.commit("with room again").samples == 11


@pytest.mark.parametrize("write", range(8))
def test_any_failing_write_of_a_commit_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: int
) -> None:
    """The disk is full at the nth flush: segments, manifest and their folders."""
    ledger = ledger_with(tmp_path)
    ledger.add(dataset(sample(3, label="x"), sample(50)), declared=HUMAN, source=tmp_path / "data")
    flush, count = os.fsync, 0

    def failing(handle: int) -> None:
        nonlocal count
        count += 1
        if count == write + 1:
            raise OSError(28, "No space left on device")
        flush(handle)

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(LedgerError, match="nothing was lost"):
        ledger.commit("fails")
    monkeypatch.setattr(os, "fsync", flush)
    assert ledger.version("main").name == "v1"
    assert ledger.verify().clean
    assert ledger.commit("with room again").samples == 11
    assert ledger.verify().clean


def test_gc_removes_orphans_after_the_grace_time_only(tmp_path: Path) -> None:
    ledger = ledger_with(tmp_path)
    folder = tmp_path / ".firsthand"
    orphans = [folder / "segments" / f"{'0' * 64}.parquet", folder / "tmp" / "half.parquet"]
    for orphan in orphans:
        orphan.write_bytes(b"left by a killed commit")
    assert ledger.gc().files == ()
    assert set(ledger.gc(grace_seconds=0, dry_run=True).files) == set(map(str, orphans))
    assert all(orphan.exists() for orphan in orphans)
    assert ledger.gc(grace_seconds=0).bytes == 46
    assert not any(orphan.exists() for orphan in orphans)
    assert len(ledger.read("main").samples) == 10


def test_gc_keeps_blobs_that_a_version_or_a_staged_item_holds(tmp_path: Path) -> None:
    from dataclasses import replace

    ledger = Ledger.init(tmp_path)
    for name in ("committed", "staged"):
        (tmp_path / name).write_text(name)
        one = replace(sample(1), key=name, media=_sha(name), path=str(tmp_path / name))
        ledger.add(dataset(one), copy=True)
        if name == "committed":
            ledger.commit("with a copy")
    ledger.gc(grace_seconds=3600)
    blobs = {path.name for path in (tmp_path / ".firsthand" / "blobs").rglob("*") if path.is_file()}
    assert blobs == {_sha("committed").hex(), _sha("staged").hex()}


def _sha(text: str) -> bytes:
    import hashlib

    return hashlib.sha256(text.encode()).digest()
