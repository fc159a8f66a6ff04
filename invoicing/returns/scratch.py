"""Files for what is too long for memory."""

from __future__ import annotations

import tempfile
from typing import IO


def scratch_file() -> IO[bytes]:
    """Without a name, and gone when it is closed or forgotten."""
    return tempfile.TemporaryFile()
