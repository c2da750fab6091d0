"""When k defects are put into a good dataset, exactly those k are named, with file and line."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from written import COUNT, WRITERS

from firsthand.errors import InputError
from firsthand.read import read
from firsthand.types import Skip


class Defect(NamedTuple):
    """How a good row is spoilt, and what must be said about it."""

    code: str
    spoil: Callable[[bytes], bytes]
    drops: bool = False  # the sample goes with it
    line: int | None = None  # where it is reported, if not on the row


def token(at: int, value: str) -> Callable[[bytes], bytes]:
    def spoil(row: bytes) -> bytes:
        tokens = row.decode().split()
        return " ".join([*tokens[:at], value, *tokens[at + 1 :]]).encode()

    return spoil


def more(value: str) -> Callable[[bytes], bytes]:
    return lambda row: row + value.encode()


def keys(**changes: object) -> Callable[[bytes], bytes]:
    def spoil(row: bytes) -> bytes:
        comma = b"," if row.endswith(b",") else b""
        return json.dumps(json.loads(row.removesuffix(b",")) | changes).encode() + comma

    return spoil


def edge(tag: str, value: str) -> Callable[[bytes], bytes]:
    pattern = f"<{tag}>[^<]*".encode()
    return lambda row: re.sub(pattern, f"<{tag}>{value}".encode(), row)


def instead(value: bytes) -> Callable[[bytes], bytes]:
    return lambda row: value


DEFECTS: dict[str, tuple[Defect, ...]] = {
    "yolo": (
        Defect("label-nan", token(1, "nan")),
        Defect("label-nan", token(2, "abc")),
        Defect("label-range", token(1, "-0.2")),
        Defect("label-range", token(4, "1.5")),
        Defect("label-zero-area", token(3, "0")),
        Defect("label-class", token(0, "99")),
        Defect("label-confidence", more(" 0.9")),
        Defect("label-columns", token(4, "")),
    ),
    "coco": (
        Defect("label-nan", keys(bbox=[float("nan"), 1, 2, 3])),
        Defect("label-nan", keys(bbox=["a", 1, 2, 3])),
        Defect("label-range", keys(bbox=[-5, 1, 2, 3])),
        Defect("label-range", keys(bbox=[60, 1, 20, 3])),
        Defect("label-range", keys(bbox=[10, 10, -5, 3])),
        Defect("label-zero-area", keys(bbox=[1, 1, 0, 3])),
        Defect("label-columns", keys(bbox=[1, 1, 3])),
        Defect("label-columns", keys(bbox=None)),
        Defect("label-columns", keys(segmentation=[[1, 2, 3]])),
        Defect("label-class", keys(category_id=99)),
        Defect("label-class", keys(category_id=None)),
        Defect("label-crowd", keys(iscrowd=1)),
        Defect("orphan-label", keys(image_id=99)),
        Defect("record-invalid", keys(image_id={})),
        Defect("record-invalid", instead(b"7,")),
        Defect("duplicate-key", keys(id=0)),
    ),
    "voc": (
        Defect("label-nan", edge("xmin", "nan")),
        Defect("label-nan", edge("ymin", "one")),
        Defect("label-range", edge("xmin", "-4")),
        Defect("label-range", edge("xmax", "70")),
        Defect("label-range", edge("ymax", "1")),
        Defect("label-columns", lambda row: row.replace(b"xmax", b"wide")),
        Defect("label-class", edge("name", " ")),
    ),
    "jsonl": (
        Defect("missing-text", keys(text=None), drops=True),
        Defect("missing-text", keys(text="  "), drops=True),
        Defect("text-type", keys(text=5), drops=True),
        Defect("text-encoding", keys(text="\ud800"), drops=True),
        Defect("text-encoding", instead(b'{"text": "caf\xe9"}'), drops=True),
        Defect("json-invalid", instead(b'{"text": '), drops=True),
        Defect("json-invalid", instead(b"[" * 100_000), drops=True),
        Defect("json-invalid", instead(b'{"text": "a", "n": ' + b"9" * 5000 + b"}"), drops=True),
        Defect("record-invalid", instead(b"[1, 2]"), drops=True),
        Defect("duplicate-key", keys(id="r0"), drops=True),
        Defect("label-type", keys(label=["a", "b"])),
        Defect("provenance-invalid", keys(origin="martian")),
    ),
    "ndjson": (
        Defect("json-invalid", instead(b"{"), drops=True),
        Defect("record-invalid", instead(b'{"type": "image"}'), drops=True),
        Defect("missing-file", keys(file="gone.png"), drops=True),
        Defect("label-columns", keys(annotations={"boxes": [[0, 0.5, 0.5, 0.1]]})),
        Defect("label-nan", keys(annotations={"boxes": [[0, 0.5, float("nan"), 0.1, 0.1]]})),
        Defect("label-range", keys(annotations={"boxes": [[0, 0.5, 0.5, 0.1, 1.5]]})),
        Defect("label-zero-area", keys(annotations={"boxes": [[0, 0.5, 0.5, 0, 0.1]]})),
        Defect("label-class", keys(annotations={"boxes": [[9, 0.5, 0.5, 0.1, 0.1]]})),
        Defect("provenance-invalid", keys(metadata={"origin": "martian"})),
    ),
    "csv": (
        Defect("missing-text", lambda row: re.sub(rb",[^,]*,", b",,", row, count=1), drops=True),
        Defect("row-columns", more(",more"), drops=True),
        Defect("row-columns", instead(b"one"), drops=True),
        Defect("csv-invalid", instead(b'r9,"quoted"not,cell,train'), drops=True),
        Defect("text-encoding", instead(b"r9,caf\xe9,cell,train"), drops=True),
        Defect("duplicate-key", instead(b"r0,text,cell,train"), drops=True),
    ),
    "text": (
        Defect("missing-text", instead(b" \n"), drops=True, line=0),
        Defect("text-encoding", instead(b"caf\xe9"), drops=True, line=1),
        Defect("text-encoding", instead(b"\xff\xfea\0"), drops=True, line=1),
    ),
    "image_folder": (
        Defect("undecodable-image", instead(b"no image"), drops=True, line=0),
        Defect("undecodable-image", lambda data: data[:-40], drops=True, line=0),
        Defect("undecodable-image", instead(b""), drops=True, line=0),
    ),
}
ROWS = {
    "yolo": ("labels/train/*.txt", rb"\S"),
    "coco": ("instances.json", rb'"bbox"'),
    "voc": ("Annotations/*.xml", rb"<object>"),
    "jsonl": ("data.jsonl", rb"{"),
    "csv": ("data.csv", rb"^r\d"),
    "ndjson": ("made.ndjson", rb'"image"'),
    "text": ("*/*.txt", b""),
    "image_folder": ("*/*.png", b""),
}


def good_rows(name: str, folder: Path) -> list[tuple[Path, int]]:
    """Rows that may be spoilt; line 0 is a whole file. The first stays good, for its key."""
    pattern, mark = ROWS[name]
    found = [
        (file, line)
        for file in sorted(folder.glob(pattern))
        for line, row in enumerate(file.read_bytes().split(b"\n") if mark else [b""], bool(mark))
        if re.search(mark, row)
    ]
    return found[1:]


def spoil(file: Path, line: int, defect: Defect) -> None:
    data = file.read_bytes()
    if not line:
        file.write_bytes(defect.spoil(data))
        return
    rows = data.split(b"\n")
    rows[line - 1] = defect.spoil(rows[line - 1])
    file.write_bytes(b"\n".join(rows))


def named(skips: tuple[Skip, ...]) -> Counter[tuple[str, str, int]]:
    return Counter((skip.code, skip.path, skip.line) for skip in skips)


@pytest.mark.parametrize("name", DEFECTS)
@settings(max_examples=25)
@given(data=st.data())
def test_exactly_the_defects_are_named(name, data):
    with TemporaryDirectory() as place:
        folder = Path(place).resolve() / "有 defects"
        path = WRITERS[name](folder)
        rows = good_rows(name, folder)
        chosen = data.draw(st.lists(st.sampled_from(rows), unique=True, max_size=5))
        expected: Counter[tuple[str, str, int]] = Counter()
        dropped = 0
        for file, line in chosen:
            defect = data.draw(st.sampled_from(DEFECTS[name]))
            spoil(file, line, defect)
            reported = line if defect.line is None else defect.line
            expected[defect.code, str(file), reported] += 1
            dropped += defect.drops
        dataset = read(path)
    assert named(dataset.skips) == expected
    assert len(dataset.samples) == COUNT - dropped
    assert sum(not skip.keeps_sample for skip in dataset.skips) == dropped


@pytest.mark.parametrize("name", DEFECTS)
def test_strict_makes_the_first_an_error(name, tmp_path):
    path = WRITERS[name](tmp_path)
    file, line = good_rows(name, tmp_path)[0]
    spoil(file, line, DEFECTS[name][0])
    with pytest.raises(InputError, match=DEFECTS[name][0].code) as caught:
        read(path, strict=True)
    assert caught.value.where.startswith(str(file))
