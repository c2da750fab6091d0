"""Documentation that cannot drift: transcripts are run, lists are generated, links resolve."""

from __future__ import annotations

import doctest
import importlib.util
import re
from pathlib import Path

import pytest

import transcripts
from firsthand.config import DEFAULTS, load_limits

ROOT = Path(__file__).parent.parent
READMES = ("README.md", "README.zh-CN.md")
PAGES = sorted(
    path.relative_to(ROOT).as_posix() for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"))
)


@pytest.mark.parametrize("name", READMES)
def test_readme_shows_what_happens(name, tmp_path, monkeypatch):
    shell = transcripts.Shell(tmp_path)
    text = (ROOT / name).read_text(encoding="utf-8")
    blocks = transcripts.BLOCK.findall(text)
    assert blocks
    for block in blocks:
        for step in transcripts.steps(block):
            said = shell.run(step.command)
            assert transcripts.alike(step.expected, said), f"$ {step.command}\n{said}"
    monkeypatch.chdir(tmp_path)
    test = doctest.DocTestParser().get_doctest(text, {}, name, name, 0)
    assert test.examples
    assert doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test).failed == 0


def test_both_readmes_show_the_same_commands():
    def commands(name):
        text = (ROOT / name).read_text(encoding="utf-8")
        found = [
            step.command
            for block in transcripts.BLOCK.findall(text)
            for step in transcripts.steps(block)
        ]
        return [command.replace(" --lang zh", "") for command in found]

    assert commands("README.md") == commands("README.zh-CN.md")


def test_a_wrong_transcript_is_noticed():
    assert transcripts.alike(
        "took 1.5 s\nid 0a1b2c3d4e\n...\nend", "took 9 s\nid ffff0000\nx\nend\n"
    )
    assert not transcripts.alike("BLOCKED", "PASS")
    assert not transcripts.alike("lost 31 %", "lost 13 %")


def test_generated_pages_are_current():
    place = ROOT / "docs" / "generate.py"
    spec = importlib.util.spec_from_file_location("generate", place)
    assert spec is not None
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    for name, text in generate.pages().items():
        assert (ROOT / "docs" / name).read_text(encoding="utf-8") == text, "run `make docs`"


def test_every_default_limit_is_documented():
    page = (ROOT / "docs" / "limits.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `.+ \|$", page, re.MULTILINE)
    assert rows == [_row(each) for each in DEFAULTS]


def _row(limit):
    at_least = limit.at_most is None
    bound = f"at least {limit.at_least:g}" if at_least else f"at most {limit.at_most:g}"
    return f"| `{limit.name}` | {bound} | {'yes' if limit.required else 'no'} | {limit.reason} |"


def test_the_limits_file_in_the_documentation_loads(tmp_path):
    page = (ROOT / "docs" / "limits.md").read_text(encoding="utf-8")
    [text] = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "firsthand.yaml").write_text(text)
    limits = load_limits(tmp_path / "firsthand.yaml")
    assert limits.waivers
    assert limits.expect


@pytest.mark.parametrize("name", PAGES)
def test_links_inside_the_repository_lead_somewhere(name):
    page = ROOT / name
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
    inside = [link for link in links if "://" not in link and not link.startswith("mailto:")]
    assert not [link for link in inside if not (page.parent / link).exists()]


def test_every_page_is_in_the_index():
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} - {"index.md"}
    assert not [name for name in sorted(pages) if f"]({name})" not in index]
