"""`firsthand.yaml`: what it can say, and that nothing misspelt passes."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from firsthand.config import COMPOSITION, DEFAULTS, default_limits, load_limits
from firsthand.errors import InputError


def written(folder: Path, text: str) -> Path:
    file = folder / "firsthand.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_changes_only_what_it_names(tmp_path: Path) -> None:
    told = "limits:\n  class_survival: {at_least: 0.5}\n  pair_survival: null\n"
    limits = load_limits(written(tmp_path, told))
    assert limits.limits["class_survival"].at_least == 0.5
    assert "pair_survival" not in limits.limits
    assert limits.limits["size_survival"] == default_limits().limits["size_survival"]


def test_a_bound_on_the_other_side_takes_the_place_of_the_default(tmp_path: Path) -> None:
    told = "limits:\n  class_survival: {at_most: 1.5}\n  size_survival: {required: true}\n"
    limits = load_limits(written(tmp_path, told)).limits
    assert (limits["class_survival"].at_least, limits["class_survival"].at_most) == (None, 1.5)
    assert (limits["size_survival"].at_least, limits["size_survival"].required) == (0.9, True)


def test_a_limit_without_a_bound_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no bound"):
        load_limits(written(tmp_path, "limits:\n  class_survival: {at_least: null}\n"))


def test_waivers_and_expectations(tmp_path: Path) -> None:
    told = """
waivers:
  - {limit: class_survival, slice: {class: 猫}, owner: Ann, expires: 2027-01-31, reason: new}
expect:
  - {slice: {class: star}, reason: dropped on purpose}
"""
    limits = load_limits(written(tmp_path, told))
    assert limits.waived("class_survival", (("class", "猫"),), date(2027, 1, 31)) is not None
    assert limits.waived("class_survival", (("class", "猫"),), date(2027, 2, 1)) is None
    assert limits.expect[0].slice == (("class", "star"),)


@pytest.mark.parametrize(
    "told",
    [
        "limit:\n  class_survival: {at_least: 0.5}",
        "limits:\n  class_survival: {atleast: 0.5}",
        "limits:\n  class_survival: {at_least: .nan}",
        "limits:\n  class_survival: {at_least: 1, at_most: 2}",
        "waivers:\n  - {limit: class_survival, owner: '', expires: 2027-01-01, reason: x}",
        "waivers:\n  - {limit: class_survival, owner: Ann, reason: x}",
        "expect:\n  - {reason: everything}",
        "family_wise_rate: 1",
        "- a list",
        "limits: [",
        "!!python/object/apply:os.system ['true']",
        "limits:\n  class_survial: {at_least: 0.5}",
        "waivers:\n  - {limit: nope, owner: Ann, expires: 2027-01-01, reason: x}",
        "expect:\n  - {metric: nope, reason: x}",
        "limits: {}\nlimits: {}",
        "[" * 3000,
    ],
)
def test_what_it_does_not_know_is_an_error_with_the_place(tmp_path: Path, told: str) -> None:
    with pytest.raises(InputError, match="firsthand.yaml"):
        load_limits(written(tmp_path, told))


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read it"):
        load_limits(tmp_path / "none.yaml")


def test_every_default_has_one_side_and_a_reason() -> None:
    for limit in DEFAULTS:
        assert (limit.at_least is None) != (limit.at_most is None)
        assert limit.reason


def test_composition_can_be_left_out() -> None:
    left = default_limits().without_composition().limits
    assert not set(COMPOSITION) & set(left)
    assert "class_survival" in left


def test_the_documented_table_is_the_one_in_force() -> None:
    page = (Path(__file__).parent.parent / "docs" / "limits.md").read_text(encoding="utf-8")
    for limit in DEFAULTS:
        least, most = limit.at_least, limit.at_most
        value = f"at least {least:g}" if least is not None else f"at most {most:g}"
        required = "yes" if limit.required else "no"
        assert f"| `{limit.name}` | {value} | {required} | {limit.reason} |" in page


def test_a_misspelt_key_is_answered_with_the_keys_of_its_place(tmp_path: Path) -> None:
    told = "limits:\n  class_survival: {att_least: 0.8}\n"
    with pytest.raises(InputError, match=r"no such key .*Expected the keys at_least, at_most"):
        load_limits(written(tmp_path, told))


def test_errors_name_the_line(tmp_path: Path) -> None:
    told = "family_wise_rate: 0.05\nlimits:\n  class_survival:\n    att_least: 0.5\n"
    with pytest.raises(InputError, match=r"firsthand\.yaml:4"):
        load_limits(written(tmp_path, told))
    told = "limits: {}\nexpect:\n  - {metric: class_survivel, reason: typed in a hurry}\n"
    with pytest.raises(InputError, match=r"firsthand\.yaml:3"):
        load_limits(written(tmp_path, told))
