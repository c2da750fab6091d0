"""The cache of points: exact, quick, and never in the way when its file is broken or shared."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from firsthand.content import feature_cache
from firsthand.content.feature_cache import FeatureCache
from firsthand.contracts import Embedder
from firsthand.embedding import CHUNK, remembering
from firsthand.errors import InputError
from firsthand.types import Dataset, Sample


def keys(n: int, start: int = 0) -> list[bytes]:
    return [hashlib.sha256(str(at).encode()).digest() for at in range(start, start + n)]


def points(n: int, d: int = 8) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(n, d)).astype(np.float32)


def same(found: dict[bytes, np.ndarray], media: list[bytes], values: np.ndarray) -> None:
    assert set(found) == set(media)
    np.testing.assert_array_equal([found[key] for key in media], values)


def test_what_was_put_in_comes_out_bit_by_bit() -> None:
    values = points(1200)
    values[3, 2], values[5, 1] = np.nan, -0.0
    FeatureCache("e@1").put(keys(1200), values)
    found = FeatureCache("e@1").get(keys(1300))
    assert np.stack([found[key] for key in keys(1200)]).tobytes() == values.tobytes()
    assert len(found) == 1200


def test_another_version_knows_nothing() -> None:
    FeatureCache("e@1").put(keys(3), points(3))
    assert FeatureCache("e@2").get(keys(3)) == {}


def test_ten_thousand_points_take_less_than_a_second_each_way() -> None:
    media, values = keys(10_000), points(10_000, 512)
    cache = FeatureCache("e@1")
    start = time.process_time()
    cache.put(media, values)
    middle = time.process_time()
    found = cache.get(media)
    end = time.process_time()
    assert len(found) == 10_000
    assert max(middle - start, end - middle) < 1


def test_a_damaged_row_is_not_given_out_and_is_put_in_again() -> None:
    cache, media, values = FeatureCache("e@1"), keys(9), points(9)
    cache.put(media, values)
    content = cache.file.read_bytes()
    at = content.index(values[4].tobytes()) + 5
    cache.file.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
    rest = media[:4] + media[5:]
    same(cache.get(media), rest, np.delete(values, 4, axis=0))
    cache.put([media[4]], values[4:5])
    same(cache.get(media), media, values)


DAMAGES = {
    "no database": lambda content: b"no database at all" * 400,
    "empty": lambda content: b"",
    "half": lambda content: content[: len(content) // 2],
    "a torn page": lambda content: content[:4096] + os.urandom(4096) + content[8192:],
    "another table": None,
    "other types": None,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_made_again(damage: str) -> None:
    cache, media, values = FeatureCache("e@1"), keys(2000), points(2000)
    cache.put(media, values)
    spoil = DAMAGES[damage]
    if spoil is not None:
        cache.file.write_bytes(spoil(cache.file.read_bytes()))
    else:
        with sqlite3.connect(cache.file) as connection:
            if damage == "other types":
                connection.execute("UPDATE points SET point = 'text', checksum = 'text'")
            else:
                connection.execute("DROP TABLE points")
                connection.execute("CREATE TABLE points (something)")
        connection.close()
    found = cache.get(media)
    for key, value in found.items():
        np.testing.assert_array_equal(value, values[media.index(key)])
    assert len(found) < 2000
    for _ in range(2):  # the first write may be what finds the damage
        cache.put(media, values)
    same(cache.get(media), media, values)


def test_where_nothing_can_be_written_it_is_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("FIRSTHAND_CACHE", str(tmp_path / "file"))
    cache = FeatureCache("e@1")
    cache.put(keys(3), points(3))
    assert cache.get(keys(3)) == {}


def test_while_another_process_writes_it_is_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feature_cache, "WAIT", 0.05)
    cache = FeatureCache("e@1")
    cache.put(keys(2), points(2))
    other = sqlite3.connect(cache.file, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    cache.put(keys(2, start=2), points(2))
    assert cache.get(keys(4)) == {}
    other.execute("COMMIT")
    other.close()
    same(cache.get(keys(4)), keys(2), points(2))


WRITER = """
import hashlib, sys
import numpy as np
from firsthand.content.feature_cache import FeatureCache
for start in range(0, 600, 20):
    media = [hashlib.sha256(str(at).encode()).digest() for at in range(start, start + 20)]
    FeatureCache("e@1").put(media, np.arange(start, start + 20)[:, None] * np.ones((1, 64), "f4"))
