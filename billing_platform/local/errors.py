"""The one exception of the local launcher: a sentence for the person at the terminal."""

from __future__ import annotations


class LocalError(Exception):
    """The machine lacks something. The message says what, and what to do."""
