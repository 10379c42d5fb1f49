"""The compositor's wait for the page."""

import pytest

from ecg.kernel.errors import Cancelled, EngineFailed
from ecg.render.engine import run
from ecg.render.engine.capture import Feed


@pytest.fixture
async def feed():
    return Feed()


async def test_a_page_that_draws_nothing_ends_the_render(feed, monkeypatch):
    monkeypatch.setattr(run, "PATIENCE", 0.25)
    with pytest.raises(EngineFailed, match=r"drew nothing for 0\.25 s"):
        run.Captured(feed, lambda: None).patch()


async def test_the_wait_can_be_cancelled(feed):
    def cancelled():
        raise Cancelled("stopped on request")

    with pytest.raises(Cancelled):
        run.Captured(feed, cancelled).patch()
