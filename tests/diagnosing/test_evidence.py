"""Each piece of evidence against data of which the answer is known."""

import numpy as np
import pytest

from firsthand.diagnosing import context, copies, sampling
from firsthand.diagnosing.exchange import difference
from firsthand.diagnosing.given import points
from firsthand.diagnosing.links import Way, link
from firsthand.errors import InputError
from firsthand.sides import DatasetSide
from firsthand.sources import side_of
from firsthand.trajectory import Row
from firsthand.types import Composition, Dataset, Provenance, Sample

WAY = Way(0, 199)


def document(words, at):
    key = f"{at}"
    return Sample(key=key, media=key.encode().ljust(32, b"."), text=" ".join(words))


def corpus(documents, name="texts"):
    samples = tuple(document(words, f"{name}{at}") for at, words in enumerate(documents))
    return side_of(Dataset(name=name, task="text", classes=(), samples=samples))


def written(n, rng, power=1.0):
    """Documents of 60 words by Zipf's law, sharpened by a power."""
    shares = np.arange(1, 401) ** -1.1
    shares = shares**power / (shares**power).sum()
    return [[f"w{at}" for at in rng.choice(400, 60, p=shares)] for _ in range(n)]


def test_permutations_are_exact(rng):
    """Under exchangeability, p-values are no smaller than they should be."""
    chances = [
        difference(rng.exponential(size=40), np.arange(40) < 20, at, means=True).p_value
        for at in range(200)
    ]
    assert np.mean(np.array(chances) <= 0.05) < 0.11


@pytest.mark.parametrize(("share", "low", "high"), [(0.0, -0.15, 0.15), (0.5, 0.35, 0.65)])
def test_the_share_of_copies_is_the_share_that_was_copied(rng, share, low, high):
    train, fair, heldout = (rng.normal(size=(400, 4)) for _ in range(3))
    made = np.where((rng.random(400) < share)[:, None], train + 1e-4, fair)
    gap, copied = copies.memorised(*(points(each, "x") for each in (train, made, heldout)), 0)
    assert low < copied.evidence.value < high
    assert copied.material == (share > 0)
    assert (copied.evidence.p_value < 0.01) == (share > 0)
    assert gap.material == (share > 0)


def test_copied_documents_are_told_from_new_ones(rng):
    train, fair, heldout = (written(60, rng) for _ in range(3))
    sides = [corpus(each, name) for each, name in ((train, "t"), (heldout, "h"))]
    for made, copied in ((fair, False), (fair[:20] + train[:40], True)):
        found = copies.memorised(sides[0], corpus(made, "s"), sides[1], 0)
        assert found[1].material == copied
        assert (found[1].evidence.p_value < 0.01) == copied
        assert (found[0].evidence.p_value < 0.01) == copied
    assert 0.5 < found[1].evidence.value < 0.8  # two documents in three


def test_held_out_data_that_were_trained_on_or_are_few_tell_nothing(rng):
    train = points(rng.normal(size=(100, 2)), "t")
    few = points(rng.normal(size=(10, 2)), "h")
    for heldout in (train, few):
        assert copies.memorised(train, train, heldout, 0)[1].evidence.reason == "too-few-heldout"


@pytest.mark.parametrize(("factor", "wider"), [(1.0, False), (1.5, True), (0.5, False)])
def test_spread(rng, factor, wider):
    sides = [points(f * rng.normal(size=(300, 3)), "x") for f in (1.0, factor)]
    found = context.spread(sides[0], sides[1], WAY)
    assert found.evidence.value == pytest.approx(factor**2, rel=0.2)
    assert (found.material and found.evidence.p_value < 0.01) == wider


def history(values):
    return [
        Row(
            "run", 0, "replace", at, "class_survival", (("class", "a"),), value, None, None,
            0.9, 1.1, "ratio", 500, 0, "", 2000, 500, False,
        )
        for at, value in enumerate(values, start=1)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ([0.95, 0.85, 0.72, 0.6, 0.5, 0.41], "gradual"),
        ([1.0, 1.01, 0.99, 0.4, 0.41, 0.4], "step"),
        ([1.0, 1.01, 0.99, 1.02, 0.98, 1.0], "flat"),
    ],
)
def test_shape(values, state):
    assert context.shape(history(values), 0.05).state == state


