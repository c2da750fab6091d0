"""Precision, recall, density and coverage by blocks against all distances at once."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firsthand.errors import InputError, MissingExtra
from firsthand.numerics import balls, pairs, screening
from firsthand.numerics import prdc as subject
from firsthand.numerics.prdc import PRDC, Counts, estimate, prdc, sampled

if importlib.util.find_spec("numba"):
    from firsthand.numerics.compiled import neighbours as compiled
else:
    compiled = None

BACKENDS = ["numpy"]
if compiled:
    BACKENDS.append("floats")
    if compiled.has_byte_products():
        BACKENDS.append("bytes")
every_backend = pytest.mark.parametrize("backend", BACKENDS)


def squares(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.stack([((row - other) ** 2).sum(axis=1) for row in one])


def naive(reference: np.ndarray, candidate: np.ndarray, k: int) -> PRDC:
    """All pairs in float64."""
    ours, theirs = (
        np.asarray(side, dtype=np.float32).astype(float) for side in (reference, candidate)
    )
    radii = []
    for side in (ours, theirs):
        own = squares(side, side)
        np.fill_diagonal(own, np.inf)
        radii.append(np.sort(own, axis=1)[:, k - 1])
    far = squares(ours, theirs)
    found = []
    for compare in (np.less_equal, np.equal):
        in_ours, in_theirs = compare(far, radii[0][:, None]), compare(far, radii[1][None])
        found.append(Counts(in_ours.sum(0), in_ours.sum(1), in_theirs.sum(1), in_theirs.sum(0)))
    return PRDC(k, np.sqrt(radii[0]), np.sqrt(radii[1]), *found)


def same(found: PRDC, expected: PRDC) -> None:
    np.testing.assert_allclose(found.reference_radius, expected.reference_radius, rtol=1e-9)
    np.testing.assert_allclose(found.candidate_radius, expected.candidate_radius, rtol=1e-9)
    for which in ("counts", "ties"):
        for name, one, other in zip(
            Counts._fields, getattr(found, which), getattr(expected, which), strict=True
        ):
            np.testing.assert_array_equal(one, other, err_msg=f"{which} {name}")
    assert found.scores == expected.scores
    assert found.strict == expected.strict


def worlds() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(5)
    normal = rng.normal
    twins = np.repeat(normal(size=(60, 7)), 3, axis=0)
    stray = np.concatenate([normal(size=(150, 9)), np.full((1, 9), 1e6)])
    return {
        "normal": (normal(size=(210, 20)), 0.8 * normal(size=(190, 20))),
        "lattice": (rng.integers(0, 4, (200, 3)), rng.integers(0, 4, (150, 3))),
        "twins": (twins, np.repeat(twins[:40], 2, axis=0)),
        "identical": (twins, twins),
        "far from the origin": (normal(size=(150, 9)) + 1e4, normal(size=(150, 9)) + 1e4),
        "strays": (stray, np.concatenate([normal(size=(150, 9)), 1e9 * normal(size=(4, 9))])),
        "constant": (np.ones((90, 4)), np.ones((100, 4))),
        "one feature constant": (normal(size=(150, 2)) * [1, 0], normal(size=(99, 2)) * [1, 0]),
        "spread out": (normal(size=(150, 64)), 3 * normal(size=(150, 64))),
        "fewer points than features": (normal(size=(40, 700)), normal(size=(30, 700))),
        "huge": (normal(size=(90, 5)) * 1e30, normal(size=(90, 5)) * 1e30),
        "tiny": (normal(size=(90, 5)) * 1e-30, normal(size=(90, 5)) * 1e-30),
        "few": (normal(size=(6, 3)), normal(size=(7, 3))),
    }


@every_backend
@pytest.mark.parametrize("name", worlds())
def test_agrees_with_all_distances(name: str, backend: str) -> None:
    reference, candidate = worlds()[name]
    found = prdc(reference, candidate, backend=backend, block=70)
    same(found, naive(reference, candidate, 5))


@every_backend
@settings(max_examples=20)
@given(data=st.data())
def test_blocks_change_nothing(backend: str, data: st.DataObject) -> None:
    """By blocks of any size, ties and duplicates included, as in one pass over all pairs."""
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    sizes = [data.draw(st.integers(4, 90)) for _ in range(2)]
    d, step = data.draw(st.integers(1, 9)), data.draw(st.sampled_from([0.0, 0.5]))
    sides = [rng.normal(size=(size, d)).astype(np.float32) for size in sizes]
    if step:
        sides = [np.round(side / step) * step for side in sides]
    found = prdc(*sides, k=3, backend=backend, block=data.draw(st.integers(1, 100)))
    same(found, naive(*sides, 3))


@every_backend
def test_more_in_doubt_than_there_is_room_for(
    backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where bytes leave too many pairs, products of floats take over."""
    monkeypatch.setattr(balls, "ROOM", 10_000)
    monkeypatch.setattr(balls, "KEEP", 0)
    reference, candidate = worlds()["normal"]
    same(prdc(reference, candidate, backend=backend, block=80), naive(reference, candidate, 5))


