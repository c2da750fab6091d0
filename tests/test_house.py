"""What keeps the house tidy: light imports, short files, plain names, a sorted public surface."""

from __future__ import annotations

import inspect
import os
import re
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import firsthand
from firsthand import errors, types

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "firsthand"
HEAVY = {
    "torch",
    "torchvision",
    "transformers",
    "timm",
    "ultralytics",
    "pandas",
    "sklearn",
    "scipy",
    "pyarrow",
    "cv2",
}
SHOW_HELP = """
import sys
sys.argv = ["firsthand", "--help"]
from firsthand.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
"""


def heavy_imports(code: str, path: Path = SOURCE.parent) -> set[str]:
    """Which heavy packages does a fresh interpreter hold after running this?"""
    show = "\nimport sys\nprint('TOP', *{name.partition('.')[0] for name in sys.modules})"
    environment = {**os.environ, "PYTHONPATH": str(path)}
    done = subprocess.run(
        [sys.executable, "-c", code + show],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return HEAVY & set(done.stdout.rpartition("TOP")[2].split())


def test_core_imports_nothing_heavy():
    everything = "\nimport firsthand\nfor name in firsthand.__all__: getattr(firsthand, name)"
    assert heavy_imports(everything) == set()
    assert heavy_imports(SHOW_HELP) == set()


def test_the_test_above_can_fail(tmp_path):
    """The same check, on a copy in which one file does import a heavy package."""
    shutil.copytree(SOURCE, tmp_path / "firsthand")
    (tmp_path / "torch.py").write_text("")
    assert heavy_imports("import firsthand.errors", tmp_path) == set()
    with (tmp_path / "firsthand" / "errors.py").open("a") as file:
        file.write("\nimport torch\n")
    assert heavy_imports("import firsthand.errors", tmp_path) == {"torch"}


def test_help_is_quick():
    """Under 0.3 seconds of CPU: waiting for a tool to say what it can do is no fun."""

    def seconds() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", SHOW_HELP], check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime

    assert min(seconds() for _ in range(5)) < 0.3


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda p: p.name)
def test_a_file_is_short(path):
    assert len(path.read_text().splitlines()) <= 300


def test_names_say_what_is_inside():
    vague = {"utils", "util", "helpers", "helper", "manager", "base", "common", "misc"}
    assert not [path for path in SOURCE.rglob("*") if path.stem in vague]


def test_public_names_are_sorted_and_complete():
    assert list(firsthand.__all__) == sorted(firsthand.__all__)
    assert len(set(firsthand.__all__)) == len(firsthand.__all__)
    for module in (errors, types):
        own = {
            name
            for name, thing in vars(module).items()
            if inspect.isclass(thing) and thing.__module__ == module.__name__
        }
        assert own <= set(firsthand.__all__)
    assert set(firsthand.__all__) <= set(dir(firsthand))


def test_a_verb_is_a_function_whoever_imported_its_file_first():
    code = """
import importlib, firsthand
for verb in ("audit", "measure", "read"):
    importlib.import_module(f"firsthand.{verb}")
    assert callable(getattr(firsthand, verb)), verb
"""
    assert heavy_imports(code) == set()
    for verb in ("audit", "measure", "read"):
        assert inspect.isfunction(getattr(firsthand, verb))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="collapse_everything"):
        firsthand.collapse_everything  # noqa: B018


def test_no_tracked_file_names_a_machine_or_an_index():
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    # Written so that this file does not match itself.
    private = re.compile(
        r"/wor[k]/|/roo[t]/|/hom[e]/|/tmp/ven[v]|pypi\.or[g]|pythonhoste[d]|index-ur[l]|find-link[s]"
    )
    named = []
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.suffix in {".py", ".md", ".toml", ".txt", ".yaml", ".json", ".cff", ""}:
            text = path.read_text(errors="replace") if path.is_file() else ""
            named += [f"{name}: {found[0]}" for found in private.finditer(text)]
    assert not named
