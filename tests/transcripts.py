"""Run the ```console blocks of a page, and compare or rewrite what they show.

    python tests/transcripts.py README.md README.zh-CN.md     # write what the commands say today

A line that starts with `$ ` is run, by one shell after another in one folder; what follows is what
it prints on stdout. `...` stands for anything. What depends on the machine (times, digests) is
compared in form only.
"""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"(?<=```console\n).*?(?=^```)", re.DOTALL | re.MULTILINE)
VARIABLE = (
    (re.compile(r"\b\d+(\.\d+)? ?(s|seconds|秒)(?![A-Za-z])"), "<time>"),
    (re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?(\S*))?"), "<date>"),
    (re.compile(r"\b(?=[a-f]*\d)[0-9a-f]{7,64}\b"), "<digest>"),
)


class Step(NamedTuple):
    """One command of a page and what the page says it prints."""

    command: str
    expected: str


def steps(block: str) -> Iterator[Step]:
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        yield Step(command, expected)


class Shell:
    """Runs commands in a folder that starts with the examples in it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.code = folder, 0
        (folder / "examples").symlink_to(ROOT / "examples")
        here = str(Path(sys.executable).parent)
        own = {
            "PATH": here + os.pathsep + os.environ["PATH"],
            "FIRSTHAND_CACHE": str(folder / "cache"),
            "COLUMNS": "100",
            "LOGNAME": "mei",  # whom the ledger names as author
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
        }
        self.environment = {**os.environ, **own}

    def run(self, command: str) -> str:
        """What the command prints; `$?` is the exit code of the one before."""
        done = subprocess.run(
            ["bash", "-c", f"(exit {self.code}); {command}"],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        self.code = done.returncode
        assert "Traceback" not in done.stderr, done.stderr
        said = done.stdout + (done.stderr if self.code == 2 else "")
        return said.replace(str(self.folder.resolve()), "...")


def alike(expected: str, said: str) -> bool:
    """The same, up to times, digests, white space at line ends and what `...` stands for."""
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    return doctest.OutputChecker().check_output(_plain(expected), _plain(said), options)


def _plain(text: str) -> str:
    for pattern, name in VARIABLE:
        text = pattern.sub(name, text)
    return text.strip() + "\n"


def rewrite(page: Path) -> None:
    """Replace what no longer holds by what the commands say now."""
    with tempfile.TemporaryDirectory() as folder:
        shell = Shell(Path(folder))

        def fresh(block: re.Match[str]) -> str:
            lines = []
            for step in steps(block[0]):
                said = shell.run(step.command)
                kept = step.expected if alike(step.expected, said) else said
                lines.append(f"$ {step.command}\n{kept.strip()}".strip() + "\n")
            return "".join(lines)

        page.write_text(BLOCK.sub(fresh, page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        rewrite(Path(name))
