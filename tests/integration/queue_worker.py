"""A worker process to kill: ``queue_worker.py REDIS_URL QUEUE FILE`` makes FILE once it has a
job, which it never ends."""

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path.cwd()))  # run as a file

from ecg.kernel.queue import JobQueue, serve_queue
from ecg.kernel.redis import connect
from ecg.kernel.telemetry import Faults


async def work(_ticket, _life):
    Path(sys.argv[3]).touch()  # noqa: ASYNC240 - once
    await asyncio.sleep(600)


asyncio.run(serve_queue(JobQueue(connect(sys.argv[1]), sys.argv[2], Faults()), work))
