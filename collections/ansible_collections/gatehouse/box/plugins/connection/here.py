"""The connection of a box to itself: a module runs in a copy of a process that is ready for it.

`appliance/firstboot/modules.py` is that process; the environment tells its socket.
"""

import os
import shlex
import socket
import tempfile

from ansible.plugins.connection.local import Connection as Local

DOCUMENTATION = r"""
name: here
short_description: the machine itself, where a process waits to run modules
description:
  - As P(ansible.builtin.local#connection), but for a module no new Python is started, which would
    compile anew all that Ansible sends along.
  - The environment variable E(GATEHOUSE_MODULES) names the socket of the process that waits.
options: {}
extends_documentation_fragment: [connection_pipelining]
"""
SOCKET = "GATEHOUSE_MODULES"
PYTHON = ["/usr/bin/python3", "&&", "sleep", "0"]
"""A module's command, in a shell's words: what it does stands in its input."""


class Connection(Local):  # type: ignore[misc]
    """Ansible asks it to run commands, a module among them."""

    transport = "gatehouse.box.here"

    def exec_command(
        self, cmd: str, in_data: bytes | None = None, sudoable: bool = True
    ) -> tuple[int, bytes, bytes]:
        """Exit code, output and error output of a command."""
        if not in_data or shlex.split(shlex.split(cmd)[-1]) != PYTHON:
            answer: tuple[int, bytes, bytes] = super().exec_command(cmd, in_data, sudoable)
            return answer
        with (
            socket.socket(socket.AF_UNIX) as wire,
            tempfile.TemporaryFile() as told,
            tempfile.TemporaryFile() as out,
            tempfile.TemporaryFile() as err,
        ):
            told.write(in_data)
            told.seek(0)
            wire.connect(os.environ[SOCKET])
            socket.send_fds(wire, [b"\0"], [told.fileno(), out.fileno(), err.fileno()])
            code = wire.recv(1)
            out.seek(0)
            err.seek(0)
            return code[0] if code else 1, out.read(), err.read()
