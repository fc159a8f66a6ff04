"""The address a request came from, trusting as many X-Forwarded-For hops as the deployment says are its own."""

from __future__ import annotations

import ipaddress
import re

from django.conf import settings
from django.http import HttpRequest

# An address with a port, as some proxies write it: 203.0.113.7:5678, [2001:db8::1]:5678.
_WITH_PORT = re.compile(r"\[(?P<v6>[^\]]+)\](:[0-9]+)?|(?P<v4>[0-9.]+):[0-9]+")


def client_ip(request: HttpRequest) -> str:
    """The caller's address, or "" where the caller has none. What a client writes into X-Forwarded-For is ignored."""
    address = caller(request)
    if with_port := _WITH_PORT.fullmatch(address):
        address = with_port["v6"] or with_port["v4"]
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    return str(getattr(found, "ipv4_mapped", None) or found)  # a socket for both kinds writes ::ffff:203.0.113.7


def caller(request: HttpRequest) -> str:
    """The caller as the socket or the outermost trusted proxy names it: nearly always an address."""
    address = str(request.META.get("REMOTE_ADDR", ""))
    trusted = settings.TRUSTED_PROXY_COUNT
    if trusted:
        hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
        if len(hops) >= trusted:
            address = hops[-trusted]
    return address
