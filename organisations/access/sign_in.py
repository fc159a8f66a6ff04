"""The limit of failed attempts to sign in: against the address they come from, and against the account they try.

An address gets few attempts. An account gets more, from all addresses together: that stops a guess spread over many
addresses. A browser that has signed in to the account before is not held up by the account's limit, so that nobody can
lock a person out by failing on purpose.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from ipaddress import ip_network

from django.core.signing import BadSignature
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from billing_platform.lib.database.locks import LockSpace, advisory_lock
from billing_platform.lib.http.client_ip import caller, client_ip
from organisations.access.throttling import RateUsage, count

IPV6_CUSTOMER = 64
KNOWN_BROWSER = "known_browser"
KNOWN_FOR_SECONDS = 90 * 86400


class Attempt:
    """One attempt to sign in. `refused` is the limit that it runs into: then no password may be looked at."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self._address = _address(request)
        self._account = sha256(request.POST.get("username", "").strip().casefold().encode()).hexdigest()
        self.refused = self._exceeded("sign_in", self._address)
        if self.refused is None and not self._is_known_browser():
            self.refused = self._exceeded("sign_in_account", self._account)

    def failed(self) -> None:
        """Count the failure against address and account."""
        count(self._request, group="sign_in", who=self._address)
        count(self._request, group="sign_in_account", who=self._account)

    def succeeded(self, response: HttpResponse) -> None:
        """Remember in the browser that it has signed in to this account."""
        response.set_signed_cookie(
            KNOWN_BROWSER,
            self._account,
            salt=KNOWN_BROWSER,
            max_age=KNOWN_FOR_SECONDS,
            secure=self._request.is_secure(),
            httponly=True,
            samesite="Strict",
        )

    def _exceeded(self, group: str, who: str) -> RateUsage | None:
        usage = count(self._request, group=group, who=who, increment=False)
        return replace(usage, exceeded=True) if usage is not None and usage.remaining == 0 else None

    def _is_known_browser(self) -> bool:
        try:
            known = self._request.get_signed_cookie(KNOWN_BROWSER, "", salt=KNOWN_BROWSER, max_age=KNOWN_FOR_SECONDS)
        except BadSignature:
            return False
        return known == self._account


@contextmanager
def attempt(request: HttpRequest) -> Iterator[Attempt]:
    """One attempt at a time for each address: of sixty that come together, five are looked at and the others see that.

    Runs in a transaction, which holds the lock until the attempt has ended.
    """
    with transaction.atomic():
        advisory_lock(LockSpace.SIGN_IN, _address(request))
        yield Attempt(request)


def _address(request: HttpRequest) -> str:
    """Whom an attempt counts against: an IPv4 address, or the IPv6 network that one customer of a provider has.

    What a proxy writes instead of an address ("unknown") counts by itself, not with every other caller.
    """
    address = client_ip(request)
    if not address:
        return caller(request)[:100] or "unknown"
    return str(ip_network(f"{address}/{IPV6_CUSTOMER}", strict=False)) if ":" in address else address
