import pytest

from firsthand import registry
from firsthand.errors import InputError
from firsthand.recursion import Recipe


@pytest.mark.parametrize(("human", "budget"), [(900, 900), (0, 5), (10, 3), (7, 0)])
def test_nothing_human_and_exactly_the_budget(human, budget):
    assert registry.load("policies", "replace").compose(human, budget) == Recipe(made=budget)


@pytest.mark.parametrize(("human", "budget"), [(10, -1), (-1, 10)])
def test_negative_numbers_are_refused(human, budget):
    with pytest.raises(InputError, match="Check the budget"):
        registry.load("policies", "replace").compose(human, budget)
