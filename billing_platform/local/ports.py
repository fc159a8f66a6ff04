"""Ports of 127.0.0.1."""

from __future__ import annotations

import socket

from billing_platform.local.errors import LocalError


def free_port(preferred: int = 0) -> int:
    """The port `preferred` if it is free, otherwise a free port. Raises LocalError if there is none."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            # without it a port would count as taken for a minute after its last connection
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise LocalError("There is no free port on 127.0.0.1.")


def reserve(port: int) -> socket.socket:
    """Hold a port until the web server binds it, and while it restarts.

    Granian binds with SO_REUSEPORT, so it may share the number with this socket, which never listens; two
    checkouts started at the same moment can't both take 8000.
    """
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    holder.bind(("127.0.0.1", port))
    return holder
