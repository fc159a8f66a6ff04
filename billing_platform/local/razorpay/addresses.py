"""Which addresses are of this machine or its containers. Pure: nothing is looked up."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

LOCAL_ENDINGS = (".localhost", ".local", ".internal", ".test")


def is_public(url: str) -> bool:
    """A host on the internet, as far as its name or number tells. A name without dots is a container's."""
    host = urlsplit(url).hostname or ""
    try:
        return not ipaddress.ip_address(host).is_private
    except ValueError:
        return "." in host.strip(".") and not host.endswith(LOCAL_ENDINGS)
