"""A page on waitress, in a thread of its own, for the length of a block."""

import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from flask import Flask
from waitress import create_server, wasyncore

from appliance.trouble import Trouble

log = logging.getLogger(__name__)

SERVER_THREADS = 8
"""A browser asks for a page's pictures six at a time."""


class AddressUnavailable(Trouble):
    """The address cannot be listened on: taken, or not this machine's."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page to serve: its program's name, what people call it, where it listens, and the most
    bytes that a browser may send it at once. `said_by` is where people wrote the address."""

    program: str
    title: str
    app: Flask
    address: str
    port: int
    largest: int
    said_by: str = "站点配置"


@contextmanager
def served(page: Page) -> Iterator[threading.Thread]:
    """Answer browsers until the block is left; the thread lives as long as the page does.

    Raises AddressUnavailable before anything else is done.
    """
    # A page of pictures fills waitress's queue for an instant, which is nothing to warn of.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    # Bound here, because waitress leaves its own socket open when it cannot bind.
    listening = _listen(page)
    sockets: dict[int, Any] = {}
    server = create_server(
        page.app,
        map=sockets,
        sockets=[listening],
        threads=SERVER_THREADS,
        ident=None,  # no Server banner
        max_request_body_size=page.largest,
    )
    running = threading.Thread(target=server.run, name="page", daemon=True)
    running.start()
    log.info("%s listens on %s:%d", page.program, page.address, page.port)
    try:
        yield running
    finally:
        server.task_dispatcher.shutdown()
        # Closed by the thread that runs the loop: waitress is not made to be closed by another.
        server.trigger.pull_trigger(lambda: wasyncore.close_all(sockets))
        running.join(timeout=5)


def _listen(page: Page) -> socket.socket:
    try:
        return socket.create_server((page.address, page.port))
    except OSError as error:
        raise AddressUnavailable(
            f"{page.title}无法监听 {page.address}:{page.port}（{error.strerror}）。"
            f"请核对{page.said_by}中的{page.title}地址和端口，并查看端口是否被其他程序占用。"
        ) from error
