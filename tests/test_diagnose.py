"""Each failure made on twenty modes of a ring, and on labels; what is said where data lack."""

import json

import numpy as np
import pytest

import made
import rings
from firsthand import trajectory
from firsthand.cli import main
from firsthand.diagnose import diagnose
from firsthand.errors import InputError
from firsthand.numerics.prdc import prdc
from firsthand.trajectory import Row

SEED = 3


def told(case, **options):
    return diagnose(
        case.reference, case.train, case.samples, case.heldout, unfiltered=case.unfiltered,
        origin=case.origin, seed=SEED, splits=199, **options,
    )  # fmt: skip


@pytest.mark.parametrize("cause", rings.MAKERS)
def test_each_failure_is_named_first(cause, rng):
    found = told(rings.MAKERS[cause](400, rng))
    assert found.cause == cause
    assert found.verdict == ("healthy" if cause == "healthy" else "failure")
    assert found.together[0] == cause


def test_the_same_call_gives_the_same_answer(rng):
    case = rings.mode_collapse(200, rng)
    assert told(case) == told(case)


def test_human_data_that_lack_modes_are_never_called_collapse(rng):
    case = rings.forgetting(400, rng)
    assert {each.cause for each in told(case).hypotheses}.isdisjoint(
        {"model-collapse", "collapse-like"}
    )


def test_without_origin_or_time_it_is_collapse_like_and_time_settles_it(rng):
    case = rings.model_collapse(400, rng, generations=25)._replace(origin="unknown")
    found = told(case)
    assert found.cause == "collapse-like"
    assert {"--origin", "--history"} <= {each.option for each in found.settles}
    assert told(case, history=_falling()).cause == "model-collapse"


def test_what_is_not_given_is_unknown_and_named(rng):
    case = rings.healthy(300, rng)
    found = diagnose(case.reference, case.train, splits=199)
    assert found.of("B").reason == "no-samples"
    assert found.of("E").state == "unknown"
    assert [each.option for each in found.settles] == ["--samples"]
    assert found.verdict == "healthy"


def test_too_few_samples_are_no_diagnosis(rng):
    found = diagnose(rng.normal(size=(8, 2)), rng.normal(size=(8, 2)), splits=199)
    assert found.verdict == "cannot-say"
    assert found.hypotheses == ()
    assert all(each.value is None for each in found.evidence)


def test_the_reference_stands_in_for_held_out_data_only_where_training_is_like_it(rng):
    case = rings.overfitting(400, rng)._replace(heldout=None)
    assert told(case).cause == "overfitting"
    assert told(case).of("D").metric == "copied-share"
    lost = rings.forgetting(400, rng)._replace(heldout=None)
    assert told(lost).of("C").reason == "no-heldout"
    unlike = rings.forgetting(400, rng)._replace(heldout=rings.drawn(400, rng))
    assert told(unlike).of("C").reason == "heldout-unlike-train"


def test_held_out_data_that_are_too_few_are_not_called_missing_or_unlike(rng):
    few = rings.overfitting(400, rng)._replace(heldout=rings.drawn(4, rng))
    found = told(few)
    assert {found.of(code).reason for code in "CD"} <= {"heldout-unmeasured", ""}
    assert found.of("C").reason == "heldout-unmeasured"


def test_a_history_that_got_worse_is_not_healthy(rng):
    """The last set may be whole and the history not: then one of them is not what it is said."""
    found = told(rings.healthy(300, rng), history=_falling())
    assert found.of("A").state == "whole"
    assert (found.verdict, found.hypotheses) == ("cannot-say", ())


def _falling(policy="replace"):
    return [
        Row(
            "r", 0, policy, at, "coverage", (), 1 - 0.07 * at, None, None, 0.95, 1.05,
            "share", 400, 0, "", 2000, 500, False,
        )
        for at in range(1, 9)
    ]  # fmt: skip


def test_profile_measures_or_says_what_it_needs(rng):
    found = told(rings.mode_collapse(400, rng), profile=True)
    states = {each.name: each for each in found.profile}
    assert len(states) == 8
    assert states["tails"].state == "seen"
    assert states["scaling-law"].needs == "sizes"
    assert states["any-risk"].needs == "history"
    assert all((each.value is None) == (each.state == "unknown") for each in found.profile)


