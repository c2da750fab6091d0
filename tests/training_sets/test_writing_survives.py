"""A set is there whole or not at all, whatever the disk and the names are like."""

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from small_sets import AUTO, again, boxes, people, picture

from firsthand.errors import InputError
from firsthand.mix import mix
from firsthand.read import read

AWKWARD = ("with space", "训练集", "a'b\"c", "x#1", "[x]*", "semi;colon", "ünï")


@pytest.mark.parametrize("place", ["reference", "link", "copy"])
@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_names_of_folders(tmp_path, name, place):
    human = people(tmp_path / name / "human", 3, val=1)
    auto = boxes(tmp_path / name / "auto", 3, 7)
    mixed = mix(
        "anchor",
        out=tmp_path / name / f"next {name}",
        human=human,
        generated=auto,
        made_by=AUTO,
        place=place,
    )
    assert len(again(mixed).samples) == 7


def test_awkward_names_of_images(tmp_path):
    """Lists are cut at line ends and stripped, so such names get another one in the folder."""
    human = people(tmp_path / "human", 1, val=1)
    names = ("line\nbreak", " before", "\u2028", "plain", "a.b", "图 片", "x" * 200)
    for at, name in enumerate(names):
        picture(human / "images" / "train" / f"{name}.png", 50 + at)
        (human / "labels" / "train" / f"{name}.txt").write_text("0 .5 .5 .2 .2\n")
    mixed = mix("anchor", out=tmp_path / "next", human=human)
    assert (mixed.parts, mixed.referenced) == ({"human": 8}, 7)
    again(mixed)
    lines = (mixed.out / "train.txt").read_text("utf-8").splitlines()
    assert len(lines) == 8
    assert all((mixed.out / line.strip()).is_file() for line in lines)


def test_bytes_that_are_no_utf8_in_a_name(tmp_path):
    human = people(tmp_path / "human", 1, val=1)
    odd = os.fsencode(human / "images" / "train") + b"/\xff\xfe.png"
    picture(human / "images" / "train" / "tmp.png", 77)
    os.rename(os.fsencode(human / "images" / "train" / "tmp.png"), odd)  # noqa: PTH104
    mixed = mix("anchor", out=tmp_path / "next", human=human)
    assert (mixed.parts, mixed.referenced) == ({"human": 2}, 2)
    again(mixed)


@pytest.mark.parametrize("place", ["reference", "link", "copy"])
def test_read_only_sources_stay_as_they_are(tmp_path, place):
    human, auto = people(tmp_path / "human", 3, val=1), boxes(tmp_path / "auto", 3, 7)
    held = [path for folder in (human, auto) for path in folder.rglob("*")]
    before = {
        path: (path.stat().st_mtime_ns, path.is_file() and path.read_bytes()) for path in held
    }
    for path in held:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        mixed = mix(
            "anchor", out=tmp_path / "next", human=human, generated=auto, made_by=AUTO, place=place
        )
        again(mixed)
        after = {p: (p.stat().st_mtime_ns, p.is_file() and p.read_bytes()) for p in held}
        assert after == before
    finally:
        for path in held:
            path.chmod(0o755 if path.is_dir() else 0o644)


def test_a_full_disk_is_worded_and_leaves_nothing(tmp_path):
    human, auto = people(tmp_path / "human"), boxes(tmp_path / "auto", 30, 7)
    held = read(human), read(auto, declared=AUTO)
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, usual[1]))
    try:
        with pytest.raises(InputError, match="writing failed: File too large") as caught:
            mix("anchor", out=tmp_path / "next", human=held[0], generated=held[1])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    assert "nothing was left behind" in str(caught.value)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["auto", "human"]


KILLED = """
import sys
from firsthand.mix import mix
from firsthand.training_sets import placing, yolo

def slow(*given, put=yolo.put):
    put(*given)
    print("placed", flush=True)

yolo.put = slow
mix("anchor", out=sys.argv[1], human=sys.argv[2], place="copy")
print("done", flush=True)
"""


@pytest.mark.parametrize("after", [1, 6, 16])
def test_a_killed_process_leaves_no_half_set(tmp_path, after):
    human = people(tmp_path / "human")
    out = tmp_path / "next"
    command = [sys.executable, "-c", KILLED, str(out), str(human)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(after):
            assert process.stdout.readline() == "placed\n"
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=30)
    left = [each.name for each in tmp_path.iterdir() if each != human]
    if out.exists():  # it may have come through after the last file
        assert read(out).samples
    else:
        assert left == [".next.part"]
    if not out.exists():
        again(mix("anchor", out=out, human=human, place="copy"))
        assert not (tmp_path / ".next.part").exists()


def test_a_source_that_vanished_is_named(tmp_path):
    human = read(people(tmp_path / "human"))
    gone = Path(human.samples[0].path)
    gone.unlink()
    with pytest.raises(InputError, match="the file is not there any more|are missing"):
        mix("anchor", out=tmp_path / "next", human=human, place="copy")
    assert not (tmp_path / "next").exists()
