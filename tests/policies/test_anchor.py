import pytest

from firsthand import registry
from firsthand.errors import InputError
from firsthand.recursion import Recipe


@pytest.mark.parametrize(("human", "budget"), [(900, 1200), (1, 2), (10, 10)])
def test_human_data_are_kept_in_full_and_the_budget_is_met(human, budget):
    recipe = registry.load("policies", "anchor").compose(human, budget)
    assert recipe == Recipe(human=human, made=budget - human)


@pytest.mark.parametrize(("human", "budget"), [(900, 899), (0, 10), (-1, 10), (5, -1)])
def test_human_data_are_never_dropped(human, budget):
    with pytest.raises(InputError, match=f"{human} human samples for a training set of {budget}"):
        registry.load("policies", "anchor").compose(human, budget)
