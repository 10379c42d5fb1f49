"""A child to test children with: it answers, reports, fails, crashes, hangs, prints, and takes
more than it may."""

import os
import resource
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


def grow(_payload, _context):
    held = [bytearray(32 << 20) for _ in range(100)]
    return Said(f"got {len(held)}")


def grow_elsewhere(_payload, _context):
    done = subprocess.run(
        [sys.executable, "-c", "bytearray(3 << 30)"], check=False, stderr=subprocess.PIPE
    )
    return Said(done.stderr.decode())


def write(_payload, _context):
    with Path("large").open("wb") as file:
        file.writelines(bytes(1 << 20) for _ in range(64))
    return Said("written")


def step(_payload, context):
    for _ in range(6):
        time.sleep(1)
        context.emit(Said("further"))
    return Said("arrived")


def spin(payload, context):
    """Computes for 3 s, and says so each 0.2 s where it is to."""
    loud = msgspec.msgpack.decode(payload, type=Said).text == "loud"
    end = time.process_time() + 3
    said = 0.0
    while time.process_time() < end:
        if loud and time.process_time() - said > 0.2:
            said = time.process_time()
            context.emit(Said("further"))
    return Said("done")


def babble(payload, context):
    said = msgspec.msgpack.decode(payload, type=Said).text
    context._out.write(b"\xff\xff\xff\xff" if said == "long" else b"\x00\x00\x00\x02no")
    context._out.flush()
    time.sleep(600)


def limits(_payload, _context):
    named = ("RLIMIT_DATA", "RLIMIT_FSIZE", "RLIMIT_NPROC", "RLIMIT_CORE", "RLIMIT_CPU")
    return Said(" ".join(f"{resource.getrlimit(getattr(resource, name))[0]}" for name in named))


if __name__ == "__main__":
    serve(
        {
            "grow": grow,
            "grow_elsewhere": grow_elsewhere,
            "write": write,
            "step": step,
            "spin": spin,
            "babble": babble,
            "limits": limits,
            "echo": echo,
            "refuse": refuse,
            "stumble": stumble,
            "crash": crash,
            "wait": wait,
            "hang": hang,
        }
    )
