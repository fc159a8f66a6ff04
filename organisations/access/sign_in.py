"""Limits of failed attempts to sign in: per address, and per account.

An address has few attempts. An account has more, from all addresses together: this stops guessing from many addresses.
The account's limit does not apply to a browser that has signed in to the account before, so that an attacker can't lock
the account's owner out.
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
    """One attempt to sign in. `refused` is the limit that is exceeded; then the password must not be checked."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self._address = _address(request)
        self._account = sha256(request.POST.get("username", "").strip().casefold().encode()).hexdigest()
        self.refused = self._exceeded("sign_in", self._address)
        if self.refused is None and not self._is_known_browser():
            self.refused = self._exceeded("sign_in_account", self._account)

    def failed(self) -> None:
        """Count the failure for the address and for the account."""
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
    """Let one attempt at a time through for each address: of sixty at once with a limit of five, five are checked.

    Runs in a transaction, which holds the lock until the attempt has ended.
    """
    with transaction.atomic():
        advisory_lock(LockSpace.SIGN_IN, _address(request))
        yield Attempt(request)


def _address(request: HttpRequest) -> str:
    """The address that an attempt is counted for: an IPv4 address, or the /64 network of an IPv6 address.

    Text that a proxy sends instead of an address ("unknown") is counted by itself.
    """
    address = client_ip(request)
    if not address:
        return caller(request)[:100] or "unknown"
    return str(ip_network(f"{address}/{IPV6_CUSTOMER}", strict=False)) if ":" in address else address
