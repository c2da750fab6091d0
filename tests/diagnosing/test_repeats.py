"""A model that is down to a few outputs: the plainest loss, and the one that metrics cannot see."""

from __future__ import annotations

import json

import numpy as np
import pytest

from firsthand.diagnose import diagnose

N = 200
SPLITS = 199


@pytest.fixture
def points(rng):
    return lambda n=N: rng.normal(size=(n, 3))


@pytest.mark.parametrize("left", [1, 7, 19])
def test_a_model_that_repeats_itself_has_lost_modes(points, left):
    samples = points(left)[np.arange(N) % left]
    found = diagnose(points(), points(), samples, origin="human", splits=SPLITS)
    lost = found.of("B")
    assert (found.cause, lost.metric) == ("mode-collapse", "different-samples")
    assert lost.state == "broken"
    assert lost.value == pytest.approx(left / N)
    assert lost.null_low < 1 < lost.null_high
    assert lost.n == N


def test_greedy_decoding_is_told_from_a_model_that_knows_no_better(points):
    one = np.repeat(points(1), N, axis=0)
    known = diagnose(points(), points(), one, None, None, points(), origin="human", splits=SPLITS)
    assert (known.cause, known.of("I").state) == ("biased-sampling", "biased")
    assert known.sampling is None  # words and cells of one output, counted often, tell no exponent
    no_better = diagnose(points(), points(), one, None, None, one, origin="human", splits=SPLITS)
    assert no_better.cause == "mode-collapse"


def test_a_training_set_that_repeats_as_much_shows_no_loss(rng, points):
    kinds = points(12)
    train, samples = (kinds[rng.integers(12, size=N)] for _ in range(2))
    found = diagnose(points(), train, samples, origin="human", splits=SPLITS)
    assert (found.of("B").state, found.of("B").reason) == ("unknown", "too-few-groups")
    assert found.of("B").value is None


def test_different_samples_of_a_few_groups_are_not_called_whole(tmp_path, rng):
    rows = {"train": range(N), "samples": (at // 20 for at in range(N))}
    for role, groups in rows.items():
        lines = (
            {"text": " ".join(f"w{one}" for one in rng.integers(50, size=12)), "group": f"g{group}"}
            for group in groups
        )
        text = "".join(json.dumps(one) + "\n" for one in lines)
        (tmp_path / f"{role}.jsonl").write_text(text)
    train, samples = tmp_path / "train.jsonl", tmp_path / "samples.jsonl"
    found = diagnose(train, train, samples, origin="human", splits=SPLITS)
    assert (found.verdict, found.of("B").state) == ("cannot-say", "unknown")


def test_fewer_samples_than_metrics_ask_for_say_nothing(points):
    samples = np.repeat(points(1), 19, axis=0)
    found = diagnose(points(), points(), samples, origin="human", splits=SPLITS)
    assert found.of("B").reason == "too-few-groups"
