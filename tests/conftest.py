"""``--full`` runs the long matrices: what ``make test-full`` adds to ``make test``."""

from __future__ import annotations

import pytest
from hypothesis import settings

settings.register_profile("brief", max_examples=60, deadline=None)
settings.register_profile("full", max_examples=2_000, deadline=None)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="run the long matrices too")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "full: part of a long matrix, run by --full")
    settings.load_profile("full" if config.getoption("--full") else "brief")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--full"):
        return
    longer = [item for item in items if item.get_closest_marker("full")]
    if longer:
        config.hook.pytest_deselected(items=longer)
        items[:] = [item for item in items if item not in longer]