@pytest.mark.skipif(compiled is None, reason="needs the extra [fast]")
def test_compiled_pieces_do_what_numpy_does(rng: np.random.Generator) -> None:
    products = rng.normal(size=(30, 128)).astype(np.float32)
    rows, columns = rng.normal(size=(4, 30)), rng.normal(size=(4, 128))
    rows[2:], columns[2:] = rows[:2] + 0.5, columns[:2] + 0.5
    edges = rows.astype(np.float32), columns.astype(np.float32)
    seen = []
    for module in (pairs, compiled):
        tally = np.zeros((2, 30), np.int64), np.zeros((2, 128), np.int64)
        room = np.empty((4000, 3), np.int32)
        found = module.screen_floats(products, edges, tally, room)
        seen.append((found, *tally, room[np.lexsort(room[:found, 1::-1].T)]))
    for one, other in zip(*seen, strict=True):
        np.testing.assert_array_equal(one, other)
    lists = [np.full((30, 4), np.inf) for _ in range(2)]
    row, distance = rng.integers(0, 30, 300).astype(np.int32), rng.random(300)
    for each, module in zip(lists, (pairs, compiled), strict=True):
        for part in np.split(np.arange(300), [7, 100]):
            module.insert(each, row[part], distance[part])
    np.testing.assert_array_equal(*lists)


def test_identical_points_are_within_each_others_reach() -> None:
    """Where a ball has no extent, "less than" finds nothing in it, not even its own centre."""
    found = prdc(*worlds()["constant"])
    assert found.scores == (1.0, 1.0, 90 / 5, 1.0)
    assert found.strict == (0.0, 0.0, 0.0, 0.0)
    assert found.decided_by_ties == 100 + 90 + 90


def test_answers_are_given_point_by_point() -> None:
    line = np.arange(12, dtype=np.float32)[:, None]
    found = prdc(line, np.append(line[:4], [[99.0], [100.0]], axis=0), k=1)
    assert found.precise.tolist() == [True] * 4 + [False] * 2
    assert found.covered.tolist() == [True] * 5 + [False] * 7
    assert found.recalled.tolist() == [True] * 5 + [False] * 7
    assert found.reference_radius.tolist() == [1.0] * 12


def test_a_mapped_file_is_read_by_blocks(tmp_path: Path, rng: np.random.Generator) -> None:
    sides = []
    for name in "ab":
        points = rng.normal(size=(150, 12)).astype(np.float32)
        np.save(tmp_path / f"{name}.npy", points)
        sides.append((points, np.load(tmp_path / f"{name}.npy", mmap_mode="r")))
    plain, mapped = zip(*sides, strict=True)
    for backend in BACKENDS:
        same(prdc(*mapped, backend=backend, block=40), prdc(*plain, backend="numpy"))


