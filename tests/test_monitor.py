"""Looking at every generation: sets, ledgers, runs; and what is refused."""

import json
import shlex
from typing import NamedTuple

import numpy as np
import pytest

from firsthand import __version__, trajectory
from firsthand.cli import main
from firsthand.errors import InputError
from firsthand.monitor import monitor
from firsthand.report.monitored import Told, render
from firsthand.trajectory import Row


def rows(values, *, metric="class_survival", part="star", spread=0.1, paired=False, n=500):
    """A history of one question, with a null band that is as wide as `spread` says."""
    return [
        Row(
            "run", 0, "replace", at, metric, (("class", part),), value, None, None,
            1 - 1.96 * spread, 1 + 1.96 * spread, "ratio", n, 0, "", 2000, 500, paired,
        )
        for at, value in enumerate(values, start=1)
    ]  # fmt: skip


FALLING = [1.0, 0.9, 0.75, 0.5, 0.3, 0.1]
STEADY = [1.02, 0.97, 1.0, 1.04, 0.98, 0.99]


def test_what_falls_is_named_and_what_does_not_is_not():
    found = monitor(rows(FALLING) + rows(STEADY, part="circle"))
    star, circle = found.watched
    assert found.alarm is not None
    assert found.alarm <= 5
    assert star.alarm is not None
    assert circle.alarm is None
    assert star.began.low <= 3
    assert star.began.high <= star.alarm
    assert found.generations == (1, 2, 3, 4, 5, 6)


def test_a_change_has_begun_by_the_alarm():
    """A later, larger step does not move the beginning behind it."""
    found = monitor(rows([0.8, 0.8, 0.1, 0.1], spread=0.05)).watched[0]
    assert found.alarm is not None
    assert found.began.low <= found.began.generation <= found.began.high <= found.alarm


def test_rising_is_worse_where_the_metric_says_so():
    rising = [2 - value for value in FALLING]
    assert monitor(rows(rising, metric="empty_images")).alarm is not None
    assert monitor(rows(rising)).alarm is None


def test_a_stricter_alpha_needs_more():
    found = [monitor(rows(FALLING), alpha=alpha).alarm for alpha in (0.05, 1e-4)]
    assert found[0] < found[1]


def test_overlap_or_unknown_sizes_leave_less_evidence():
    known, unknown = rows(FALLING), rows(FALLING, paired=None)
    strong, weak = (monitor(each).watched[0].e_values[-1] for each in (known, unknown))
    assert weak < strong
    assert monitor(unknown).alarm is not None


def test_a_question_that_is_sometimes_not_answered():
    history = rows(FALLING)
    history[2] = history[2]._replace(value=None, reason="too-few-objects")
    found = monitor(history + rows(STEADY, part="circle"))
    assert found.watched[0].generations == (1, 2, 4, 5, 6)
    assert found.alarm is not None
    told = render(Told(found, ["firsthand", "monitor", "RUN"], "", ""))
    assert "? class_survival, class star: no answer in generation 3;" in told
    assert told.count("no answer") == 1


def test_nothing_to_watch_is_said_with_the_reason():
    silent = [row._replace(value=None, reason="too-few-objects") for row in rows(FALLING)]
    bare = [row._replace(null_low=None, null_high=None) for row in rows(STEADY, part="circle")]
    found = monitor(silent + bare)
    assert (found.alarm, found.watched) == (None, ())
    assert [each.reason for each in found.undetermined] == ["too-few-objects", "no-null-band"]


def test_several_chains_or_a_wrong_alpha_are_refused():
    with pytest.raises(InputError, match="2 chains"):
        monitor([*rows(FALLING), rows(STEADY)[0]._replace(chain=1)])
    with pytest.raises(InputError, match="alpha"):
        monitor(rows(STEADY), alpha=0.0)


def test_a_last_generation_out_of_sight_is_not_called_quiet():
    history = rows(STEADY)
    history[2] = history[2]._replace(value=None, reason="too-few-groups")
    found = monitor(history)
    assert (found.unseen, found.blind) == (((3, "too-few-groups"),), False)
    history[-1] = history[-1]._replace(value=None, reason="too-few-groups")
    assert monitor(history).blind
    lost = rows([*FALLING, 0.1])
    lost[-1] = lost[-1]._replace(value=None, reason="too-few-groups")
    assert not monitor(lost).blind  # an alarm stays one


def test_what_does_not_move_at_all_is_seen():
    still = [row._replace(value=1.0, null_low=1.0, null_high=1.0) for row in rows(STEADY)]
    assert monitor(still + rows(STEADY, part="circle")).unseen == ()


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_numbers_that_are_none_are_refused_by_name(number):
    history = rows(STEADY)
    history[3] = history[3]._replace(value=number)
    with pytest.raises(InputError, match="class_survival of generation 4"):
        monitor(history)


def test_a_look_that_is_there_twice_is_refused():
    with pytest.raises(InputError, match="generation 3 is there 2 times"):
        monitor([*rows(STEADY), rows(STEADY)[2]])


