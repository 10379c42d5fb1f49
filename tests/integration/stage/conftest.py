import pytest

from tests.integration.stage.pages import open_stage


@pytest.fixture(scope="module")
def browser_stage():
    with open_stage() as opened:
        yield opened


@pytest.fixture
def stage(browser_stage):
    yield browser_stage
    assert browser_stage.errors == []