def test_no_history_or_a_short_one_has_no_shape():
    assert context.shape(None, 0.05).reason == "no-history"
    assert context.shape([], 0.05).reason == "nothing-watched"
    assert context.shape(history([1.0]), 0.05).reason == "too-few-looks"


def test_origin_is_unknown_until_somebody_says(rng):
    side = points(rng.normal(size=(5, 2)), "x")
    assert context.origin(context.made_of(side, None)).state == "unknown"
    assert (
        context.origin(context.made_of(side, Provenance("human", "human", generation=0))).state
        == "human"
    )
    made = Provenance("synthetic", "model", generation=3)
    found = context.origin(context.made_of(side, made))
    assert (found.state, found.value, found.absolute) == ("model-made", 1.0, 3.0)


def test_what_is_declared_holds_for_samples_that_say_nothing_themselves():
    model = Sample("b", b"b" * 32, provenance=Provenance("synthetic", "model"), text="b")
    dataset = Dataset("x", "text", (), (Sample("a", b"a" * 32, text="a"), model))
    human = Provenance("human", "human", generation=0)
    assert context.origin(context.made_of(DatasetSide(dataset, None), human)).value == 0.5


def test_one_sample_by_a_model_is_not_people_s_data():
    human = Sample("a", b"a" * 32, provenance=Provenance("human", "human", generation=0), text="a")
    model = Sample("b", b"b" * 32, provenance=Provenance("synthetic", "model"), text="b")
    side = DatasetSide(Dataset("x", "text", (), (human, model)), None)
    assert context.origin(context.made_of(side, None)).value == 0.5


def test_the_exponent_of_sharpened_words_is_found(rng):
    plain, used, train = (
        corpus(written(300, rng, power), name) for name, power in (("p", 1), ("u", 1.25), ("t", 1))
    )
    found = sampling.sampling_bias(plain, used, train, 0)
    assert found.counted == "tokens"
    assert (found.rule.name, found.rule.order) == ("temperature", 1)
    assert found.low < 1.25 < found.high
    assert found.low > 1
    assert 0 < found.lost < 0.1
    assert found.kept_after < found.fair_after


def test_fair_sampling_has_exponent_one(rng):
    found = sampling.sampling_bias(*(corpus(written(300, rng), name) for name in "put"), 0)
    assert found.rule.name == "fair"
    assert found.low < 1 < found.high
    assert found.lost < 0.01


def test_few_documents_are_told_by_shares_alone(rng):
    sides = (corpus(written(each, rng), name) for each, name in ((300, "p"), (300, "u"), (9, "t")))
    found = sampling.sampling_bias(*sides, 0)
    assert found.rule is None
    assert found.exponent == pytest.approx(1, abs=0.04)


def test_of_points_there_is_no_exponent(rng):
    rows = rng.normal(size=(600, 2))
    near = rows[np.linalg.norm(rows, axis=1) < 1.2]
    plain, used = points(rng.normal(size=(600, 2)), "p"), points(near, "u")
    found = sampling.sampling_bias(plain, used, plain, 0)
    assert found.exponent is None
    assert found.lost > 0.2
    assert sampling.sampling_bias(points(rows[:10], "p"), used, plain, 0) is None


def test_labels_lose_classes_and_sizes(real_data):
    human = side_of(real_data("bccd"))
    found = link(human, human, ("A", "P"), WAY)
    assert found.lost.evidence.value == 1.0


@pytest.mark.parametrize("rows", [np.zeros(3), np.zeros((0, 2)), np.full((4, 2), np.nan)])
def test_arrays_that_are_no_points_are_refused(rows):
    with pytest.raises(InputError, match="train is an array"):
        points(rows, "train")


@pytest.mark.parametrize(
    ("models", "unknown", "state"),
    [(1, 0, "human"), (49, 0, "human"), (50, 0, "model-made"), (10, 45, "unknown")],
)
def test_so_few_samples_of_models_that_they_explain_no_loss_count_as_none(models, unknown, state):
    by_class = {"pseudo-label": models, "unknown": unknown, "real": 1000 - models - unknown}
    made = Composition(1000, by_class, {"0": 1000 - models, "1": models}, {}, {}, None, 0)
    assert context.origin(made).state == state
