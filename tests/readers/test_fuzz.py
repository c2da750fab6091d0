"""Whatever is in a dataset, reading it ends in a dataset or in an error of ours, and runs nothing.

Files of a good dataset are spoilt: bytes are flipped, cut, doubled and replaced, values and keys
are exchanged for hostile ones, files are put where others belong. The exact names and lines of
known defects are tested in test_named_skips.py.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from victims import Victim, outcome

from firsthand import registry
from firsthand.types import Dataset

READERS = registry.names("readers")
LOOSE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
QUICK, DEEP = settings(LOOSE, max_examples=40), settings(LOOSE, max_examples=250)
TOKENS = (
    b"nan", b"-inf", b"1e999", b"-1", b"1.5", b"0", b"9" * 5000, b"null", b"true", b"[]", b"{}",
    b"[" * 3000, b'{"a":' * 3000, b'"', b"'", b",", b"\n", b"\r", b"\t", b"\0", b"\x80",
    b"\xff\xfe", b"\xef\xbb\xbf", b"\\ud800", b"&amp;", b"&x;", b"<!DOCTYPE a [<!ENTITY x 'y'>]>",
    b"<", b"]]>", b"!!python/object/apply:os.system ['true']", b"*a", b"&a", b": ", b"- ",
    b"../" * 40, b"/dev/zero", b"a" * 300, "数据 集".encode(), b"\xf0\x9f\xa9\xb8",
    b"inf inf inf inf inf", b"__proto__",
)  # fmt: skip
HOSTILE = st.sampled_from(
    (
        *(None, True, -1, 0, 1.5, 10**400, 2**63, float("nan"), float("inf"), "", " ", "\ud800"),
        *(
            "\0",
            "a\nb",
            "../../etc/passwd",
            "/dev/zero",
            "x" * 5000,
            [],
            {},
            [[]],
            [None],
            [[1, 2]],
        ),
        *(
            [1, 2, 3, 4],
            {"a": 1},
            {"": None},
            [{}],
            "nan",
            "1e999",
            "2",
            [0.5] * 7,
            [[0.1] * 5] * 3,
        ),
    )
)


@st.composite
def spoilt_bytes(draw: st.DrawFn, data: bytes) -> bytes:
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(data)))
        stop = min(len(data), start + draw(st.integers(0, 40)))
        token = draw(st.sampled_from(TOKENS) | st.binary(max_size=4))
        kind = draw(st.sampled_from(("insert", "replace", "cut", "double", "end", "flip")))
        if kind == "insert":
            data = data[:start] + token + data[start:]
        elif kind == "replace":
            data = data[:start] + token + data[stop:]
        elif kind == "cut":
            data = data[:start] + data[stop:]
        elif kind == "double":
            data = data[:stop] + data[start:]
        elif kind == "end":
            data = data[:start]
        elif start < len(data):
            data = (
                data[:start]
                + bytes([data[start] ^ 1 << draw(st.integers(0, 7))])
                + data[start + 1 :]
            )
    return data


@st.composite
def spoilt_words(draw: st.DrawFn, data: bytes) -> bytes:
    """One number or word in place of another, which leaves the grammar of the file whole."""
    words = list(re.finditer(rb"[\w.+-]+", data))
    for word in sorted(
        draw(st.lists(st.sampled_from(words), min_size=1, max_size=3, unique=True)),
        key=lambda w: -w.start(),
    ):
        data = data[: word.start()] + draw(st.sampled_from(TOKENS)) + data[word.end() :]
    return data


@st.composite
def spoilt_json(draw: st.DrawFn, data: bytes) -> bytes:
    """A hostile value in place of another, or a key less, in every JSON document of the file."""
    lines = data.split(b"\n") if data.count(b"\n{") and not data.startswith(b"{\n") else [data]
    at = draw(st.integers(0, len(lines) - 1))
    if lines[at].strip():
        document = json.loads(lines[at])
        spoil_value(draw, document)
        lines[at] = json.dumps(document).encode()
    return b"\n".join(lines)


def spoil_value(draw: st.DrawFn, value: Any) -> None:
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    if not keys:
        return
    key = draw(st.sampled_from(keys))
    if isinstance(value[key], dict | list) and value[key] and draw(st.integers(0, 3)):
        spoil_value(draw, value[key])
    elif draw(st.booleans()) and draw(st.booleans()):
        del value[key]
    else:
        value[key] = draw(HOSTILE)


def attack(victim: Victim, data: st.DataObject) -> None:
    file = data.draw(st.sampled_from(victim.describing()))
    good = victim.good[file]
    ways = [spoilt_bytes(good)]
    ways += [spoilt_words(good)] * (not file.endswith((".png", ".parquet")))
    ways += [spoilt_json(good)] * 2 * file.endswith(("json", "jsonl"))
    victim.try_with(file, data.draw(st.one_of(ways)))


@pytest.mark.parametrize("name", READERS)
@QUICK
@given(data=st.data())
def test_a_spoilt_file_ends_in_an_error_of_ours(name, victims, data):
    attack(victims(name), data)


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
@DEEP
@given(data=st.data())
def test_many_spoilt_files_end_in_errors_of_ours(name, victims, data):
    attack(victims(name), data)


@pytest.mark.parametrize(
    "name", [name for name in ("image_folder", "voc", "yolo") if name in READERS]
)
@QUICK
@given(data=st.data())
def test_a_spoilt_picture_is_a_sample_or_a_named_skip(name, victims, data):
    victim = victims(name)
    file = next(each for each in victim.good if each.endswith(".png"))
    bad = data.draw(spoilt_bytes(victim.good[file]))
    (victim.folder / file).write_bytes(bad)
    try:
        result = outcome(victim.path, name, victim.folder)
    finally:
        (victim.folder / file).write_bytes(victim.good[file])
    assert isinstance(result, Dataset)
    lost = [skip for skip in result.skips if skip.code == "undecodable-image"]
    assert len(result.samples) + len(lost) == 6
    assert {skip.path for skip in lost} <= {str(victim.folder / file)}
