"""The command `gatehouse`: one short function a verb, no logic; a module for each room's verbs.

The command line alone joins the appliance with the acceptance kit. Exit codes: 0 done, 1 the answer
is no, 2 the question could not be asked (bad input, something missing).
"""

import sqlite3
import sys
from typing import NoReturn

import typer
from typer.exceptions import TyperException

from acceptance_kit import commands as acceptance
from appliance.cli import (
    bundle,
    cameras,
    journal,
    programs,
    reading,
    site,
    storage,
    typed,
    uplink,
)
from appliance.imaging import commands as imaging
from appliance.profile.faults import ProfileFaults
from appliance.profile.report import format_faults
from appliance.provisioning import commands as provisioning
from appliance.trouble import Trouble, failure_sentence

app = typer.Typer(
    help="gatehouse：货运车辆智能环保门禁。各命令的选项：gatehouse 命令 --help。",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
ROOMS = (
    site,
    provisioning,
    bundle,
    cameras,
    reading,
    programs,
    journal,
    storage,
    uplink,
    acceptance,
)
for room in ROOMS:
    app.add_typer(room.app)  # their verbs stand side by side
app.add_typer(imaging.app, name="image")


def main() -> NoReturn:
    """Run the command; expected troubles become one sentence and exit code 2."""
    try:
        raise SystemExit(app(standalone_mode=False))
    except TyperException as error:
        # Without any command the message is the help itself.
        help_asked = type(error).__name__ == "NoArgsIsHelpError"
        sys.stderr.write(f"{error.format_message()}\n" if help_asked else typed.told(error))
    except typer.Abort as abort:  # at a question
        if isinstance(abort.__context__, KeyboardInterrupt):
            raise SystemExit(130) from None
        sys.stderr.write("没有得到回答，到此为止。\n")
    except ProfileFaults as faults:
        sys.stderr.write(format_faults(faults.path, faults.faults))
    except Trouble as trouble:
        sys.stderr.write(f"{trouble}\n")
    except (OSError, sqlite3.OperationalError) as error:
        sys.stderr.write(f"{failure_sentence(error)}\n")
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    raise SystemExit(2)
