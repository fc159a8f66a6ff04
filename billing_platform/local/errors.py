"""The one exception of the local launcher: a sentence for the person at the terminal."""

from __future__ import annotations


class LocalError(Exception):
    """Something on this machine stands in the way; the message says what, and what to do."""
