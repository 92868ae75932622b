"""A server, or what is between, that lets in and then takes every question and never answers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

# of PostgreSQL's protocol: ready for a query, in a transaction or not
ANSWERED = b"Z\x00\x00\x00\x05"
_READY = ANSWERED + b"I"


@contextmanager
def falling_silent(server: tuple[str, int], after: int, answered: bytes = _READY) -> Iterator[int]:
    """A proxy that passes so many answers on, those of every login counted, and then none; its port.

    An answer is by default one outside of a transaction.
    """
    with ExitStack() as held:
        door = held.enter_context(socket.create_server(("127.0.0.1", 0)))

        def serve() -> None:
            answers = 0
            while True:
                try:
                    client = held.enter_context(door.accept()[0])
                except OSError:
                    return
                behind = held.enter_context(socket.create_connection(server))
                threading.Thread(target=listen, args=(client, behind), daemon=True).start()
                with suppress(OSError):
                    while data := behind.recv(65536):
                        if answers < after:
                            client.sendall(data)
                        answers += data.count(answered)

        def listen(client: socket.socket, behind: socket.socket) -> None:
            with suppress(OSError):
                while data := client.recv(65536):
                    behind.sendall(data)
                behind.shutdown(socket.SHUT_RDWR)

        threading.Thread(target=serve, daemon=True).start()
        yield int(door.getsockname()[1])
