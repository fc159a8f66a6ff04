"""Group commit: items that threads bring while another thread writes are written together in the next transaction.

A commit waits for the disk, and one row takes as long as ten rows. No thread waits for others to join: a thread that
finds no writer writes its item at once.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")


class NotWritten(Exception):
    """A write of several items failed, perhaps because of another thread's item: write your own item alone."""


class _Ticket(Generic[Item]):
    __slots__ = ("item", "turn", "written")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.written: bool | None = None
        self.turn = threading.Lock()  # released when the item is written, or when its thread has to write
        self.turn.acquire()


class GroupCommit(Generic[Item]):
    """Lets one thread of this process write at a time. `write` gets at most `most` items and commits all or raises."""

    def __init__(self, write: Callable[[Sequence[Item]], None], *, most: int) -> None:
        self._write, self._most = write, most
        self._lock = threading.Lock()
        self._writing = False
        self._waiting: deque[_Ticket[Item]] = deque()

    def submit(self, item: Item) -> None:
        """Return when the item is committed. Raises the error of `write`, or NotWritten if the item was not alone."""
        ticket = _Ticket(item)
        with self._lock:
            leads = not self._writing
            if leads:
                self._writing = True
            else:
                self._waiting.append(ticket)
        if not leads:
            ticket.turn.acquire()
            if ticket.written is not None:
                if ticket.written:
                    return
                raise NotWritten
        self._lead(ticket)

    def _lead(self, ticket: _Ticket[Item]) -> None:
        with self._lock:
            company = [self._waiting.popleft() for _ in range(min(self._most - 1, len(self._waiting)))]
        written = False
        try:
            self._write([ticket.item, *[other.item for other in company]])
            written = True
        except Exception as error:  # the others of the group are told too
            if company:
                raise NotWritten from error
            raise
        finally:
            self._hand_over()
            for other in company:
                other.written = written
                other.turn.release()

    def _hand_over(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().turn.release()
            else:
                self._writing = False
