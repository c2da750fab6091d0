"""YAML that remembers its lines and builds nothing but plain values."""

import pytest

from firsthand.errors import InputError
from firsthand.formats import yamltext


def load(tmp_path, text):
    file = tmp_path / "a.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return yamltext.load(file)


def test_values_lines_and_spellings(tmp_path):
    document = load(tmp_path, "names:\n  0: no\n  1: 图\nlist:\n- 1\n- 2.5\n")
    assert document.value == {"names": {0: False, 1: "图"}, "list": [1, 2.5]}
    assert document.spelled["names", 0] == "no"
    assert document.where("names", 1) == f"{tmp_path}/a.yaml:3"
    assert document.where("list", 1, "deeper") == f"{tmp_path}/a.yaml:6"


def test_an_empty_file_is_nothing(tmp_path):
    assert load(tmp_path, "# nothing\n").value is None


def test_a_value_that_is_used_twice_is_built_once(tmp_path):
    layers = "".join(f"a{at}: &a{at} [{', '.join([f'*a{at - 1}'] * 9)}]\n" for at in range(1, 12))
    assert len(load(tmp_path, f"a0: &a0 [1]\n{layers}").value["a11"]) == 9


@pytest.mark.parametrize(
    "text",
    [
        "a: !!python/object/apply:os.system [ls]",
        "a: !!python/name:os.system",
        "a: [1",
        "a: 1\na: 2",
        "a: &a [*a]",
        "a: " + "[" * 5000,
        "a: " + "9" * 5000,
        "a: 2020-99-99",
        "a: 1\n--- \nb: 2",
        "a: \x01",
        b"\xff\xfea\x00",
        b"\x80",
        "a: !!int ''",
        "a: !!bool x",
        "a: !!timestamp x",
    ],
    ids=range(15),
)
def test_what_cannot_be_meant_is_one_clear_error(tmp_path, text):
    with pytest.raises(InputError, match=r"a\.yaml"):
        load(tmp_path, text)


@pytest.mark.parametrize("text", ["a: 1\n\na: 2", "a: 1\n\nb: 2020-99-99", "a: 1\n\nb: !!set {x}"])
def test_an_error_says_the_line(tmp_path, text):
    with pytest.raises(InputError, match=r"^\S+a\.yaml:3: "):
        load(tmp_path, text)


def test_what_cannot_be_opened(tmp_path):
    with pytest.raises(InputError, match="cannot read it"):
        yamltext.load(tmp_path)
