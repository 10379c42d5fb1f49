"""The commands about the stores that ECG runs itself: up, down, env."""

from __future__ import annotations

import shlex
from typing import Any

import click

from ecg.cli.options import reporting
from ecg.cli.output import Output
from ecg.kernel.settings import load_settings


@click.group()
def services() -> None:
    """PostgreSQL, Valkey and an object store, run by ECG in its data folder."""


@services.command()
@reporting
def up(out: Output) -> None:
    """Start the three and leave them running; `ecg serve` joins them."""
    from ecg.kernel import embedded  # noqa: PLC0415 - other commands start without it

    folder = load_settings().settings.data_folder
    stores = embedded.start_detached(folder)
    shown = ", ".join(f"{name} (process {pid})" for name, pid in stores.pids.items())
    document = {"data_dir": str(stores.data_dir), "pids": stores.pids}
    out.result(f"up in {stores.data_dir}: {shown}", document)


@services.command()
@reporting
def down(out: Output) -> None:
    """Stop them; everything they hold is kept."""
    from ecg.kernel import embedded  # noqa: PLC0415

    folder = load_settings().settings.data_folder
    ran = embedded.stop_detached(folder)
    out.result("stopped" if ran else f"none ran on {folder}", {"stopped": ran})


@services.command()
def env() -> None:
    """Print the settings that reach them, for `eval "$(ecg services env)"`."""
    from ecg.kernel import embedded  # noqa: PLC0415

    folder = load_settings().settings.data_folder
    stores = embedded.running_detached(folder)
    keys = embedded.stored_keys(folder)
    values = {
        "ECG_DATABASE__URL": stores.database_url,
        "ECG_REDIS__URL": stores.redis_url,
        "ECG_REDIS__READER_URL": stores.reader_url,
        "ECG_S3__ENDPOINT": stores.s3.endpoint,
        "ECG_S3__REGION": stores.s3.region,
        "ECG_S3__BUCKET": stores.s3.bucket,
        "ECG_S3__ACCESS_KEY": stores.s3.access_key,
        "ECG_S3__SECRET_KEY": stores.s3.secret_key,
        "ECG_SECRET_KEY": keys.secret_key,
        "ECG_SERVICE_KEY": keys.service_key,
    }
    for name, value in values.items():
        click.echo(f"export {name}={shlex.quote(value)}")


COMMANDS: tuple[Any, ...] = (services,)
