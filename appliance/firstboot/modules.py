"""A process that is ready to run Ansible's modules: `python modules.py SOCKET`.

Ansible starts a Python for each module and sends the module's libraries along, to be compiled once
more; that is most of what a module costs. Here they are loaded once, and each module runs in a copy
(fork) of this process. It asks for three descriptors, which become the module's input, output and
error output, and answers with one byte, the exit code (collections/…/connection/here.py).
"""

import os
import socket
import sys

import ansible.module_utils.basic  # noqa: F401 - to have it ready


def serve(path: str) -> bool:
    """Take orders for ever, one at a time; returns in the copy that is to become a module."""
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(path)
        door.listen()
        while True:
            wire, _ = door.accept()
            with wire:
                streams = socket.recv_fds(wire, 1, 3)[1]
                child = os.fork()
                if child == 0:
                    for number, stream in enumerate(streams):
                        os.dup2(stream, number)
                    return True
                for stream in streams:
                    os.close(stream)
                _, status = os.waitpid(child, 0)
                wire.send(bytes([os.waitstatus_to_exitcode(status) & 0xFF]))


if __name__ == "__main__" and serve(sys.argv.pop()):
    # As Python does with what comes on its standard input; the order is root's own playbook.
    exec(compile(sys.stdin.buffer.read(), "<module>", "exec"))  # noqa: S102