def test_a_profile_of_few_texts_does_not_ask_for_texts(tmp_path):
    texts = _text(tmp_path / "t.jsonl")
    few = tmp_path / "few.jsonl"
    few.write_text("".join(texts.read_text().splitlines(keepends=True)[:5]))
    found = diagnose(texts, few, splits=199, profile=True)
    needs = {each.name: each.needs for each in found.profile}
    assert needs["hallucination"] == "more-samples"
    assert needs["mixing"] == "points"


@pytest.mark.parametrize("level", [0.0, 1.0, float("nan")])
def test_a_level_that_is_no_probability_is_refused(rng, level):
    case = rings.healthy(50, rng)
    with pytest.raises(InputError, match="level"):
        told(case, level=level)


def test_sets_of_two_kinds_are_refused(rng, tmp_path):
    data = made.yolo(tmp_path / "set", 5, 0)
    with pytest.raises(InputError, match="was read as"):
        diagnose(data, _text(tmp_path / "t.jsonl"))


def _text(path):
    path.write_text("".join(json.dumps({"text": f"word {at}"}) + "\n" for at in range(30)))
    return path


@pytest.fixture
def asked(capsys):
    def ask(*words):
        with pytest.raises(SystemExit) as ended:
            main(["diagnose", *map(str, words)])
        return ended.value.code or 0, capsys.readouterr().out

    return ask


def test_labels_on_disk(tmp_path, asked):
    human, lost = made.yolo(tmp_path / "r", 80, 0), made.yolo(tmp_path / "d", 80, 1, keep=0.2)
    words = ["--reference", human, "--train", lost, "--lang", "en"]
    code, out = asked(*words, "--origin", "model-labelled")
    assert code == 1
    assert out.startswith("FAILURE FOUND: model collapse\n")
    assert "class platelet" in out
    code, out = asked(*words, "--origin", "human")
    assert code == 1
    assert "ollapse" not in out.partition("?")[0]


def test_files_and_every_way_of_telling(tmp_path, asked, rng):
    case = rings.model_collapse(300, rng, generations=25)
    paths = {}
    for name in ("reference", "train", "samples"):
        paths[name] = tmp_path / f"{name}.npy"
        np.save(paths[name], getattr(case, name).astype(np.float32))
    rows = [
        Row(
            "r", 0, "replace", at, "frechet", (), 0.3 * at, None, None, 0.0, 0.2,
            "distance", 400, 0, "", 2000, 500, False,
        )
        for at in range(1, 9)
    ]  # fmt: skip
    trajectory.write(tmp_path / "trajectory.parquet", rows)
    words = [word for name, path in paths.items() for word in (f"--{name}", path)]
    page, plot = tmp_path / "p.html", tmp_path / "p.svg"
    code, out = asked(*words, "--history", tmp_path, "--profile", page, "--plot", plot, "--json")
    found = json.loads(out)
    assert code == 1
    assert found["schema"] == "firsthand.diagnose/1"
    assert found["hypotheses"][0]["cause"] == "model-collapse"
    assert {each["name"]: each["state"] for each in found["profile"]}["any-risk"] == "seen"
    assert page.read_text(encoding="utf-8").count("<tr>") == 8
    assert "http://www.w3.org/2000/svg" in plot.read_text(encoding="utf-8")
    code, out = asked(*words, "--lang", "zh")
    assert code == 1
    assert "类似崩溃" in out.splitlines()[0]


def test_exit_codes_of_health_and_ignorance(tmp_path, asked, rng):
    for name, many in (("r", 300), ("d", 300), ("few", 6)):
        np.save(tmp_path / f"{name}.npy", rng.normal(size=(many, 2)).astype(np.float32))
    r, d, few = (tmp_path / f"{name}.npy" for name in ("r", "d", "few"))
    assert asked("-r", r, "--train", d)[0] == 0
    assert asked("-r", r, "--train", few)[0] == 3
    assert asked("-r", r, "--train", tmp_path / "none.npy")[0] == 2


