"""One call of Razorpay's SDK (2.0.1), which needs care.

One client per thread. No retries by the SDK, which would repeat a POST that may have happened; what may be repeated is
repeated here (`repeats`). Nothing is sent while Razorpay can't be reached (`circuit_breaker`). Every exception becomes
a GatewayError that says whether the outcome is known.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

import razorpay
import razorpay.client
import requests

from payments.gateways import repeats
from payments.gateways.circuit_breaker import CircuitBreaker, Outage
from payments.gateways.errors import GatewayError, GatewayUnclear
from payments.gateways.failed_calls import is_outage, outcome_of
from payments.gateways.session import RecordingAdapter, new_session

# The SDK reports failed connections to stdout by print(); this name shadows the builtin in its module only.
razorpay.client.print = lambda *_, **__: None

SDK_ERRORS = (razorpay.errors.BadRequestError, razorpay.errors.GatewayError, razorpay.errors.ServerError)
# What the SDK, or our reading, trips over when an answer has an unexpected shape.
MALFORMED = (TypeError, KeyError, ValueError, AttributeError)
MAX_PAGE = 100
OVERLAP = 10
"""Rows that each page repeats of the page before: so many may leave the list meanwhile, and none is missed."""

T = TypeVar("T")
Entity = Mapping[str, Any]
_thread = threading.local()


class Calls:
    """The keys of one account, and what every verb of the gateway has in common.

    Every verb makes HTTP calls with time-outs and raises GatewayError only. None may be called inside a transaction
    that holds locks. The secret stands in no representation.
    """

    def __init__(self, *, key_id: str, key_secret: str, base_url: str, timeout: tuple[float, float]) -> None:
        self.key_id = key_id
        self._key_secret = key_secret
        self._base_url = base_url
        self._timeout = timeout
        self._breaker = CircuitBreaker(base_url=base_url, key_id=key_id)

    @property
    def outage(self) -> Outage | None:
        """Since when no call has been answered; None if nothing is known against the next one."""
        return self._breaker.outage

    def _call(self, ask: Callable[[Any], Any], read: Callable[[Any], T], *, repeatable: bool = False) -> T:
        """`repeatable`: it changes nothing, or Razorpay knows the same request again by its idempotency key."""
        give_up_at = time.monotonic() + repeats.WITHIN_SECONDS
        tries = 0
        while True:
            tries += 1
            try:
                return self._call_once(ask, read)
            except GatewayError as error:
                pause = repeats.pause(error, tries) if repeatable else None
                if pause is None or time.monotonic() + pause > give_up_at:
                    raise
            time.sleep(pause)

    def _get(self, ask: Callable[[Any], Any], read: Callable[[Any], T]) -> T:
        return self._call(ask, read, repeatable=True)

    def _call_once(self, ask: Callable[[Any], Any], read: Callable[[Any], T]) -> T:
        self._breaker.let_through()
        sdk, adapter = self._client()
        adapter.forget()
        try:
            value = read(ask(sdk))
        except (*SDK_ERRORS, requests.RequestException) as error:
            outcome = outcome_of(error, adapter.last)
            self._breaker.note(is_outage=is_outage(adapter.last), reason=outcome.message)
            raise outcome from error
        except MALFORMED as error:
            if adapter.last is None:  # nothing was sent: a fault of ours
                raise
            self._breaker.note(is_outage=is_outage(adapter.last))
            raise GatewayUnclear(f"Razorpay gave an answer that makes no sense: {error!r}") from error
        self._breaker.note(is_outage=False)
        return value

    def _pages(
        self,
        ask: Callable[[Any, dict[str, int]], Any],
        read: Callable[[Entity], T],
        *,
        key: Callable[[Entity], object] = lambda item: item["id"],
        size: int = MAX_PAGE,
    ) -> Iterator[T]:
        """Each row of a list once, page by page, however rows move between pages meanwhile.

        The query has a fixed upper bound in time, so nothing new comes in. Razorpay tells no total: a short page is
        the last one.
        """
        seen: set[object] = set()
        skip = 0
        while True:
            query = {"count": size, "skip": skip}
            items = self._get(lambda sdk, query=query: ask(sdk, query), lambda page: list(page["items"]))  # type: ignore[misc]  # mypy knows no default arguments of a lambda
            for item in items:
                if key(item) not in seen:
                    seen.add(key(item))
                    yield self._read(item, read)
            if len(items) < size:
                return
            skip += max(len(items) - OVERLAP, 1)

    @staticmethod
    def _read(item: Entity, read: Callable[[Entity], T]) -> T:
        try:
            return read(item)
        except MALFORMED as error:
            raise GatewayUnclear(f"Razorpay gave an answer that makes no sense: {error!r}") from error

    def _client(self) -> tuple[Any, RecordingAdapter]:
        """This thread's client: neither `requests` sessions nor the remembered answer may be shared."""
        clients: dict[tuple[object, ...], tuple[Any, RecordingAdapter]] = _thread.__dict__.setdefault("clients", {})
        key = (self._base_url, self.key_id, self._key_secret, self._timeout)
        if key not in clients:
            session, adapter = new_session(self._base_url, self._timeout)
            sdk = razorpay.Client(session=session, auth=(self.key_id, self._key_secret), base_url=self._base_url)
            clients[key] = (sdk, adapter)
        return clients[key]


def oldest_first(items: Iterable[Entity], read: Callable[[Entity], T]) -> list[T]:
    """The order of Razorpay's lists is not documented."""
    return [read(item) for item in sorted(items, key=lambda item: (item["created_at"], item["id"]))]
