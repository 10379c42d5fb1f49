"""The command line: one file per group of commands, exit codes in one place.

Exit codes: 0 done; 1 the input was refused or the job failed; 2 wrong usage; 130 interrupted.
"""

from __future__ import annotations

import sys
import traceback
from typing import NoReturn

import click

from ecg.cli import documents, machine, migrate, serve, services, users, videos
from ecg.cli.output import complain
from ecg.kernel.errors import Cancelled, EcgError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="ecg", prog_name="ecg")
def cli() -> None:
    """Captions that look the way the speech sounds."""


for command in (
    *videos.COMMANDS,
    *documents.COMMANDS,
    *machine.COMMANDS,
    *migrate.COMMANDS,
    *serve.COMMANDS,
    *services.COMMANDS,
    *users.COMMANDS,
):
    cli.add_command(command)


def main() -> NoReturn:
    """The ``ecg`` program. Never ends in a traceback unless ``--debug`` asks for one."""
    debug = "--debug" in sys.argv
    try:
        code = cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort, Cancelled):
        click.echo("interrupted; nothing half-written was left", err=True)
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except EcgError as error:
        if debug:
            traceback.print_exc()
        complain(error.message)
        sys.exit(1)
    except Exception as error:
        if debug:
            raise
        what = str(error).splitlines()[0] if str(error) else "no message"
        complain(f"this is a defect of ECG: {type(error).__name__}: {what} (--debug shows more)")
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)
