"""The command that follows a plan: it writes the next training set as the plan has it."""

from __future__ import annotations

import shlex

from firsthand.planning.answer import Plan


def next_step(found: Plan, source: str) -> str:
    """The command that writes the next training set accordingly."""
    choice, size = found.choice, found.target.samples
    share = [f"policy.share={_plain(choice.human / size)}"]
    words = {
        "fresh": ["fresh", *share],
        "quota": ["fresh", *share],
        "weighted": ["weighted", *share, f"policy.weight={_plain(choice.part)}"],
        "anchor": _kept(found) or ["mixed", *share],
        "accumulate": ["accumulate"],
        "replace": ["replace"],
        "filtered": ["filtered"],
    }[choice.way]
    call = ["firsthand", "mix", "--policy", words[0]]
    call += [part for each in words[1:] for part in ("--set", each)]
    call += ["--human", source or "HUMAN", "--generated", "GENERATED", "--samples", str(size)]
    call += {
        "fresh": ["--fresh", "NEW_HUMAN", "--allow-replace"],
        "quota": ["--fresh", "NEW_HUMAN", "--strategy", "quota", "--allow-replace"],
        "weighted": ["--fresh", "NEW_HUMAN", "--allow-replace"],
        "anchor": ["--strategy", "quota"],
        "accumulate": ["--earlier", "EARLIER"],
        "replace": ["--allow-replace"],
        "filtered": ["--doubted", "KEYS", "--allow-replace"],
    }[choice.way]
    return shlex.join([*call, "--out", "next-set"])


def _kept(found: Plan) -> list[str]:
    """All human samples that there are, with their weight; nothing where only some are kept."""
    choice = found.choice
    if choice.human < found.people.samples:
        return []
    heavy = choice.weight > 1 + 1e-9
    return ["anchor", *([f"policy.weight={_plain(choice.weight)}"] if heavy else [])]


def _plain(part: float) -> str:
    """A share as options take it: YAML reads 1e-05 as a word.

    >>> _plain(0.2), _plain(10 / 1_000_000), _plain(1.0)
    ('0.2', '0.00001', '1')
    """
    short = f"{part:.10g}"
    return f"{part:.15f}".rstrip("0") if "e" in short else short
