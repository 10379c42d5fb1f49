"""The service as its operators meet it: processes started by the command line."""

from __future__ import annotations

import contextlib
import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

import httpx
import psycopg
from prometheus_client.parser import text_string_to_metric_families

from ecg.kernel.embedded.credentials import free_port
from ecg.kernel.embedded.supervisor import running_pids

ECG = [sys.executable, "-m", "ecg"]
READY = 60
HEAVY = ("torch", "ctranslate2", "onnxruntime", "av", "playwright", "faster_whisper", "numpy")
"""Packages that the api role never loads."""


def environment(data: Path, **more: str) -> dict[str, str]:
    """This process's environment without any setting of ECG but those given."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ECG_")}
    return {**kept, "ECG_DATA_DIR": str(data), **more}


class Process:
    """``ecg serve`` with arguments; its address is known once it is ``ready``."""

    def __init__(self, settings: Mapping[str, str], log: Path, *arguments: str) -> None:
        self.log = log
        self.data = Path(settings["ECG_DATA_DIR"])
        self.url = ""
        self._lines: queue.Queue[str] = queue.Queue()
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                [*ECG, "serve", "--port", "0", *arguments],
                stdout=subprocess.PIPE, stderr=errors, text=True, env=dict(settings),
            )  # fmt: skip
        threading.Thread(target=self._read, daemon=True).start()

    def ready(self) -> Self:
        self.url = self.url or self._address()
        return self

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)

    def _address(self) -> str:
        deadline = time.monotonic() + READY
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                found = re.search(r"ECG is at (\S+)", self._lines.get(timeout=0.2))
            except queue.Empty:
                continue
            if found:
                return found.group(1)
        self.kill()
        raise AssertionError(f"not up: {self.log.read_text()[-4000:]}")

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def maps(self, *packages: str) -> set[str]:
        """Which of ``packages`` this process has libraries of in its memory."""
        mapped = Path(f"/proc/{self.pid}/maps").read_text()
        assert "/site-packages/" in mapped
        return {name for name in packages if f"/site-packages/{name}" in mapped}

    def metric(self, name: str, **labels: str) -> float:
        """The sum of the samples ``name`` that have ``labels``; 0 where there is none."""
        text = httpx.get(f"{self.url}/metrics").text
        return sum(
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def kill(self) -> None:
        """As kill -9 does."""
        self.process.kill()
        self._ended()

    def stop(self, seconds: float = 20) -> float:
        """Ends it as an operator does; returns how long that took."""
        started = time.monotonic()
        if self.running:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError(
                    f"did not end in {seconds} s: {self.log.read_text()[-3000:]}"
                ) from None
        took = time.monotonic() - started
        self._ended()
        return took

    def _ended(self) -> None:
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


@contextlib.contextmanager
def services(data: Path) -> Iterator[dict[str, str]]:
    """The three stores alone, as ``ecg services up`` starts them: yields what ``env`` prints."""
    settings = environment(data)
    subprocess.run([*ECG, "services", "up"], env=settings, check=True, timeout=60)
    try:
        printed = subprocess.run(
            [*ECG, "services", "env"],
            env=settings, check=True, timeout=60, capture_output=True, text=True,
        )  # fmt: skip
        found = dict(
            re.findall(r"^(?:export )?(ECG_\w+)='?([^'\n]*)'?$", printed.stdout, re.MULTILINE)
        )
        given = environment(data, **found)
        subprocess.run([*ECG, "migrate", "up"], env=given, check=True, timeout=60)
        yield given
    finally:
        subprocess.run([*ECG, "services", "down"], env=settings, check=True, timeout=60)


class Deployment:
    """Roles in processes of their own over HTTP, on the stores of ``data`` that ``settings``
    name. Each role has an address with a balancer before it, as an operator would put one."""

    def __init__(self, settings: Mapping[str, str], data: Path, folder: Path) -> None:
        self.data = data
        self.processes: dict[str, list[Process]] = {"api": [], "audio": [], "render": []}
        self._folder = folder
        self._started = 0
        self._balancers = {role: Balancer() for role in self.processes}
        self.settings = {
            **settings,
            **{f"ECG_{role.upper()}__URL": self.address(role) for role in self._balancers},
        }

    def address(self, role: str) -> str:
        return f"http://127.0.0.1:{self._balancers[role].port}"

    @property
    def url(self) -> str:
        return self.address("api")

    def start(self, *roles: str, **more: str) -> list[Process]:
        """A process of each of ``roles``, side by side, with ``more`` settings."""
        begun = [(role, *self._begin(role, more)) for role in roles]
        for role, process, port in begun:
            process.ready().url = f"http://127.0.0.1:{port}"
            self.processes[role].append(process)
            self._balancers[role].backends.append(port)
        return [process for _, process, _ in begun]

    def _begin(self, role: str, more: Mapping[str, str]) -> tuple[Process, int]:
        own = f"ECG_{role.upper()}__URL"
        settings = {name: value for name, value in self.settings.items() if name != own}
        if role == "api":
            settings["ECG_PUBLIC_URL"] = self.url
        self._started += 1
        log = self._folder / f"{role}{self._started}.log"
        port = free_port()  # none that the system gives to clients meanwhile
        return Process({**settings, **more}, log, "--role", role, "--port", str(port)), port

    def end(self, role: str, number: int = 0, *, kill: bool = False) -> float:
        """Stops one process of ``role``; returns how long that took. ``kill``: as kill -9,
        of which the balancer learns when nobody answers."""
        process = self.processes[role].pop(number)
        if kill:
            process.kill()
            return 0.0
        self._balancers[role].backends.remove(process.port)
        return process.stop()

    def mend(self) -> None:
        """One running process of each role, whatever was done to them."""
        for role, running in self.processes.items():
            for number in reversed(range(len(running))):
                if number > 0 or not running[number].running:
                    self.end(role, number)
            self._balancers[role].backends[:] = [process.port for process in running]
        self.start(*(role for role, running in self.processes.items() if not running))

    def ask(self, query: str, *values: object) -> list[tuple[object, ...]]:
        """What the database answers."""
        with psycopg.connect(self.settings["ECG_DATABASE__URL"], connect_timeout=10) as database:
            return database.execute(query.encode(), values).fetchall()

    def store_pid(self, name: str) -> int:
        """The process of ``postgres``, ``valkey`` or ``store``; 0 while there is none."""
        return running_pids(self.data, [name]).get(name, 0)

    def logs(self) -> list[Path]:
        """Of every process there ever was, and of the stores."""
        return [*self._folder.glob("*.log"), *self.data.rglob("*.log")]

    def stop(self) -> None:
        running = [process for some in self.processes.values() for process in some]
        for process in running:
            process.process.terminate()
        for process in running:
            process.stop()
        for balancer in self._balancers.values():
            balancer.close()


class Balancer:
    """Passes each connection on to the first backend that takes it, in turn."""

    def __init__(self) -> None:
        self.backends: list[int] = []
        self._turn = 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._server.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            self._turn += 1
            ports = list(self.backends)
            for number in range(len(ports)):
                port = ports[(self._turn + number) % len(ports)]
                try:
                    backend = socket.create_connection(("127.0.0.1", port), timeout=2)
                except OSError:
                    continue
                backend.settimeout(None)
                threading.Thread(target=_joined, args=(client, backend), daemon=True).start()
                break
            else:
                client.close()


def _joined(client: socket.socket, backend: socket.socket) -> None:
    with client, backend:
        back = threading.Thread(target=_pass_on, args=(backend, client), daemon=True)
        back.start()
        _pass_on(client, backend)
        back.join()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    for end in (source, target):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