def texts(path, shares, seed):
    """200 documents of words that are as frequent as `shares` say."""
    rng = np.random.default_rng(seed)
    words = np.array([f"word{at}" for at in range(len(shares))])
    lines = [json.dumps({"text": " ".join(rng.choice(words, 40, p=shares))}) for _ in range(200)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def generations(tmp_path_factory):
    folder = tmp_path_factory.mktemp("按代")
    shares = np.arange(60, 0, -1.0)
    human = texts(folder / "human.jsonl", shares / shares.sum(), 0)
    sets = []
    for at in range(1, 4):
        power = shares ** (1 + at)
        sets.append(texts(folder / f"generation {at}.jsonl", power / power.sum(), at))
    return folder, human, sets


class Said(NamedTuple):
    exit_code: int
    stdout: str
    stderr: str


@pytest.fixture
def asked(capsys):
    """Runs a command, monitor if none is named."""

    def ask(*words, command="monitor"):
        with pytest.raises(SystemExit) as ended:
            main([command, *map(str, words)])
        return Said(ended.value.code or 0, *capsys.readouterr())

    return ask


def test_sets_in_order(generations, asked):
    folder, human, sets = generations
    plot = folder / "plot.svg"
    words = (*sets, "-r", human, "--metric", "entropy", "--plot", plot)
    found = asked(*words)
    assert found.exit_code == 1, found.stderr
    assert found.stdout.startswith("ALARM at generation")
    assert "Do next: firsthand audit" in found.stdout
    assert plot.read_text("utf-8").startswith("<svg")
    assert "human against human" in plot.read_text("utf-8")
    document = json.loads(asked(*words, "--json").stdout)
    assert document["schema"] == "firsthand.monitor/1"
    assert (document["tool_version"], document["seed"]) == (__version__, 0)
    assert document["alarm"] in document["generations"]
    assert "警报" in asked(*words, "--lang", "zh").stdout


def test_a_trajectory_says_the_same(generations, asked):
    folder, human, sets = generations
    table = folder / "trajectory.parquet"
    words = (*sets, "-r", human, "--metric", "entropy", "--trajectory", table)
    measured = asked(*words, command="measure")
    assert measured.exit_code == 0
    direct = json.loads(asked(*sets, "-r", human, "--metric", "entropy", "--json").stdout)
    later = json.loads(asked(table, "--json").stdout)
    assert direct["combined"] == later["combined"]


def test_no_reference_no_answer(generations, asked):
    found = asked(generations[2][0])
    assert found.exit_code == 2
    assert "--reference" in found.stderr


def test_a_ledger_stands_for_its_versions(generations, tmp_path, monkeypatch, asked):
    from firsthand.ledger import Ledger
    from firsthand.read import read
    from firsthand.types import HUMAN

    _, human, sets = generations
    monkeypatch.chdir(tmp_path)
    ledger = Ledger.init()
    for source in (human, *sets):
        ledger.add(read(source, declared=HUMAN), source="set", replace=True, copy=True)
        ledger.commit(source)
    found = asked(".", "-r", "v1", "--metric", "entropy", "--json")
    assert found.exit_code in {0, 1}, found.stderr
    assert json.loads(found.stdout)["generations"] == [1, 2, 3]
    assert asked(".", "-r", "v4").exit_code == 2
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    far = asked("..", "-r", "v1", "--metric", "entropy", "--lang", "en")
    assert far.exit_code == found.exit_code, far.stderr
    assert far.stdout.splitlines()[-1].endswith("--reference ..@v1")
    named = asked("..", "-r", "..@v1", "--metric", "entropy", "--lang", "en")
    assert named.stdout.splitlines()[-1] == far.stdout.splitlines()[-1], named.stderr


def test_copies_of_the_reference_are_called_so(generations, asked):
    _, human, _ = generations
    found = asked(human, human, "-r", human, "--metric", "entropy", "--lang", "en")
    assert found.exit_code == 3
    assert "exactly as in the reference" in found.stdout
    again = ["firsthand", "monitor", human, human, "NEXT", "--reference", human]
    assert found.stdout.splitlines()[-1].endswith(shlex.join([*again, "--metric", "entropy"]))


def test_rows_of_a_simulated_run_have_no_null(tmp_path, asked):
    table = tmp_path / "trajectory.parquet"
    trajectory.write(table, [row._replace(null_low=None) for row in rows(STEADY)])
    found = asked(table)
    assert found.exit_code == 3
    assert found.stdout.startswith("CANNOT SAY")


def test_a_broken_trajectory_is_called_so(tmp_path, asked):
    """Without a reference it can be nothing else."""
    (tmp_path / "t.parquet").write_bytes(b"PAR1 no PAR1")
    found = asked(tmp_path / "t.parquet")
    assert found.exit_code == 2
    assert "t.parquet" in found.stderr
    assert "no reference" not in found.stderr


def test_a_last_set_that_cannot_be_measured_is_cannot_say(generations, asked, tmp_path):
    _, human, sets = generations
    (tmp_path / "few.jsonl").write_text(json.dumps({"text": "word1 word2"}) + "\n")
    shares = np.arange(60, 0, -1.0)
    fresh = texts(tmp_path / "fresh.jsonl", shares / shares.sum(), 9)
    words = (fresh, tmp_path / "few.jsonl", "-r", human, "--metric", "type_survival")
    found = asked(*words)
    assert found.exit_code == 3
    assert found.stdout.startswith("CANNOT SAY: nothing of generation 2 could be measured.")
    assert "? nothing of generation 2" in found.stdout
    assert "{" not in asked(*words, "--lang", "zh").stdout
