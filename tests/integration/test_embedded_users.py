"""What each user of the embedded Valkey may do."""

from __future__ import annotations

import pytest
import redis
from redis.exceptions import AuthenticationError, NoPermissionError


@pytest.fixture
def worker(services):
    with redis.Redis.from_url(services.redis_url, decode_responses=True) as client:
        yield client


@pytest.fixture
def reader(services):
    with redis.Redis.from_url(services.reader_url, decode_responses=True) as client:
        yield client


def test_reader_reads_progress(worker, reader):
    worker.set("ecg:render:1", "half", ex=3600)
    worker.set("ecg:analysis:1", "whole", ex=3600)
    assert reader.get("ecg:render:1") == "half"
    assert reader.mget("ecg:render:1", "ecg:analysis:1", "ecg:render:none") == [
        "half", "whole", None,
    ]  # fmt: skip
    assert reader.exists("ecg:render:1") == 1
    assert 0 < reader.ttl("ecg:render:1") <= 3600


@pytest.mark.parametrize(
    "command",
    [
        ("SET", "ecg:render:1", "x"),
        ("DEL", "ecg:render:1"),
        ("EXPIRE", "ecg:render:1", "1"),
        ("GETDEL", "ecg:render:1"),
        ("KEYS", "*"),
        ("SCAN", "0"),
        ("GET", "saq:audio:queued"),
        ("GET", "ecg:other:1"),
        ("MGET", "ecg:render:1", "saq:x"),
        ("FLUSHALL",),
        ("FLUSHDB",),
        ("CONFIG", "GET", "*"),
        ("ACL", "LIST"),
        ("INFO",),
        ("EVAL", "return 1", "0"),
        ("PUBLISH", "saq:x", "1"),
        ("SUBSCRIBE", "saq:x"),
        ("SHUTDOWN",),
    ],
)
def test_reader_is_refused_everything_else(worker, reader, command):
    worker.set("ecg:render:1", "kept")
    with pytest.raises(NoPermissionError):
        reader.execute_command(*command)
    assert worker.get("ecg:render:1") == "kept"


@pytest.mark.parametrize(
    "command",
    [("FLUSHALL",), ("CONFIG", "GET", "*"), ("ACL", "LIST"), ("KEYS", "*"), ("SET", "other", "1"),
     ("SHUTDOWN",), ("BGREWRITEAOF",)],
)  # fmt: skip
def test_worker_is_refused_what_administers(worker, command):
    with pytest.raises(NoPermissionError):
        worker.execute_command(*command)


def test_worker_has_what_a_queue_needs(worker):
    assert worker.info()["redis_version"]
    assert worker.eval("return redis.call('INCR', KEYS[1])", 1, "saq:test:count") >= 1
    worker.delete("saq:test:count")
    with worker.pubsub() as listening:
        listening.psubscribe("saq:job:test*")
        assert listening.get_message(timeout=5)["type"] == "psubscribe"


def test_the_default_user_is_off(services):
    port = services.redis_url.rsplit("@", 1)[1]
    with (
        redis.Redis.from_url(f"redis://{port}") as client,
        pytest.raises(AuthenticationError, match="Authentication required"),
    ):
        client.ping()
