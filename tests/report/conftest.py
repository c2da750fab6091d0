"""`pytest tests/report --update-golden` writes the golden texts anew; look at the diff then."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write golden texts anew")
