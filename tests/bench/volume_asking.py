"""Asks the platform's pages and its API over HTTP, as a browser with a session and a program with a key do."""

from __future__ import annotations

import http.client
import re
import time
from collections.abc import Iterator
from urllib.parse import urlencode, urlsplit

from tests.bench.volume import API_AIM, PAGE_AIM, Address, Answered

NAME, PASSWORD = "volume", "a long enough passphrase"
_FEWEST = 5
_LONGEST_WARMING_S = 180


def signed_in(root: str) -> tuple[str, str]:
    """The cookies of an operator who may see everything, and an admin key of the same."""
    from django.contrib.auth import get_user_model

    from tests import factories

    users = get_user_model().objects
    user = users.filter(username=NAME).first() or users.create_superuser(NAME, "volume@example.com", PASSWORD)
    key = factories.admin_key(user)
    connection = _connection(root)
    connection.request("GET", "/admin/login/")
    page = connection.getresponse()
    token = re.search(r'csrfmiddlewaretoken" value="([^"]+)"', page.read().decode())
    cookies = _cookies(page)
    assert token, "the page to sign in has no token"
    body = urlencode({"username": NAME, "password": PASSWORD, "csrfmiddlewaretoken": token[1], "next": "/admin/"})
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Cookie": cookies,
        "Referer": f"{root}/admin/login/",
    }
    connection.request("POST", "/admin/login/", body, headers)
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 302, f"nobody is signed in: {answer.status}"
    return "; ".join(filter(None, [cookies, _cookies(answer)])), key


def ask(root: str, address: Address, cookies: str, key: str, *, requests: int, seconds: float) -> Answered:
    """First what warms what a running platform has warm; then so many requests, as long as there is time."""
    headers = {"Authorization": f"Bearer {key}"} if address.aim == API_AIM else {"Cookie": cookies}
    connection, times, size, status = _connection(root), [], 0, 0
    _warm(connection, address, headers)
    deadline = time.perf_counter() + seconds
    for _number in range(requests):
        begun = time.perf_counter()
        connection.request("GET", address.path, headers=headers)
        answer = connection.getresponse()
        size, status = len(answer.read()), answer.status
        times.append(1000 * (time.perf_counter() - begun))
        if status >= 500 or (time.perf_counter() > deadline and len(times) >= _FEWEST):
            break
    connection.close()
    times.sort()
    half, most = (times[min(int(len(times) * part), len(times) - 1)] if times else 0 for part in (0.5, 0.95))
    return Answered(address, half, most, len(times), size // 1000, status)


def _warm(connection: http.client.HTTPConnection, address: Address, headers: dict[str, str]) -> None:
    """One request; more while a page says that a thread works something out, which slows what is asked beside it."""
    for _second in range(_LONGEST_WARMING_S):
        connection.request("GET", address.path, headers=headers)
        if b"being compared" not in connection.getresponse().read():
            return
        time.sleep(1)
    raise SystemExit(f"{address.name} is not warm after {_LONGEST_WARMING_S} seconds.")


def addresses() -> Iterator[Address]:
    """The dashboard, each list of the sidebar (first page, a search, one customer), and what is read most."""
    yield Address("dashboard", "/admin/", PAGE_AIM)
    yield from _pages()
    yield from _sidebar()
    yield from _api()


def _pages() -> Iterator[Address]:
    from invoicing.models import Invoice
    from payments.models import Payment

    owner = _owner()
    analytics, explorer = "/admin/events/usageaggregate/actions/analytics/", "/admin/events/usageaggregate/"
    yield Address("customer", f"/admin/organisations/organisation/{owner}/change/", PAGE_AIM)
    yield Address("explorer of a customer", f"{explorer}?organisation={owner}", PAGE_AIM)
    for span in ("30", "90"):
        yield Address(f"analytics, {span} days", f"{analytics}?span={span}", PAGE_AIM)
        yield Address(
            f"analytics of a customer, {span} days", f"{analytics}?span={span}&organisation={owner}", PAGE_AIM
        )
    for model in (Invoice, Payment):
        row = model.objects.filter(organisation=owner).first()
        if row is not None:
            name = model._meta.model_name
            yield Address(f"{name}", f"/admin/{model._meta.app_label}/{name}/{row.pk}/change/", PAGE_AIM)


def _sidebar() -> Iterator[Address]:
    from django.contrib import admin

    from billing_platform.lib.admin.contributions import list_address, page_address, sidebar_items

    owner = str(_owner())
    for item in sidebar_items():
        page = admin.site._registry[item.model]
        title = f"{item.page_title or item.model._meta.verbose_name_plural}"
        if item.page:
            yield Address(f"{title} (page)", page_address(item.model, item.page), PAGE_AIM)
            continue
        address = list_address(item.model)
        yield Address(title, address, PAGE_AIM)
        if page.search_fields:
            yield Address(f"{title}, searched", f"{address}?q=Volume+77", PAGE_AIM)
        if "organisation" in page.list_filter:
            yield Address(f"{title}, of a customer", f"{address}?organisation__id__exact={owner}", PAGE_AIM)


def _api() -> Iterator[Address]:
    owner, admin = _owner(), "/api/v1/admin"
    own = f"{admin}/organisations/{owner}"
    for name in ("summary", "trends?group_by=day", "cost-breakdown?group_by=project", "realtime"):
        yield Address(f"API analytics/{name}", f"{own}/analytics/{name}", API_AIM)
    yield Address("API analytics/trends of three months", f"{own}/analytics/trends?{_last_days(90)}", API_AIM)
    for name in ("usage", "invoices", "invoices/upcoming", "payments", "projects", "alert-rules"):
        yield Address(f"API {name} of a customer", f"{own}/{name}", API_AIM)
    for name in ("organisations", "metrics", "pricing-rules", "credit-notes", "billing-runs"):
        yield Address(f"API {name}", f"{admin}/{name}", API_AIM)


def _last_days(days: int) -> str:
    from datetime import timedelta

    from billing_platform.lib import clock
    from organisations.models import Organisation

    today = clock.today(Organisation.objects.get(pk=_owner()).zone)
    return f"start={today - timedelta(days=days)}&end={today + timedelta(days=1)}&group_by=week"


def _owner() -> object:
    from organisations.models import Organisation

    return Organisation.objects.filter(slug__startswith="volume-").order_by("slug").values_list("pk", flat=True).first()


def _connection(root: str) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(root).netloc, timeout=300)


def _cookies(answer: http.client.HTTPResponse) -> str:
    sent = answer.headers.get_all("Set-Cookie") or []
    return "; ".join(each.split(";", 1)[0] for each in sent)
