"""What an error says is sentences, in either language."""

from __future__ import annotations

import pytest

from firsthand.errors import InputError


@pytest.mark.parametrize("end", [".", "!", "?", "。", "！", "？"])
def test_a_sentence_that_has_an_end_gets_no_other(end):
    assert str(InputError(f"so{end}", todo="Do")) == f"so{end} Do."
