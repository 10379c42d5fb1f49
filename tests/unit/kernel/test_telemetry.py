from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from contextlib import suppress

import pytest
import structlog

from ecg.kernel.errors import NotFound, Unavailable
from ecg.kernel.telemetry import Faults, begin_trace, set_up_logs


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    set_up_logs()
    yield stream
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


SECRETS = (
    "postgresql://ecg:hunter2@db/x",
    "redis://reader:hunter2@127.0.0.1:1/0",
    "redis://:hunter2@127.0.0.1:1/0",
    "postgresql://ecg:at@hunter2@db/x",
    "connection failed: host=db password=hunter2 user=ecg",
    "whsec_hunter2hunter2hunter2+/hunter2=",
    "https://s3/x?X-Amz-Signature=hunter2&a=b",
    "ecg_abcdhunter2hunter2hunter2",
    "eyJhbGciOiJIUzI1NiJ9.hunter2hunter2.hunter2",
    "/auth/google/callback?code=hunter2&state=x",
)


def test_secrets_are_masked_whoever_logs_them(logged: io.StringIO) -> None:
    log = structlog.get_logger()
    for secret in SECRETS:
        log.info(secret, detail=secret)
        logging.getLogger("some.library").warning("said %s", secret)
        try:
            raise ValueError(secret)  # noqa: TRY301 - it is to be caught
        except ValueError:
            log.exception("failed")
    log.info("named", password="hunter2", api_key="hunter2", url="http://hunter2", token="hunter2")
    lines = logged.getvalue()
    assert lines.count("\n") == len(SECRETS) * 3 + 1
    assert "hunter2" not in lines


def test_a_trace_is_continued_or_begun(logged: io.StringIO) -> None:
    came = f"00-{'a' * 32}-{'b' * 16}-01"
    assert begin_trace(came).split("-")[1] == "a" * 32
    structlog.get_logger().info("x")
    assert json.loads(logged.getvalue().splitlines()[-1])["request_id"] == "a" * 32
    for odd in ("", "nonsense", f"00-{'z' * 32}-{'b' * 16}-01", came + "\n"):
        begun = begin_trace(odd)
        assert begun.split("-")[1] != "a" * 32
        assert len(begun) == len(came)


def test_a_fault_is_told_where_something_is_unavailable(logged: io.StringIO) -> None:
    faults = Faults()

    def called(error: Exception | None) -> None:
        with faults.watched("the store"):
            if error:
                raise error

    for error in (Unavailable("away"), Unavailable("away"), NotFound("no such thing"), None, None):
        with suppress(NotFound, Unavailable):
            called(error)
    events = [json.loads(line)["event"] for line in logged.getvalue().splitlines()]
    assert events == ["fault", "fault over"]


def test_a_lasting_fault_is_logged_once_when_it_begins_and_once_when_it_ends(
    logged: io.StringIO,
) -> None:
    faults = Faults()
    for _ in range(5):
        faults.failed("the store", OSError("away"))
    for _ in range(3):
        faults.worked("the store")
    events = [json.loads(line)["event"] for line in logged.getvalue().splitlines()]
    assert events == ["fault", "fault over"]
