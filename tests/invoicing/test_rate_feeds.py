"""Exchange rates from their publishers: both formats over real HTTP, what is refused, and the daily sync."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.test.client import Client

from billing_platform.lib import clock
from invoicing.exchange import PublisherError, fetching, publisher
from invoicing.models import ExchangeRate, RateFeed
from invoicing.services import rate_feeds
from invoicing.services.exchange_rates import add_exchange_rate
from invoicing.tasks import sync_exchange_rates
from organisations.models import Organisation
from tests.admin.conftest import signed_in
from tests.invoicing.language import at

FILES = Path(__file__).parent / "published"
SINCE, UNTIL = date(2026, 10, 26), date(2026, 10, 30)


class Site:
    """What the local publisher answers, and what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, bytes] = {path.name: path.read_bytes() for path in FILES.iterdir()}
        self.asked: list[str] = []
        self.status = 200


@pytest.fixture
def site(settings: Any) -> Iterator[Site]:
    served = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.asked.append(self.path)
            name = "fbil.json" if "fetchfiltered" in self.path else self.path.rpartition("/")[2]
            body = served.answers.get(name, b"")
            self.send_response(served.status if name in served.answers else 404)
            self.send_header("Content-Length", str(len(body)))
            if served.status == 302:
                self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.FBIL_BASE_URL = f"http://127.0.0.1:{server.server_port}/wasdm"
    settings.ECB_BASE_URL = f"http://127.0.0.1:{server.server_port}/stats/eurofxref"
    yield served
    server.shutdown()
    server.server_close()


def of(name: str, since: date = SINCE, until: date = UNTIL) -> dict[tuple[str, str, str], Decimal]:
    return {
        (each.base, each.target, each.as_of.isoformat()): each.rate
        for each in publisher(name).published(since=since, until=until)
    }


def test_fbil_quotes_rupees_and_yen_per_hundred(site: Site) -> None:
    found = of("fbil")
    assert found["USD", "INR", "2026-10-30"] == Decimal("84.0721")
    assert found["JPY", "INR", "2026-10-30"] == Decimal("0.5519")  # 55.19 for 100
    assert found["IDR", "INR", "2026-10-30"] == Decimal("0.005348")  # 53.48 for 10,000
    assert site.asked == ["/wasdm/refrates/fetchfiltered?fromDate=2026-10-26&toDate=2026-10-30&authenticated=false"]
    days = {day for _base, _target, day in found}
    assert days == {"2026-10-27", "2026-10-28", "2026-10-29", "2026-10-30"}  # the 26th was a holiday
    assert all(target == "INR" and base != "XXX" for base, target, _day in found)


def test_the_ecb_quotes_euros_and_its_rupees_are_left_out(site: Site) -> None:
    found = of("ecb", UNTIL, UNTIL)
    assert site.asked == ["/stats/eurofxref/eurofxref-daily.xml"]
    assert found["EUR", "USD", "2026-10-30"] == Decimal("1.0861")
    assert found["EUR", "JPY", "2026-10-30"] == Decimal("165.93")
    assert not [pair for pair in found if "INR" in pair]
    several = of("ecb", UNTIL - timedelta(days=30), UNTIL)
    assert site.asked[1] == "/stats/eurofxref/eurofxref-hist-90d.xml"
    assert {day for _base, _target, day in several} == {"2026-10-29", "2026-10-30"}


def row_of(name: str, day: str, rate: str) -> bytes:
    return f'[{{"subProdName": "{name}", "processRunDate": "{day}", "rate": {rate}}}]'.encode()


BOMB = b"""<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "xxxxxxxxxx"><!ENTITY y "&x;&x;&x;&x;&x;&x;&x;&x;">]>
<Envelope><Cube time="2026-10-30"><Cube currency="USD" rate="1"/>&y;</Cube></Envelope>"""


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("fbil", b"<html>Service unavailable</html>", "no JSON"),
        ("fbil", b"[" * 100_000, "no JSON"),
        ("fbil", b'{"error": true}', "no list"),
        ("fbil", b'[{"subProdName": "INR / 1 USD", "processRunDate": "soon", "rate": 84}]', "format has changed"),
        (
            "fbil",
            b'[{"subProdName": "INR / 1 USD", "processRunDate": "2026-10-30", "rate": "NaN"}]',
            "format has changed",
        ),
        ("fbil", b'[{"subProdName": "INR / 1 USD", "processRunDate": "2026-10-30", "rate": -1}]', "format has changed"),
        (
            "fbil",
            b'[{"subProdName": "INR / 1 USD", "processRunDate": "2026-10-30", "rate": 1e999}]',
            "format has changed",
        ),
        ("fbil", b'[{"subProdName": "INR / 0 USD", "processRunDate": "2026-10-30", "rate": 84}]', "format has changed"),
        ("fbil", b"x" * (fetching.LARGEST_ANSWER + 1), "larger than 2 MB"),
        ("ecb", b"{}", "no XML"),
        ("ecb", b"<Envelope><Cube time='2026-10-30'></Cube></Envelope>", "format has changed"),
        ("ecb", BOMB, "document type"),
        ("ecb", b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "document type"),
    ],
)
def test_what_is_no_list_of_rates_is_refused(site: Site, name: str, body: bytes, said: str) -> None:
    site.answers["fbil.json"] = site.answers["eurofxref-daily.xml"] = body
    with pytest.raises(PublisherError, match=said):
        publisher(name).published(since=UNTIL, until=UNTIL)