@pytest.mark.parametrize("wrong", [np.nan, np.inf, 1e38])
def test_points_that_are_not_numbers_are_an_error(wrong: float) -> None:
    reference, candidate = (side.astype(np.float32) for side in worlds()["normal"])
    candidate[77, 3] = wrong
    with pytest.raises(InputError, match="point 77 of the candidate"):
        prdc(reference, candidate)


def test_wrong_shapes_are_an_error() -> None:
    points = np.zeros((9, 2), np.float32)
    with pytest.raises(InputError, match="above k = 9"):
        prdc(points, points, k=9)
    with pytest.raises(InputError, match="2 features, the candidate 1"):
        prdc(points, points[:, :1])
    with pytest.raises(InputError, match="fastest"):
        prdc(points, points, backend="fastest")


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    points = np.zeros((9, 2), np.float32)
    assert prdc(points, points, k=2).scores.recall == 1
    with pytest.raises(MissingExtra, match=r"firsthand\[fast\]"):
        prdc(points, points, k=2, backend="bytes")


def test_work_that_is_large_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(subject.sys.modules, subject.COMPILED, raising=False)
    assert subject._backend("auto", 1e6, 64) == "numpy"
    if compiled:
        assert subject._backend("auto", 1e12, 64) == BACKENDS[-1]
        assert subject._backend("auto", 1e12, 9000) == "floats"


def test_progress_is_told(rng: np.random.Generator) -> None:
    told: list[tuple[int, int]] = []
    points = rng.normal(size=(100, 3)).astype(np.float32)
    prdc(points, points[:60], block=40, progress=lambda done, of: told.append((done, of)))
    tiles = 3 * 4 // 2 + 2 * 3 // 2 + 3 * 2
    assert told == [(at + 1, tiles) for at in range(tiles)]


def test_an_estimate_grows_with_the_pairs(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject, "TRIED", 64)
    points = rng.normal(size=(128, 4)).astype(np.float32)
    small, large = estimate(points[:64], points[:64]), estimate(np.tile(points, (40, 1)), points)
    assert 0 < small.seconds < large.seconds
    assert small.memory < large.memory


def test_parts_bracket_what_sets_of_their_size_show(rng: np.random.Generator) -> None:
    one, other = (rng.normal(size=(600, 4)).astype(np.float32) for _ in range(2))
    found = sampled(one, 0.7 * other, size=200)
    assert found.size == 200
    assert all(a <= b <= c for a, b, c in zip(found.low, found.middle, found.high, strict=True))
    assert found.low.recall < prdc(one[:200], 0.7 * other[:200]).scores.recall < found.high.recall
    with pytest.raises(InputError, match="601"):
        sampled(one, other, size=601)


def test_bounds_hold_for_every_product(rng: np.random.Generator) -> None:
    """What the edges call surely inside or outside is so, for products as they are rounded."""
    points = (rng.normal(size=(96, 300)) * rng.gamma(1.0, 1.0, (96, 1))).astype(np.float32)
    frame = screening.frame_of(points, points, with_bytes=bool(compiled))
    quantise = compiled.quantise if compiled and frame.step else None
    cloud = screening.Cloud(points, frame, 96, quantise)
    cloud.prepare(0, keep=True)
    cloud.bound(0.01)
    exact = squares(points.astype(float), points.astype(float)) * frame.scale**2
    limit = np.median(exact, axis=1)
    shown = {False: cloud.floats(0) @ cloud.floats(0).T}
    if quantise:
        mine = cloud.as_bytes(0)[0].astype(float)
        shown[True] = (mine @ mine.T) * frame.step**2
    for in_bytes, products in shown.items():
        rows = cloud.edges(0, limit, in_bytes=in_bytes)
        columns = screening.swapped(rows)
        product = products[:96, :96].astype(float)
        may = product - columns[0] >= rows[0][:, None]
        surely = product - columns[2] >= rows[2][:, None]
        inside = exact <= limit[:, None]
        assert not (inside & ~may).any()
        assert not (surely & ~inside).any()
        assert (may & ~surely).mean() < 0.5
