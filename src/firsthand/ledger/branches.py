"""Where a branch stands, and what came onto it meanwhile."""

from __future__ import annotations

import re

from firsthand.errors import InputError
from firsthand.ledger.catalog import Commit, State
from firsthand.ledger.versions import resolve

MAIN = "main"


def check_name(name: str) -> None:
    """Refuse a name that is none for a branch."""
    if not re.fullmatch(r"[A-Za-z][\w./-]*", name) or re.fullmatch(r"v\d+", name):
        raise InputError(
            f"the branch is called {name!r}",
            expected="letters, digits, . _ / -, and no name of a version such as v3",
        )


def head_of(state: State, branch: str, base: str | None) -> str | None:
    """The version that a commit to this branch continues; None if it is the very first."""
    if branch in state.refs:
        if base is not None:
            raise InputError(
                f"the branch {branch} exists already",
                expected="no base, which is for a new branch",
                todo="Leave the base out, or name another branch.",
            )
        return state.refs[branch]
    return resolve(state, base).id if base is not None else state.refs.get(MAIN)


def since(state: State, now: str, before: str | None) -> tuple[Commit, ...]:
    """Commits of a branch after the one that we began from."""
    history = state.history(now)
    at = next((i for i, commit in enumerate(history) if commit.id == before), len(history))
    return history[:at]
