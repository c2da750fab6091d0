"""What is wrong with a spec is said: the key, the value, what was expected, and the line."""

import pytest

from firsthand import lab
from firsthand.errors import FirsthandError, InputError

GOOD = {"model": "gaussian", "policy": "replace", "generations": 3, "samples": 10}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"generation": 3}, "unknown key 'generation'. Expected one of generations, samples"),
        ({"samples": -5}, "samples is -5. Expected a whole number of 1 or more"),
        ({"samples": 2.5}, "samples is 2.5. Expected a whole number"),
        ({"samples": True}, "samples is True. Expected a whole number"),
        ({"generations": 0}, "generations is 0. Expected a whole number of 1 or more"),
        ({"chains": "many"}, "chains is 'many'. Expected a whole number"),
        ({"model": "gausian"}, "no model named 'gausian'"),
        ({"model": {"name": "gaussian", "colour": 1}}, "gaussian has no option 'colour'"),
        ({"model": {"name": "gaussian", "dimensions": 0}}, "dimensions is 0. Expected 1 or more"),
        ({"model": {"name": "gaussian", "dimensions": "a"}}, "dimensions is 'a'. Expected a int"),
        (
            {"model": {"name": "gaussian", "estimator": "x"}},
            "estimator is 'x'. Expected one of mle",
        ),
        ({"model": 3}, "model is 3. Expected the name of a model"),
        ({"policy": {"name": "fresh", "share": 1.5}}, "share is 1.5. Expected a share from 0 to 1"),
        ({"policy": "anchor"}, "makes Recipe(human=10) of 10 human samples"),
        ({"policy": {"name": "fresh", "share": 1.0}}, "at least one generated sample"),
        ({"sampling": {"temperature": 0}}, "temperature is 0. Expected a number above 0"),
        ({"sampling": {"top_p": 1.2}}, "top_p is 1.2. Expected a number above 0, at most 1"),
        ({"sampling": {"top_p": 0.5}}, "top_p has no meaning for the model gaussian"),
        ({"sampling": {"heat": 2}}, "unknown key 'heat'. Expected one of temperature, top_p"),
        ({"sampling": 2}, "sampling is 2. Expected a mapping"),
    ],
)
def test_a_bad_value_is_named(changes, said):
    with pytest.raises(FirsthandError) as caught:
        lab.parse({**GOOD, **changes})
    assert said in str(caught.value)


def test_a_missing_key_is_named():
    for key in GOOD:
        with pytest.raises(InputError, match=f"{key} is missing"):
            lab.parse({name: value for name, value in GOOD.items() if name != key})


def test_a_file_is_named_with_its_line(tmp_path):
    path = tmp_path / "spec.yaml"
    path.write_text(
        "model: gaussian\npolicy:\n  name: fresh\n  share: 2\ngenerations: 3\nsamples: 9\n"
    )
    with pytest.raises(
        InputError, match=r"spec.yaml:2: share is 2. Expected a share from 0"
    ) as caught:
        lab.load(path)
    assert caught.value.where == f"{path}:2"
    path.write_text("model: gaussian\npolicy: replace\n\ngenerations: -3\nsamples: 9\n")
    with pytest.raises(InputError, match=r"spec.yaml:4: generations is -3"):
        lab.load(path)
    assert lab.asked(path, {"generations": 7}).generations == 7
    path.write_text("- a\n")
    with pytest.raises(InputError, match="no mapping"):
        lab.load(path)


def test_what_is_left_out_has_a_plain_default():
    found = lab.parse(GOOD)
    assert (found.first, found.chains, found.seed, found.every) == (10, 1, 0, 1)
    long = lab.parse({**GOOD, "generations": 2000})
    assert len(long.recorded) == 100
    assert long.recorded[-1] == 2000
    assert lab.parse({**GOOD, "generations": 7, "every": 3}).recorded == (3, 6, 7)
