"""What a second process read is what this one would have read, whatever happens to it."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from firsthand.content import FileCache, ahead, files
from firsthand.content.ahead import Ahead
from firsthand.content.files import read_facts
from firsthand.read import read

pytestmark = pytest.mark.skipif(os.name != "posix", reason="pipes that never block are POSIX")


@pytest.fixture(autouse=True)
def _always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_MANY", 1)
    monkeypatch.setattr(ahead, "_cores", lambda: 2)


@pytest.fixture
def paths(tmp_path: Path) -> list[str]:
    """Whole images, one that is cut off, text, a folder, nothing, a name that is no UTF-8."""
    rng = np.random.default_rng(0)
    for at in range(40):
        pixels = rng.integers(0, 256, (8, 8 + at), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{at:03d}.{'webp' if at % 5 == 0 else 'png'}")
    whole = (tmp_path / "001.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[:-20])
    (tmp_path / "a b 图.txt").write_text("text")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / os.fsdecode(b"\xff.png")).write_bytes(whole)
    return [*sorted(map(str, tmp_path.iterdir())), str(tmp_path / "gone.png")]


def in_this_process(path: str) -> object:
    try:
        return read_facts(path).facts
    except OSError:
        return None


def asked(cache: FileCache, path: str) -> object:
    try:
        return cache.facts(path)
    except OSError:
        return None


def test_facts_are_those_read_here(paths: list[str], tmp_path: Path) -> None:
    with FileCache(tmp_path) as cache:
        cache.expect([*paths, *paths])
        assert cache._ahead is not None
        found = [asked(cache, path) for path in (*paths, *paths)]
    assert found == [in_this_process(path) for path in (*paths, *paths)]
    assert found.count(None) == 4  # a folder and nothing, twice


def test_every_file_is_read_in_one_of_the_two(paths: list[str]) -> None:
    begun = Ahead(paths)
    found = [begun.take(path) for path in paths]
    begun.close()
    assert [each and each.facts for each in found] == [in_this_process(path) for path in paths]


def test_a_slow_process_is_not_waited_for(paths: list[str]) -> None:
    begun = Ahead(paths)
    os.kill(begun._begun.process.pid, signal.SIGSTOP)
    timer = threading.Timer(0.5, os.kill, (begun._begun.process.pid, signal.SIGCONT))
    timer.start()
    assert begun.take(paths[0]).facts == in_this_process(paths[0])
    assert len(begun._own) > 30
    rest = [begun.take(path) for path in paths[1:]]
    begun.close()
    timer.join()
    assert [each and each.facts for each in rest] == [in_this_process(path) for path in paths[1:]]


def test_a_process_that_dies_is_replaced(paths: list[str], tmp_path: Path) -> None:
    with FileCache(tmp_path) as cache:
        cache.expect(paths)
        first = asked(cache, paths[0])
        cache._ahead._begun.process.kill()
        found = [first, *(asked(cache, path) for path in paths[1:])]
    assert found == [in_this_process(path) for path in paths]


def test_without_a_second_core_or_interpreter_nothing_is_started(
    paths: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(ahead, "_cores", lambda: 1)
        assert Ahead.start(paths) is None
    monkeypatch.setattr(sys, "executable", str(Path(paths[0]).parent / "no-python"))
    assert Ahead.start(paths) is None


def test_modules_in_the_working_folder_are_not_run(
    paths: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("struct", "numpy", "firsthand"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    monkeypatch.chdir(tmp_path)
    begun = Ahead.start(paths)
    assert begun.take(paths[0]) is not None
    begun.close()
    assert not (tmp_path / "ran").exists()


def test_a_yolo_set_reads_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images, labels = tmp_path / "set/images", tmp_path / "set/labels"
    images.mkdir(parents=True)
    labels.mkdir()
    for at in range(30):
        Image.new("L", (16, 8 + at), at).save(images / f"{at:02d}.png")
        (labels / f"{at:02d}.txt").write_text("0 0.5 0.5 0.2 0.2\n" * (at % 3))
    (images / "07.png").write_bytes(b"broken")
    (tmp_path / "set/data.yaml").write_text("train: images\nnames: [a]\n")
    both = []
    for many in (1, 1000):
        monkeypatch.setattr(files, "_MANY", many)
        monkeypatch.setenv("FIRSTHAND_CACHE", str(tmp_path / f"cache{many}"))
        found = read(tmp_path / "set")
        facts = [(one.key, one.media, one.label) for one in found.samples]
        both.append((found.digest, found.skips, facts))
    assert both[0] == both[1]
    assert [skip.code for skip in both[0][1]] == ["undecodable-image"]
