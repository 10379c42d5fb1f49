"""A child to test children with: it answers, reports, fails, crashes, hangs and prints."""

import os
import subprocess
import sys
import time
from pathlib import Path

import msgspec

from ecg.kernel.errors import MediaRefused
from ecg.media.served import serve


class Said(msgspec.Struct):
    text: str


def echo(payload, context):
    said = msgspec.msgpack.decode(payload, type=Said)
    print("to the log, not into the pipe")
    context.emit(Said("on the way"))
    return Said(f"{said.text} from {Path.cwd()} {'SECRET' in os.environ}")


def refuse(_payload, _context):
    raise MediaRefused("the film is upside down")


def stumble(_payload, _context):
    raise ZeroDivisionError("by nothing")


def crash(_payload, _context):
    print("the last words", file=sys.stderr, flush=True)
    os.abort()


def wait(_payload, context):
    context.emit(Said("waiting"))
    while True:
        context.check()
        time.sleep(0.01)


def hang(_payload, context):
    # what a browser does: a session of its own, out of reach of a group's signals
    left = subprocess.Popen(["sleep", "600"], start_new_session=True)
    context.emit(Said(str(left.pid)))
    time.sleep(600)


if __name__ == "__main__":
    serve(
        {
            "echo": echo,
            "refuse": refuse,
            "stumble": stumble,
            "crash": crash,
            "wait": wait,
            "hang": hang,
        }
    )
