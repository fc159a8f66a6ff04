"""Why the database refused or gave up, read from its SQLSTATE. Nothing else in the project reads one.

A SQLSTATE is five characters of which the first two are the class of error: PostgreSQL's manual, appendix A.
"""

from __future__ import annotations

from django.db.utils import IntegrityError, InterfaceError, OperationalError

_UNIQUE_VIOLATION = "23505"
_LOCK_NOT_AVAILABLE = "55P03"
_QUERY_CANCELED = "57014"

_IN_THE_WAY = {"40", "55"}
"""Deadlock or serialization failure; a lock that was not granted in time, an object in use."""

_TROUBLE = _IN_THE_WAY | {"08", "53", "57", "58"}
"""And: lost connection; disk, memory or connections used up; cancelled or shut down; an error of the machine."""


def sqlstate(error: BaseException) -> str:
    """The SQLSTATE behind an exception of django.db; empty if it has none."""
    return getattr(error.__cause__, "sqlstate", None) or ""


def others_were_in_the_way(error: OperationalError) -> bool:
    """Whether a deadlock or a lock of another transaction ended this one: the same again may well succeed."""
    return sqlstate(error)[:2] in _IN_THE_WAY


def lock_was_not_granted(error: OperationalError) -> bool:
    """Whether waiting for a lock took longer than `lock_timeout`."""
    return sqlstate(error) == _LOCK_NOT_AVAILABLE


def took_too_long(error: OperationalError) -> bool:
    """Whether a statement ran longer than `statement_timeout`."""
    return sqlstate(error) == _QUERY_CANCELED


def exists_already(error: IntegrityError) -> bool:
    """Whether a unique key refused the row."""
    return sqlstate(error) == _UNIQUE_VIOLATION


def has_no_partition(error: BaseException) -> bool:
    """Whether no partition covers the row. PostgreSQL gives this the SQLSTATE of a check constraint: the text tells."""
    return isinstance(error, IntegrityError) and "no partition of relation" in str(error)


def is_trouble_of_the_database(error: Exception) -> bool:
    """Whether the database itself is in trouble, so that what was written is not to blame.

    Not every OperationalError is: “index row size exceeds maximum” is one too, and would come again each time.
    """
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    state = sqlstate(error)
    return not state or state[:2] in _TROUBLE


def facts_for_log(error: BaseException) -> dict[str, str]:
    """What a log may say of an error. PostgreSQL's message is left out: it quotes what customers sent."""
    return {"error": type(error).__name__, "sqlstate": sqlstate(error)}


def sentence(error: Exception) -> str:
    """For operators: `DataError: invalid input syntax for type json (SQLSTATE 22P02)`, without the row it quotes."""
    first_line = str(error).partition("\n")[0]
    state = sqlstate(error)
    return f"{type(error).__name__}: {first_line}" + (f" (SQLSTATE {state})" if state else "")