"""


def test_two_processes_may_write_the_same_points_at_once() -> None:
    both = [subprocess.Popen([sys.executable, "-c", WRITER]) for _ in range(2)]
    assert [each.wait() for each in both] == [0, 0]
    same(FeatureCache("e@1").get(keys(600)), keys(600), np.arange(600)[:, None] * np.ones((1, 64)))


def test_those_not_used_for_longest_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    old, used, new = (FeatureCache(f"e@{version}") for version in range(3))
    for age, cache in ((300, used), (200, old)):
        cache.put(keys(50), points(50, 512))
        os.utime(cache.file, (time.time() - age, time.time() - age))
    used.get(keys(1))
    monkeypatch.setattr(feature_cache, "LIMIT", int(1.5 * old.file.stat().st_size))
    new.put(keys(50), points(50, 512))
    assert not old.file.exists()
    assert len(used.get(keys(50))) == len(new.get(keys(50))) == 50


class Counting:
    """An embedder that says how often it was asked, and cannot read every third sample."""

    def __init__(self, dimensions: int = 2) -> None:
        self.asked: list[str] = []
        self.made = Embedder(
            name="counting",
            version="1",
            question="How often was it asked?",
            dimensions=dimensions,
            tasks=frozenset({"classify"}),
            embed=self.embed,
        )

    def embed(self, dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
        self.asked += [sample.key for sample in dataset.samples]
        at = [at for at, sample in enumerate(dataset.samples) if int(sample.key) % 3]
        rows = [[float(dataset.samples[index].key), 1.0] for index in at]
        return np.array(rows, np.float32).reshape(-1, 2), np.array(at, np.int64)


def dataset(n: int) -> Dataset:
    samples = tuple(Sample(str(at), media) for at, media in enumerate(keys(n)))
    return Dataset("made", "classify", (), samples)


def test_only_what_was_not_seen_is_embedded() -> None:
    counting = Counting()
    embedder = remembering(counting.made)
    embedder.embed(dataset(10))
    counting.asked.clear()
    found, at = embedder.embed(dataset(2 * CHUNK + 7))
    readable = [row for row in range(2 * CHUNK + 7) if row % 3]
    assert at.tolist() == readable
    assert found[:, 0].tolist() == readable
    seen = set(range(10)) & set(readable)
    assert sorted(map(int, counting.asked)) == sorted(set(range(2 * CHUNK + 7)) - seen)


def test_the_same_content_twice_is_embedded_once_and_found_twice() -> None:
    counting = Counting()
    doubled = dataset(5)
    doubled = replace(doubled, samples=doubled.samples + doubled.samples[::-1])
    found, at = remembering(counting.made).embed(doubled)
    assert at.tolist() == [1, 2, 4, 5, 7, 8]
    assert found[:, 0].tolist() == [1, 2, 4, 4, 2, 1]
    assert len(counting.asked) == 5


def test_what_was_made_before_an_error_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    counting = Counting()

    def stop_at_the_second(part: Dataset) -> tuple[np.ndarray, np.ndarray]:
        if part.samples[0].key != "0":
            raise KeyboardInterrupt
        return counting.embed(part)

    with pytest.raises(KeyboardInterrupt):
        remembering(replace(counting.made, embed=stop_at_the_second)).embed(dataset(CHUNK + 1))
    assert len(FeatureCache("counting@1").get(keys(CHUNK))) == CHUNK - (CHUNK + 2) // 3


def test_points_of_another_size_than_declared_are_refused() -> None:
    with pytest.raises(InputError, match=r"shape \(2,\).*Expected \(5,\)"):
        remembering(Counting(dimensions=5).made).embed(dataset(4))


def test_nothing_readable_is_no_point() -> None:
    found, at = remembering(Counting().made).embed(dataset(1))
    assert found.shape == (0, 2)
    assert at.tolist() == []


def test_a_bar_is_shown_to_who_is_looking(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    _, at = remembering(Counting().made).embed(dataset(CHUNK + 9))
    assert len(at) == CHUNK + 9 - (CHUNK + 11) // 3
    assert "Embedding with counting" in capsys.readouterr().err
