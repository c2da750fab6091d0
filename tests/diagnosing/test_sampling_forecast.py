"""The audit of sampling forecasts; a model of WikiText-2 then trains on itself: do they agree?"""

import re

import numpy as np
import pytest

from firsthand.cases.documents import DocumentPool
from firsthand.diagnosing.sampling import GENERATIONS, sampling_bias
from firsthand.recursion import Sampling
from firsthand.sides import DatasetSide
from firsthand.theory.sharpening import sharpening
from firsthand.types import HUMAN

HEADING = re.compile(r"^ = [^=].* = *$", re.MULTILINE)
ASKED = 0.10  # relative error of the exponent, of what is kept and of what is lost
DOCUMENTS = 700


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("bias", [Sampling(top_p=0.95), Sampling(temperature=0.9), Sampling()])
def test_ten_generations_of_a_bigram_model_go_as_forecast(real_data, bias, seed):
    folder = real_data("wikitext2")
    texts = [
        part
        for name in ("train_sample.txt", "valid.txt")
        for part in HEADING.split((folder / name).read_text(encoding="utf-8"))
    ]
    pool, rng = DocumentPool(texts), np.random.default_rng(seed)
    human = pool.take(rng.permutation(len(pool))[:DOCUMENTS], None)

    def said(trained, sampling):
        return pool.learnt(trained, DOCUMENTS, sampling, rng)

    def counts(words):
        return np.bincount(words.rows.ravel(), minlength=int(human.rows.max()) + 1)

    sides = [
        DatasetSide(pool.shown(each, name, HUMAN), None)
        for name, each in (
            ("unfiltered", said(human, Sampling())), ("samples", said(human, bias)),
            ("train", human),
        )
    ]  # fmt: skip
    found = sampling_bias(*sides, seed=seed)
    rows, now = [counts(human)], human
    for _ in range(GENERATIONS):
        now = said(now, bias)
        rows.append(counts(now))
    kept = rows[0][rows[-1] > 0].sum() / rows[0].sum()
    shares = sharpening(rows, measured=False).value
    print(f"{bias.biased}: kept {found.kept_after:.3f}, measured {kept:.3f}; exponent "
          f"{found.exponent:.4f}, top-p {found.rule.top_p:.3f}")  # fmt: skip
    assert found.exponent == pytest.approx(1 / bias.temperature, rel=ASKED / 4)
    assert found.rule.top_p == pytest.approx(bias.top_p, abs=0.01)
    assert found.rule.shares_exponent == pytest.approx(shares, rel=ASKED / 5)
    assert found.kept_after == pytest.approx(kept, rel=ASKED)
    assert 1 - found.kept_after == pytest.approx(1 - kept, rel=ASKED)
