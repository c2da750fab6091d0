"""The command line as a person and a pipeline meet it."""

from __future__ import annotations

import json
import os
import resource
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

import audits
from firsthand import __version__, cli
from firsthand.cli import _judging, main
from firsthand.errors import InputError
from firsthand.report import render
from firsthand.report.story import retyped
from made import yolo

PROGRAM = [sys.executable, "-m", "firsthand"]
SETS = ["next", "--reference", "human"]


def run(*words):
    with pytest.raises(SystemExit) as ended:
        main(words)
    return ended.value.code or 0


@pytest.fixture
def judged(monkeypatch):
    """Lets a test say what the audit is, and shows what was asked."""
    asked = []

    def answer(audit):
        monkeypatch.setattr(_judging, "judge", lambda question: asked.append(question) or audit)
        return asked

    return answer


@pytest.fixture(autouse=True)
def _plain_locale(monkeypatch):
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)


def test_help_lists_every_command_with_a_line(capsys):
    assert run("--help") == 0
    written = capsys.readouterr().out
    for name in cli.commands():
        line = next(line for line in written.splitlines() if line.startswith(f"  {name} "))
        assert len(line.split()) > 3, f"{name} says nothing of itself"


def test_help_is_cheap():
    # The least of three: a busy machine can only add to it.
    spent = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([*PROGRAM, "--help"], check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(spent) < 0.3


@pytest.mark.parametrize("word", ["--help", "--version"])
def test_help_imports_no_command_and_no_array(word):
    seen = (
        "import sys\n"
        "from firsthand.cli import main\n"
        "try:\n"
        f"    main(['{word}'])\n"
        "except SystemExit: pass\n"
        "print([name for name in sys.modules if name in ('numpy', 'jinja2', 'rich', 'duckdb')\n"
        "       or name.startswith('firsthand.cli.')])"
    )
    ended = subprocess.run([sys.executable, "-c", seen], capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("name", cli.commands())
def test_every_command_has_help(name, capsys):
    assert run(name, "--help") == 0
    assert capsys.readouterr().out.startswith(f"Usage: firsthand {name}")


def test_version(capsys):
    assert run("--version") == 0
    assert capsys.readouterr().out.startswith("firsthand ")


def test_wrong_use_exits_2_and_leaves_stdout_empty(capsys):
    assert run("no-such-command") == 2
    assert run("audit") == 2
    assert run("metrics", "--no-such-option") == 2
    written = capsys.readouterr()
    assert written.out == ""
    assert "No such command" in written.err


@pytest.mark.parametrize("verb", ["audit", "gate"])
@pytest.mark.parametrize(("name", "code"), [("passed", 0), ("blocked", 1), ("cannot-say", 3)])
def test_exit_codes_tell_the_verdict(verb, name, code, judged, capsys):
    judged(audits.EVERY[name]())
    assert run(verb, *SETS) == code
    assert capsys.readouterr().out == render(audits.EVERY[name](), "text")


def test_json_is_one_document_on_stdout(judged, capsys):
    judged(audits.blocked())
    assert run("audit", *SETS, "--json") == 1
    assert json.loads(capsys.readouterr().out)["verdict"] == "block"


def test_every_document_says_its_schema_and_the_version(capsys, tmp_path, monkeypatch):
    data = str(yolo(tmp_path / "human", 8, 1))
    monkeypatch.chdir(tmp_path)
    asked = {
        "init": [],
        "add": [data, "--origin", "human"],
        "commit": ["-m", "first"],
        **dict.fromkeys(("status", "log", "verify", "gc", "metrics"), []),
        "lineage": ["v1"],
        "export": ["v1", "out.jsonl"],
        "measure": [data, "--reference", data, "--metric", "class_survival"],
        "monitor": [data, data, "--reference", data, "--metric", "class_survival"],
        "forecast": [data],
        "plan": [data],
        "diagnose": ["--reference", data, "--train", data],
        "profile": [data, "--out", "human.profile.npz"],
        "anchor": [data, "--origin", "human", "--out", "anchored"],
    }
    for verb, words in asked.items():
        assert run(verb, *words, "--json") in {0, 3}, (verb, capsys.readouterr().err)
        told = json.loads(capsys.readouterr().out)
        assert told["schema"].startswith("firsthand."), verb
        assert told["tool_version"] == __version__, verb
        if verb in {"measure", "monitor", "forecast", "plan", "diagnose", "anchor"}:
            assert told["seed"] == 0, verb


@pytest.mark.parametrize("format", ["json", "junit", "markdown", "github"])
def test_gate_speaks_the_formats_of_pipelines(format, judged, capsys):
    judged(audits.blocked())
    assert run("gate", *SETS, "--format", format) == 1
    assert capsys.readouterr().out == render(audits.blocked(), format)


def test_language_by_option_and_by_locale(judged, capsys, monkeypatch):
    judged(audits.blocked())
    run("audit", *SETS, "--lang", "zh")
    assert capsys.readouterr().out.startswith("■ 已拦截")
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    run("audit", *SETS)
    assert capsys.readouterr().out.startswith("■ 已拦截")
    run("audit", *SETS, "--lang", "en")
    assert capsys.readouterr().out.startswith("■ BLOCKED")
    assert run("audit", *SETS, "--lang", "xx") == 2


def test_report_is_written_and_named(judged, capsys, tmp_path):
    judged(audits.blocked())
    path = tmp_path / "my report.html"
    assert run("audit", *SETS, "--report", str(path)) == 1
    assert str(path) in capsys.readouterr().out
    assert "BLOCKED" in path.read_text(encoding="utf-8")


def test_report_that_cannot_be_written_says_where(judged, capsys, tmp_path):
    judged(audits.blocked())
    path = tmp_path / "no such folder" / "report.html"
    assert run("audit", *SETS, "--report", str(path)) == 2
    assert str(path) in capsys.readouterr().err


def test_options_reach_the_question(judged):
    asked = judged(audits.passed())
    words = ("--anchor", "held", "--origin", "synthetic", "--generator", "gan@2", "--seed", "5")
    run("audit", *SETS, *words, "--format", "yolo", "--metric", "class_survival", "--strict")
    question = asked[0]
    assert (question.candidate, question.reference, question.anchor) == ("next", "human", "held")
    assert (question.origin, question.generator, question.seed) == ("synthetic", "gan@2", 5)
    assert (question.data_format, question.metric, question.strict) == (
        "yolo",
        ["class_survival"],
        True,
    )


def test_advice_asks_the_same_question_again():
    asked = _judging.Question(
        candidate="next", reference="human", origin="synthetic", metric=["a", "b"], seed=3
    )
    told = audits.blocked()
    again = retyped(
        replace(
            told,
            candidate={"source": "next", "options": _judging._options(asked)},
            reference={"source": "human"},
            anchor=None,
        )
    )
    words = "--origin synthetic --seed 3 --metric a --metric b"
    assert again == ["firsthand", "audit", "next", "--reference", "human", *words.split()]


def test_an_expected_error_has_no_traceback(capsys):
    assert run("audit", "no such set", "--reference", "nor this") == 2
    written = capsys.readouterr()
    assert written.out == ""
    assert written.err.startswith("firsthand: ")
    assert "no such set" in written.err
    assert "Traceback" not in written.err


def test_an_expected_error_is_a_document_with_json(capsys):
    assert run("audit", "no such set", "--reference", "nor this", "--json") == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == "input"
    assert "no such set" in error["message"]
    assert error["todo"]


def test_a_generator_without_an_origin_is_refused(capsys, tmp_path):
    assert run("audit", *SETS, "--generator", "gan@2") == 2
    assert "--origin" in capsys.readouterr().err


def fails(error):
    def judge(_question):
        raise error

    return judge


def test_a_bug_does_not_look_like_blocked(monkeypatch, capsys):
    monkeypatch.setattr(_judging, "judge", fails(ZeroDivisionError("odd")))
    assert run("gate", *SETS) == 2
    assert "internal error" in capsys.readouterr().err
    monkeypatch.setenv("FIRSTHAND_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        main(["gate", *SETS])


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PermissionError(13, "Permission denied", "x"), "firsthand: x: Permission denied\n"),
        (InputError("odd"), "odd"),
    ],
)
def test_input_and_output_errors_exit_2(error, said, monkeypatch, capsys):
    monkeypatch.setattr(_judging, "judge", fails(error))
    assert run("gate", *SETS) == 2
    assert said in capsys.readouterr().err


