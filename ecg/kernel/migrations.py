"""The schema of the database, step by step, by Alembic.

Each call is one transaction that holds a lock of its own, so any number of processes may ask
for the same at once: the first works, the others then find it done.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.pool import NullPool

from ecg.kernel.database import METADATA
from ecg.kernel.errors import InputRefused, Unavailable

_LOCK = 4_993_671
"""Any number that nothing else locks in ECG's database."""


class Schema(msgspec.Struct, frozen=True):
    """``at``: the revision of the database, ``None`` before the first. ``newest``: the one that
    this version of ECG stands on. ``known``: whether this version has ``at`` at all."""

    at: str | None
    newest: str
    known: bool

    @property
    def ready(self) -> bool:
        """Whether this version can work on it: the newest revision, or one of a later version,
        whose steps keep the version before it working."""
        return self.at == self.newest or not self.known


def up(url: str) -> Schema:
    """Brings the schema to the newest revision; one of a later version is left as it is, so that
    the version before can be started again. Raises ``Unavailable``."""

    def forth(config: Config, before: Schema) -> None:
        if not before.ready:
            command.upgrade(config, "head")

    return _changed(url, forth)


def down(url: str) -> Schema:
    """Takes the newest step back, with the data that only it can hold. Nothing where there is
    none. Raises ``InputRefused`` where only a later version knows how."""

    def back(config: Config, before: Schema) -> None:
        if not before.known:
            raise InputRefused(
                f"the database is at revision {before.at}, which this version of ECG does not "
                f"know (its newest is {before.newest}); take it back with the version that made it"
            )
        if before.at is not None:
            command.downgrade(config, "-1")

    return _changed(url, back)


def status(url: str) -> Schema:
    """Where the database stands."""
    with _connected(url) as connection:
        return _schema(connection)


def newest() -> str:
    """The revision that this version of ECG stands on."""
    return ScriptDirectory(str(_folder())).get_current_head() or ""


def differences(url: str) -> list[Any]:
    """What the models have that the database has not, or the other way round; empty where they
    agree. The models must have been imported."""
    with _connected(url) as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        return list(compare_metadata(context, METADATA))


def write_revision(url: str, message: str) -> None:
    """Writes the step from the database to the models, for a person to read and correct."""
    with _connected(url) as connection:
        number = len(list(ScriptDirectory(str(_folder())).walk_revisions())) + 1
        command.revision(_config(connection), message, autogenerate=True, rev_id=f"{number:04}")


def _changed(url: str, change: Callable[[Config, Schema], None]) -> Schema:
    with _connected(url) as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})
        change(_config(connection), _schema(connection))
        return _schema(connection)


def _schema(connection: Connection) -> Schema:
    scripts = ScriptDirectory(str(_folder()))
    at = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in scripts.walk_revisions()}
    return Schema(at, newest(), at is None or at in known)


@contextmanager
def _connected(url: str) -> Generator[Connection]:
    engine = create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        poolclass=NullPool,
        connect_args={"connect_timeout": 5, "application_name": "ecg migrate"},
    )
    try:
        with engine.begin() as connection:
            yield connection
    except (OperationalError, InterfaceError) as error:
        reason = str(error.orig).strip().splitlines()[0] if error.orig else "no reason given"
        raise Unavailable(f"the database does not answer: {reason}") from None
    finally:
        engine.dispose()


def _config(connection: Connection) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_folder()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _folder() -> Path:
    """Inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "alembic"
    return inside if inside.is_dir() else package.parent / "alembic"