TOY = {  # the table in docs/diagnosis.md: mean of 20 seeds, and how far ours may be from it
    "healthy": {"A": (0.97, 0.02), "B": (0.98, 0.02), "F": (0.95, 0.05), "D": (0.05, 0.03)},
    "overfitting": {"A": (0.97, 0.02), "B": (1.0, 0.02), "D": (0.83, 0.08)},
    "mode-collapse": {"A": (0.98, 0.02), "B": (0.53, 0.09), "F": (0.99, 0.02), "D": (0.04, 0.05)},
    "catastrophic-forgetting": {"A": (0.37, 0.05), "B": (0.98, 0.02), "D": (0.05, 0.03)},
    "replace-3": {"A": (0.91, 0.04), "B": (0.99, 0.02)},
    "replace-8": {"A": (0.77, 0.05), "B": (0.99, 0.02)},
    "replace-25": {"A": (0.59, 0.05), "B": (0.99, 0.02)},
    "accumulate-25": {"A": (0.93, 0.03)},
}
LINKS = {"A": ("reference", "train"), "B": ("train", "samples"), "F": ("reference", "samples")}


@pytest.mark.slow
@pytest.mark.parametrize("column", TOY)
def test_the_toy_table(column):
    """n = 400, k = 5, coverage and precision as published; D against a held-out 5 % quantile."""
    cases = [rings.toy(column, 400, np.random.default_rng(seed)) for seed in range(20)]
    for code, (expected, spread) in TOY[column].items():
        found = [_copied(one) if code == "D" else _reached(code, one) for one in cases]
        assert np.mean(found) == pytest.approx(expected, abs=spread), code


def _reached(code, case):
    scores = prdc(*(getattr(case, name).astype(np.float32) for name in LINKS[code]), k=5).scores
    return scores.precision if code == "F" else scores.coverage


def _copied(case):
    """Share of samples nearer to training than 95 % of fresh data of its law are."""
    edge = np.quantile(_nearest(case.heldout, case.train), 0.05)
    return np.mean(_nearest(case.samples, case.train) <= edge)


def _nearest(rows, among):
    return np.sqrt(((rows[:, None] - among[None]) ** 2).sum(axis=-1)).min(axis=1)


@pytest.mark.slow
@pytest.mark.parametrize("cause", rings.MAKERS)
def test_nearly_always_right_at_medium_strength(cause):
    """20 seeds a cause: the matrix with many more is in docs/diagnosis-confusion.md."""
    right = sum(
        told(rings.MAKERS[cause](400, np.random.default_rng(1000 + seed))).cause == cause
        for seed in range(20)
    )
    assert right >= 17


def test_rows_that_are_no_numbers_are_named_and_counted(tmp_path, asked, rng):
    human, train = rng.normal(size=(2, 200, 2))
    train[3, 1] = np.nan
    words = []
    for role, points in (("reference", human), ("train", train)):
        np.save(tmp_path / f"{role}.npy", points)
        words += [f"--{role}", tmp_path / f"{role}.npy"]
    code, out = asked(*words, "--lang", "en")
    assert code == 0
    assert "train.npy:4 (coordinate 2: nan)" in out
    (left_out,) = json.loads(asked(*words, "--json")[1])["skips"].values()
    assert left_out["count"] == 1


def test_the_next_command_asks_the_same_question(tmp_path, asked, rng):
    human, train = rng.normal(size=(2, 200, 2))
    words = []
    for role, points in (("reference", human), ("train", train)):
        np.save(tmp_path / f"{role}.npy", points)
        words += [f"--{role}", tmp_path / f"{role}.npy"]
    table = tmp_path / "history.parquet"
    trajectory.write(table, [*_falling(), *_falling("accumulate")])
    words += ["--history", table, "--seed", 4]
    code, out = asked(*words, "--policy", "replace", "--lang", "en")
    assert code == 3
    assert out.startswith("CANNOT SAY: something is broken")
    assert "--policy replace --seed 4" in out
    assert asked(*words, "--policy", "never")[0] == 2


def test_what_is_too_small_is_asked_for(tmp_path, asked, rng):
    words = []
    for role, n in (("reference", 200), ("train", 5)):
        np.save(tmp_path / f"{role}.npy", rng.normal(size=(n, 2)))
        words += [f"--{role}", tmp_path / f"{role}.npy"]
    code, out = asked(*words, "--lang", "en")
    assert code == 3
    assert "Next, give more samples that differ: firsthand diagnose" in out
    assert "--train MORE-SAMPLES" in out
    assert "? too few independent groups of samples: at least" in out
