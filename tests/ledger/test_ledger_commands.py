"""The commands say the same as the Python methods, for people and as JSON."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from ledgers import ledger_with
from PIL import Image

from firsthand.cli import main
from firsthand.ledger import Ledger


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two YOLO datasets, with spaces and Chinese characters in their names."""
    for name, colour in (("human set", 10), ("生成", 90)):
        for split in ("train", "val"):
            write_yolo(tmp_path / name, split, colour)
        (tmp_path / name / "data.yaml").write_text(
            "train: images/train\nval: images/val\nnames: [RBC, WBC]\n", encoding="utf-8"
        )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_yolo(folder: Path, split: str, colour: int) -> None:
    for kind in ("images", "labels"):
        (folder / kind / split).mkdir(parents=True)
    for number in range(3):
        shade = colour + number + (50 if split == "val" else 0)
        picture = Image.new("RGB", (8, 8), (shade, shade, shade))
        picture.save(folder / "images" / split / f"{number}.png")
        text = f"{number % 2} 0.5 0.5 0.{number + 1} 0.25\n"
        (folder / "labels" / split / f"{number}.txt").write_text(text)


def run(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    captured = capsys.readouterr()
    assert left.value.code == code, captured.err + captured.out
    return captured.out if code in {0, 1} or "--json" in arguments else captured.err


def test_the_whole_way_in_chinese(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    zh = ("--lang", "zh")
    said = [run(capsys, "init", *zh), run(capsys, "log", *zh)]
    said.append(run(capsys, "add", "human set/data.yaml", "--origin", "human", *zh))
    said += [run(capsys, "status", *zh), run(capsys, "commit", "-m", "人工", *zh)]
    said.append(run(capsys, "add", "--model", "det@1", "--trained-on", "v1", *zh))
    run(capsys, "add", "生成/data.yaml", "--origin", "synthetic", "--generator", "det@1")
    said.append(run(capsys, "commit", "-m", "生成", "--author", "安", *zh))
    for words in (("diff", "v1"), ("lineage", "det@1"), ("log",), ("verify",), ("gc",)):
        said.append(run(capsys, *words, *zh))
    said.append(run(capsys, "export", "v1", "v1.jsonl", *zh))
    english = re.compile(r"\b(of|is|was|samples?|version|generation|Next|Removed|from|made)\b")
    lines = "".join(said).replace(str(project), "").splitlines()
    assert [line for line in lines if english.search(line)] == []


def test_the_whole_way(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ".firsthand" in run(capsys, "init")
    said = run(capsys, "add", "human set/data.yaml", "--origin", "human")
    assert said.startswith("Staged 6 samples of human set/data.yaml.")
    assert "1 change staged" in run(capsys, "status")
    assert "6 samples" in run(capsys, "commit", "-m", "human")
    said = run(capsys, "add", "--model", "det@1", "--trained-on", "v1")
    assert "its outputs have generation 1" in said
    run(capsys, "add", "生成/data.yaml", "--origin", "synthetic", "--generator", "det@1")
    said = run(capsys, "commit", "-m", "generated", "--author", "ann")
    assert "real 6 (50%), own output 6 (50%); generation 0: 6, 1: 6" in said
    assert "v1 to v2: 6 added" in run(capsys, "diff", "v1", "v2")
    assert "class RBC: 4 samples, now 8 (+4)" in run(capsys, "diff", "v1")
    said = run(capsys, "lineage", "det@1")
    assert "det@1 was trained on v1" in said
    assert "det@1 made samples of v2" in said
    assert "ann: generated" in run(capsys, "log")
    assert run(capsys, "verify").startswith("Clean: 2 versions")
    assert run(capsys, "gc").startswith("Removed 0 files")
    assert len(Ledger.open(project).read("v2").samples) == 12


def test_json_everywhere(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (
        ("init",),
        ("add", "human set/data.yaml", "--origin", "human", "--group-by", "1"),
        ("status",),
        ("commit", "-m", "human"),
        ("log",),
        ("diff", "v1", "main"),
        ("lineage", "v1"),
        ("export", "v1", "out.jsonl"),
        ("verify",),
        ("gc",),
    ):
        document = json.loads(run(capsys, *arguments, "--json"))
        assert document["schema"] == f"firsthand.{arguments[0]}/1"
    error = json.loads(run(capsys, "diff", "v7", "--json", code=2))
    assert error["error"]["code"] == "input"


def test_adding_a_path_again_follows_the_folder(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "init")
    run(capsys, "add", "human set/data.yaml", "--origin", "human")
    run(capsys, "commit", "-m", "human")
    for folder, suffix in (("images", "png"), ("labels", "txt")):
        (project / "human set" / folder / "train" / f"0.{suffix}").unlink()
    run(capsys, "add", "human set/data.yaml", "--origin", "human")
    run(capsys, "commit", "-m", "one picture less")
    assert "v1 to v2: 1 removed" in run(capsys, "diff", "v1")
    run(capsys, "add", "生成/data.yaml", "--origin", "synthetic")
    run(capsys, "commit", "-m", "generated")
    run(capsys, "add", "生成/data.yaml", "--remove")
    run(capsys, "commit", "-m", "without them")
    assert "no sample differs" in run(capsys, "diff", "v2", "v4")


def test_a_yolo_export_has_its_own_validation_set(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "init")
    run(capsys, "add", "human set/data.yaml", "--origin", "human")
    run(capsys, "commit", "-m", "human")
    run(capsys, "export", "v1", "out", "--format", "yolo")
    assert "val: images/val" in (project / "out" / "data.yaml").read_text()
    run(capsys, "add", "out/data.yaml")
    run(capsys, "commit", "-m", "read back", "--branch", "back")
    ledger = Ledger.open(project)
    back = [s for s in ledger.read("back").samples if "out" in s.path]
    assert {(s.media, s.label, s.split) for s in back} == {
        (s.media, s.label, s.split) for s in ledger.read("v1").samples
    }
    assert {s.provenance.media_origin for s in back} == {"human"}


def test_a_yolo_export_refuses_doubtful_validation(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "init")
    run(capsys, "add", "生成/data.yaml", "--origin", "synthetic")
    run(capsys, "commit", "-m", "generated")
    said = run(capsys, "export", "v1", "out", "--format", "yolo", code=2)
    assert "3 samples of the split val were neither made nor verified by people" in said
    assert not (project / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("add",), "either a PATH or --model is needed"),
        (("add", "nowhere"), "no such file or folder"),
        (("add", "human set", "--generator", "det@1"), "not who made them"),
        (("add", "human set", "--origin", "robot"), "Expected one of human, synthetic"),
        (("commit", "-m", "x"), "nothing is staged"),
        (("log", "v3"), "there is none yet"),
    ],
)
def test_wrong_use_says_what_to_do(
    project: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    run(capsys, "init")
    assert message in run(capsys, *arguments, code=2)


def test_sources_inside_each_other_are_refused(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "init")
    run(capsys, "add", "human set/data.yaml", "--origin", "human")
    assert "lie one inside the other" in run(capsys, "add", "human set", code=2)


def test_a_damaged_ledger_exits_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger_with(tmp_path)
    monkeypatch.chdir(tmp_path)
    segment = next((tmp_path / ".firsthand" / "segments").iterdir())
    segment.write_bytes(segment.read_bytes()[:-1])
    said = run(capsys, "verify", code=1)
    assert said.startswith("DAMAGED: 1 thing not as written")
    assert segment.name in said
