"""docs/formats.md names every reader and every code that readers use, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from firsthand import registry

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
CODE = re.compile(
    r'"((?:label|orphan|missing|broken|unreadable|undecodable|duplicate|record|json|csv|row|xml|text'
    r'|provenance)-[a-z]+(?:-[a-z]+)?)"'
)
UNUSED_HERE = {"provenance-unused"}  # of the side file, which has a page of its own


def test_every_reader_has_a_row():
    assert set(re.findall(r"^\| `(\w+)` \| ", PAGE, re.MULTILINE)) == set(registry.names("readers"))


def test_every_code_is_explained():
    source = ROOT / "src" / "firsthand"
    files = [*source.glob("readers/**/*.py"), *source.glob("formats/*.py")]
    used = {code for file in files for code in CODE.findall(file.read_text(encoding="utf-8"))}
    used.add("duplicate-key")
    table = PAGE.partition("## What is left out")[2].partition("## Size")[0]
    explained = {
        code
        for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
        for code in re.findall(r"`([a-z-]+)`", row)
    }
    assert explained == used - UNUSED_HERE
