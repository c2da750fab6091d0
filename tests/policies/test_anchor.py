import pytest

from firsthand import registry
from firsthand.errors import InputError


@pytest.mark.parametrize(("human", "budget"), [(900, 1200), (1, 2), (10, 10)])
def test_human_data_are_kept_in_full_and_the_budget_is_met(human, budget):
    kept, generated = registry.load("policies", "anchor").compose(human, budget)
    assert kept == human
    assert kept + generated == budget


@pytest.mark.parametrize(("human", "budget"), [(900, 899), (0, 10), (-1, 10), (5, -1)])
def test_human_data_are_never_dropped(human, budget):
    with pytest.raises(InputError, match=f"{human} human samples for a training set of {budget}"):
        registry.load("policies", "anchor").compose(human, budget)