def test_interrupt_exits_130(monkeypatch):
    monkeypatch.setattr(_judging, "judge", fails(KeyboardInterrupt()))
    assert run("gate", *SETS) == 130


def test_a_reader_that_leaves_is_no_error():
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as closed:
        ended = subprocess.run(
            [*PROGRAM, "metrics"], stdout=closed, stderr=subprocess.PIPE, text=True, check=False
        )
    assert ended.returncode == cli.GONE == 128 + signal.SIGPIPE
    assert ended.stderr == ""


def test_a_terminal_without_the_characters_does_not_cost_the_verdict():
    ended = subprocess.run(
        [*PROGRAM, "metrics", "--lang", "zh"],
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "\\u54ea" in ended.stdout


def test_metrics_show_what_they_declare(capsys):
    assert run("metrics") == 0
    written = capsys.readouterr().out
    assert "class_survival: Which classes are disappearing from the labels?" in written
    assert run("metrics", "class_survival", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["schema"] == "firsthand.metrics/1"
    assert told["metrics"][0]["worse"] == "down"
    assert told["metrics"][0]["range"] == [0.0, None]
    assert run("metrics", "nope") == 2


def test_audit_of_eight_images_says_what_it_cannot_tell(real_data, capsys):
    data = str(real_data("coco8") / "coco8.yaml")
    started = time.monotonic()
    code = run("audit", data, "--reference", data, "--origin", "human", "--lang", "en")
    written = capsys.readouterr().out
    assert code in (1, 3), written
    assert "at least" in written
    assert time.monotonic() - started < 60


@pytest.mark.parametrize(
    "words",
    [
        ["audit", "next", "--json"],
        ["audit", *SETS, "--seed", "-1", "--json"],
        ["audit", *SETS, "--jsn", "--json"],
        ["gate", "next", "--format", "json"],
        ["gate", "next", "--format=json"],
        ["nothing", "--json"],
    ],
)
def test_wrong_use_is_a_document_where_json_was_asked_for(words, capsys):
    assert run(*words) == 2
    written = capsys.readouterr()
    said = json.loads(written.out)["error"]
    assert said["code"] == "usage"
    assert "--help" in said["todo"]
    assert written.err == ""


def test_wrong_use_is_explained_to_people_on_stderr(capsys):
    assert run("audit", "next") == 2
    written = capsys.readouterr()
    assert written.out == ""
    assert "--reference" in written.err
    assert "audit --help" in written.err


@pytest.mark.parametrize("words", [["init", "{}"], ["init", "{}", "--json"]])
@pytest.mark.parametrize("redirected", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_do_not_change_what_happens(words, redirected, tmp_path):
    place = str(tmp_path / "new")
    typed = shlex.join([*PROGRAM, *(word.format(place) for word in words)])
    ended = subprocess.run(f"{typed} {redirected}", shell=True, capture_output=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert (tmp_path / "new" / ".firsthand").is_dir()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize(
    "typed",
    [
        "metrics > /dev/full",
        "metrics --json > /dev/full",
        "audit {0} -r {0} 2> /dev/full",
        "audit {0} -r {0} --json > /dev/full",
        "audit {0} 2> /dev/full",
    ],
)
def test_a_full_disk_under_the_output_is_never_called_blocked(typed, tmp_path):
    command = f"{shlex.join(PROGRAM)} {typed.format(tmp_path / 'none')}"
    buffered = {key: said for key, said in os.environ.items() if key != "PYTHONUNBUFFERED"}
    ended = subprocess.run(
        command, shell=True, capture_output=True, text=True, check=False, env=buffered
    )
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr
