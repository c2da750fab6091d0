"""The shape of `firsthand.yaml`. Apart from config.py because pydantic takes time to import."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict, Field, model_validator


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class LimitChange(_Strict):
    """What a limit shall be instead of its default."""

    at_least: float | None = Field(default=None, allow_inf_nan=False)
    at_most: float | None = Field(default=None, allow_inf_nan=False)
    required: bool = False
    reason: str = ""

    @model_validator(mode="after")
    def _one_side(self) -> LimitChange:
        if self.at_least is not None and self.at_most is not None:
            raise ValueError("give at_least or at_most, not both")
        return self


class WaiverEntry(_Strict):
    """A breach that a named person accepts until a date."""

    limit: str
    owner: str = Field(min_length=1)
    expires: date
    reason: str = Field(min_length=1)
    slice: dict[str, str] = {}


class ExpectEntry(_Strict):
    """A change made on purpose."""

    slice: dict[str, str] = {}
    metric: str = ""
    reason: str = Field(min_length=1)

    @model_validator(mode="after")
    def _says_what(self) -> ExpectEntry:
        if not self.slice and not self.metric:
            raise ValueError("give a slice or a metric: everything cannot be expected to change")
        return self


class LimitsFile(_Strict):
    """The whole file. A limit set to null is switched off."""

    limits: dict[str, LimitChange | None] = {}
    family_wise_rate: float | None = Field(default=None, gt=0, lt=1)
    waivers: list[WaiverEntry] = []
    expect: list[ExpectEntry] = []


_ENTRIES: dict[object, type[_Strict]] = {
    "limits": LimitChange,
    "waivers": WaiverEntry,
    "expect": ExpectEntry,
}


def keys_beside(place: tuple[int | str, ...]) -> tuple[str, ...]:
    """Which keys may stand where a problem was found?

    >>> keys_beside(("limits", "class_survival", "att_least"))
    ('at_least', 'at_most', 'required', 'reason')
    >>> keys_beside(("waiver",))
    ('limits', 'family_wise_rate', 'waivers', 'expect')
    """
    inside = len(place) > 1 and place[0] in _ENTRIES
    return tuple((_ENTRIES[place[0]] if inside else LimitsFile).model_fields)