@pytest.mark.parametrize("status", [302, 404, 500])
def test_any_other_answer_is_a_failure_and_no_redirect_is_followed(site: Site, status: int) -> None:
    site.status = status
    with pytest.raises(PublisherError, match=f"127.0.0.1 answered {status}"):
        of("fbil")
    assert len(site.asked) == 1


def test_a_publisher_that_is_not_there_is_a_failure(settings: Any) -> None:
    settings.FBIL_BASE_URL = "http://127.0.0.1:9"
    with pytest.raises(PublisherError, match="could not be asked"):
        of("fbil")


# --- the daily sync -------------------------------------------------------------------------------------------------


def feed(name: str = "fbil") -> RateFeed:
    return RateFeed.objects.get(name=name)


def fetch(name: str = "fbil") -> RateFeed:
    rate_feeds.fetch(feed_id=feed(name).pk)
    return feed(name)


@pytest.mark.django_db
def test_the_daily_job_asks_only_where_somebody_needs_a_rate(site: Site, acme: Organisation) -> None:
    with at("2026-10-31 06:30"):
        sync_exchange_rates()
        assert feed().next_attempt_at is None  # everybody is billed in rupees
        Organisation.objects.update(currency="USD")
        sync_exchange_rates()
        assert feed().next_attempt_at is not None
        assert feed("ecb").next_attempt_at is None  # switched off until somebody wants it


@pytest.mark.django_db
def test_a_fetch_stores_each_rate_once_and_never_changes_one(site: Site) -> None:
    add_exchange_rate(base="USD", target="INR", rate=Decimal("84"), as_of=UNTIL, source="Entered by hand")
    with at("2026-10-31 06:30"):
        rate_feeds.ask_for_rates()
        fetched = fetch()
    assert (fetched.newest_day, fetched.last_failure, fetched.next_attempt_at) == (UNTIL, "", None)
    assert ExchangeRate.objects.get(base="USD", as_of=UNTIL).rate == 84
    euro = ExchangeRate.objects.get(base="EUR", target="INR", as_of=UNTIL)
    assert (euro.rate, euro.source) == (Decimal("91.3154"), "RBI reference rate (FBIL)")
    count = ExchangeRate.objects.count()
    with at("2026-10-31 06:40"):
        rate_feeds.ask_for_rates()
        fetch()
    assert ExchangeRate.objects.count() == count
    assert "fromDate=2026-10-16" in site.asked[1]  # two weeks before the newest: what came late is found


@pytest.mark.django_db
def test_a_failure_shows_and_is_tried_again(site: Site, admin_user: Any) -> None:
    site.status = 503
    with at("2026-10-31 06:30"):
        rate_feeds.ask_for_rates()
        failed = fetch()
        assert failed.last_failure == "127.0.0.1 answered 503 instead of its rates."
        assert failed.next_attempt_at > clock.now()
        shown = signed_in(admin_user).get("/admin/").content.decode()
        assert "exchange rate feed failed" in shown
    site.status = 200
    with at("2026-10-31 06:40"):
        assert rate_feeds.due_feeds() == [feed().pk]
        assert fetch().last_failure == ""


@pytest.mark.django_db
def test_sync_over_the_api_and_the_rate_of_a_pair(site: Site, api: Client) -> None:
    answer = api.post("/api/v1/admin/exchange-rates/sync", "{}", content_type="application/json")
    assert answer.status_code == 202
    assert [each["name"] for each in answer.json()["feeds"]] == ["fbil"]
    with at("2026-10-31 06:30"):
        fetch()
    pair = api.get("/api/v1/admin/exchange-rates/USD/EUR?at=2026-10-31").json()
    assert (pair["rate"], pair["kind"], pair["as_of"]) == ("0.9206782208", "cross", "2026-10-30")
    assert api.get("/api/v1/admin/exchange-rates/USD/SEK?at=2026-10-31").status_code == 404
