"""Attachments that are made when their message is sent, and are stored nowhere: an app registers how.

So a file is not made, nor a storage called, inside the transaction that queues the message.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from billing_platform.lib.registry import Registry


@dataclass(frozen=True)
class MadeFile:
    prefix: str
    """Begins the attachment's name; what follows it says what to make: "payments.receipt:0c5e…"."""
    make: Callable[[str], bytes]


MADE_FILES: Registry[MadeFile] = Registry()


def made_content(name: str) -> bytes | None:
    """None for the name of a file in the storage."""
    for each in MADE_FILES:
        if name.startswith(each.prefix):
            return each.make(name.removeprefix(each.prefix))
    return None
