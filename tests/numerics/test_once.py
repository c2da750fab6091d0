"""A costly pass is made once for the same arguments, and never for equal ones that are others."""

from __future__ import annotations

import contextlib

from firsthand.numerics.once import Once


def test_same_objects_are_computed_once_and_others_anew() -> None:
    made: list[object] = []
    once = Once(lambda *views: made.append(views) or len(made))
    one, two = [1], [2]
    assert once(one, two) == once(one, two) == 1
    assert once(one, [2]) == 2
    assert once(two, one) == 3
    assert once(two) == 4


def test_nothing_is_kept_after_forgetting_or_a_failure() -> None:
    calls: list[int] = []

    def fails(view: list[int]) -> int:
        calls.append(len(view))
        if len(calls) == 2:
            raise ValueError("second")
        return len(calls)

    once, view = Once(fails), [1]
    assert once(view) == 1
    once.forget()
    with contextlib.suppress(ValueError):
        once(view)
    assert once(view) == 3
