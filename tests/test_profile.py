"""A saved profile answers like the data that it was made of, and notices what happened to it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import made
from firsthand import profile, registry
from firsthand.audit import audit
from firsthand.cli import main
from firsthand.errors import InputError
from firsthand.measure import measure
from firsthand.read import read
from firsthand.sources import side_of
from firsthand.types import Dataset


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    root = tmp_path_factory.mktemp("sets")
    return made.yolo(root / "human", 120, 1), made.yolo(root / "next", 120, 2)


@pytest.fixture(scope="module")
def sides(folders: tuple[Path, Path]) -> tuple[Dataset, Dataset]:
    return read(folders[0]), read(folders[1])


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    return int(ended.value.code or 0)


def saved(dataset: Dataset, folder: Path) -> profile.ProfileSide:
    return profile.save(side_of(dataset), folder / "参考 1.profile.npz")


def numbers(reference, candidate):
    found = measure(reference, candidate, splits=99)
    return {(each.metric, each.slice): each for each in found.measurements}


def test_it_answers_as_the_data_do(sides, tmp_path: Path) -> None:
    reference, candidate = sides
    saved(reference, tmp_path)
    loaded = profile.load(tmp_path / "参考 1.profile.npz")
    assert numbers(loaded, candidate) == numbers(reference, candidate)
    # Labels of shared media are compared sample by sample from a profile as well.
    half = Dataset("half", reference.task, reference.classes, reference.samples[::2])
    assert numbers(loaded, half) == numbers(reference, half)


def test_equal_data_have_equal_digests(sides, tmp_path: Path) -> None:
    reference, candidate = sides
    first = saved(reference, tmp_path).digest
    assert saved(reference, tmp_path).digest == first != saved(candidate, tmp_path).digest


def test_any_change_is_noticed(sides, tmp_path: Path) -> None:
    path = saved(sides[0], tmp_path).path
    with np.load(path) as stored:
        arrays = {name: stored[name] for name in stored.files}
    arrays["boxes.area"] = arrays["boxes.area"] * 1.01
    with path.open("wb") as out:
        np.savez(out, **arrays)
    with pytest.raises(InputError, match="digest"):
        profile.load(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04broken", b"\x80\x04pickle"])
def test_what_is_no_profile_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.profile.npz"
    path.write_bytes(content)
    with pytest.raises(InputError, match="no profile"):
        profile.load(path)


def test_objects_are_never_unpickled(tmp_path: Path) -> None:
    path = tmp_path / "x.profile.npz"
    np.savez(path, facts=np.array([{"a": 1}], dtype=object))
    with pytest.raises(InputError, match="no profile"):
        profile.load(path)


def test_text_is_not_in_it(tmp_path: Path, rng: np.random.Generator) -> None:
    for name in ("human", "next"):
        said = [" ".join(f"word{at}" for at in rng.zipf(1.4, 80)) for _ in range(60)]
        (tmp_path / f"{name}.jsonl").write_text("".join(f'{{"text": "{one}"}}\n' for one in said))
    texts = read(tmp_path / "human.jsonl")
    path = profile.save(side_of(texts), tmp_path / "t.profile.npz").path
    assert b"word7" not in path.read_bytes()
    found = measure(path, tmp_path / "next.jsonl", splits=99)
    assert "type_survival" in {each.metric for each in found.measurements}
    missing = [each for each in found.undetermined if each.reason == "no-such-view"]
    assert all(each.params == {"view": "texts"} for each in missing)


def test_command_line(folders, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "human.profile.npz"
    assert run("profile", folders[0], "--out", out, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["digest"] == profile.load(out).digest
    assert run("measure", folders[1], "--reference", out) == 0
    assert "class_survival" in capsys.readouterr().out
    assert run("profile", folders[0], "--out", tmp_path / "human.npz") == 2
    assert "human.profile.npz" in capsys.readouterr().err


def test_command_line_says_what_is_in_it(
    tmp_path: Path, rng: np.random.Generator, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "".join(f"{age},NO\n" for age in rng.integers(18, 90, 40))
    (tmp_path / "people.csv").write_text("age,country\n" + rows)
    assert run("profile", tmp_path / "people.csv", "--out", tmp_path / "t.profile.npz") == 0
    said = capsys.readouterr().out
    assert "the table's values" in said
    assert "not anonymous" in said


def test_an_audit_takes_it_as_reference_and_as_candidate(sides, tmp_path: Path) -> None:
    reference, candidate = sides
    kept, judged = (
        saved(reference, tmp_path),
        profile.save(side_of(candidate), tmp_path / "b.profile.npz"),
    )
    told = [audit(side, kept.path, origin="human", seed=3) for side in (candidate, judged.path)]
    known = audit(candidate, reference, origin="human", seed=3)
    for each in told:
        assert each.measurements == known.measurements
        assert each.composition.by_label.keys() == known.composition.by_label.keys()
    assert told[1].composition.by_class == {"real": 120}
    assert told[1].candidate["format"] == told[1].reference["format"] == "profile"
    assert [each.verdict for each in told] == ["cannot-say", "pass"]  # one says no origin


def test_leaks_are_looked_for_as_far_as_digests_go(sides, tmp_path: Path) -> None:
    reference, candidate = sides
    saved(reference, tmp_path)
    anchor = Dataset("anchor", candidate.task, candidate.classes, candidate.samples[:7])
    kept = profile.save(side_of(anchor), tmp_path / "anchor.profile.npz")
    result = audit(candidate, reference, anchor=kept.path, origin="human")
    leaks = [each for each in result.findings if each.code == "leak-exact"]
    assert [each.params["count"] for each in leaks] == [7]
    clean = profile.save(side_of(reference), tmp_path / "clean.profile.npz")
    open_questions = audit(candidate, reference, anchor=clean.path, origin="human").undetermined
    assert ("anchor_clean", "no-media") in {(each.metric, each.reason) for each in open_questions}


def test_points_and_media_share_no_digests(sides, tmp_path: Path) -> None:
    pictures, points = sides[0], tmp_path / "points.npy"
    rng = np.random.default_rng(5)
    np.save(points, rng.normal(size=(120, 6)).astype(np.float32))
    np.save(tmp_path / "more.npy", rng.normal(size=(120, 6)).astype(np.float32))
    anchor = Dataset("bare", "classify", (), pictures.samples)
    result = audit(tmp_path / "more.npy", points, anchor=anchor, origin="human")
    reasons = {(each.metric, each.reason) for each in result.undetermined}
    assert ("anchor_clean", "other-digests") in reasons
    assert result.verdict == "cannot-say"


def test_origins_by_file_need_files(sides, tmp_path: Path, capsys) -> None:
    path, side_file = saved(sides[0], tmp_path).path, tmp_path / "provenance.yaml"
    side_file.write_text("samples: []\n")
    asked = ("--reference", path, "--provenance", side_file)
    assert run("audit", path, *asked) == 2
    assert "--origin" in capsys.readouterr().err
    assert run("gate", path, "--reference", path, "--origin", "human", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["candidate"]["format"] == "profile"
    assert told["candidate"]["digest"]


def test_a_text_profile_says_what_it_cannot_be_asked(tmp_path: Path) -> None:
    words = np.array(["the", "a", "one", "two", "red", "blue", "old", "house", "runs"])
    for name, seed in (("human", 1), ("next", 2)):
        rng = np.random.default_rng(seed)
        rows = (json.dumps({"text": " ".join(rng.choice(words, 60))}) for _ in range(80))
        (tmp_path / f"{name}.jsonl").write_text("\n".join(rows))
    saved(read(tmp_path / "human.jsonl"), tmp_path)
    result = audit(tmp_path / "next.jsonl", tmp_path / "参考 1.profile.npz", origin="human")
    lacking = {each.metric for each in result.undetermined if each.reason == "no-such-view"}
    fit = registry.load_all("metrics").values()
    assert lacking == {
        each.name for each in fit if each.audited and each.view == "texts" and "text" in each.tasks
    }
