"""JSON with line numbers: it must agree with the standard decoder, and count lines rightly."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firsthand.formats.jsontext import members

LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=4), VALUES, max_size=5), st.sampled_from([None, 1]))
def test_an_object_comes_back_whole(document, indent):
    rebuilt: dict = {}
    for key, _, value in members(json.dumps(document, indent=indent)):
        if isinstance(document[key], list):
            rebuilt.setdefault(key, []).append(value)
        else:
            rebuilt[key] = value
    assert rebuilt == {key: value for key, value in document.items() if value != []}


@given(st.lists(st.integers() | st.text(max_size=3), max_size=9))
def test_elements_of_an_array_stand_on_their_lines(values):
    found = list(members(json.dumps(values, indent=1)))
    assert [member.value for member in found] == values
    assert [member.line for member in found] == list(range(2, len(values) + 2))


@pytest.mark.parametrize(
    "text", ["", "[1", "[1,]", '{"a"}', '{"a":1,}', '{"a":1} 2', "{1:2}", "[1 2]", "7", '{"a":[1}']
)
def test_what_is_not_json_is_refused(text):
    with pytest.raises(ValueError, match="Expecting|Illegal"):
        list(members(text))


def test_what_stood_before_the_break_is_kept():
    found = []
    with pytest.raises(ValueError, match="line 3"):
        found.extend(member.value for member in members('[\n{"id": 1},\n{"id": oops}]'))
    assert found == [{"id": 1}]
