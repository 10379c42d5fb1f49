import pytest

from tests.integration.stage.pages import open_stage


def pytest_addoption(parser):
    parser.addoption("--golden-rewrite", action="store_true", help="draw the pictures anew")


@pytest.fixture(scope="module")
def stage():
    with open_stage() as opened:
        yield opened
        assert opened.errors == []
