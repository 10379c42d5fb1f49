"""A Valkey of a test's own, to be killed."""

import asyncio
import contextlib
import socket
from contextlib import asynccontextmanager

from redis.exceptions import RedisError

from ecg.kernel.embedded.valkey import _binary
from ecg.kernel.redis import connect


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


@asynccontextmanager
async def valkey(folder, port):
    """Its process, once it answers. Another one in the same folder knows what this one did."""
    process = await asyncio.create_subprocess_exec(
        _binary(), "--port", str(port), "--dir", folder, "--save", "",
        "--appendonly", "yes", "--appendfsync", "always",  # what it answered is what it knows
        stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        client = connect(f"redis://127.0.0.1:{port}")
        async with asyncio.timeout(20):
            while True:
                with contextlib.suppress(RedisError):
                    await client.ping()
                    break
        await client.aclose()
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
