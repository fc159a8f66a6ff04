"""An operator's week in a browser, on the platform of `make run`: from a new customer to the search of the audit log.

The admin decides (customer, price, bounds, repair), the operator does the daily work, the viewer looks. Whatever a
person would not see go wrong, a word in the console or a failed request, ends the test.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Browser, expect

from tests.scenarios.browser.chromium import Heard, person
from tests.scenarios.browser.pages import Admin
from tests.scenarios.customer import INDIA, last_month
from tests.scenarios.running import Platform, wait_for

NAME = f"Tungabhadra Tools {uuid.uuid4().hex[:4]}"  # its own, whatever ran on this platform before
METRIC = f"cuts_{uuid.uuid4().hex[:6]}"
ADDRESS = f"accounts-{uuid.uuid4().hex[:4]}@tungabhadra.example"


@pytest.fixture
def people(platform: Platform, browser: Browser) -> Iterator[dict[str, Admin]]:
    """Admin, operator and viewer, each in a window of their own. At the end all they heard is asked for."""
    heard, logins = Heard(), platform.facts["logins"]
    base_url = platform.facts["base_url"]
    with (
        person(browser, base_url, logins["admin"], heard) as admin,
        person(browser, base_url, logins["operator"], heard) as operator,
        person(browser, base_url, logins["viewer"], heard) as viewer,
    ):
        yield {"admin": Admin(admin), "operator": Admin(operator), "viewer": Admin(viewer)}
        assert heard.problems == []


def test_an_operators_week(platform: Platform, people: dict[str, Admin]) -> None:
    admin, operator, viewer = people["admin"], people["operator"], people["viewer"]
    admin.open("set-up").sees("Sellers", "Prices", "API key")
    customer = new_customer(admin)
    new_price(admin)
    new_bounds(admin)
    key = new_key(admin, customer)

    report_usage(platform, key)
    explore(viewer)

    bill(operator)
    invoice = approve(operator)
    mailed(platform, operator)

    pay(operator, invoice, customer)
    give_back(admin, invoice)
    repair(platform, admin, customer)
    replay(platform, admin, operator, customer, key)
    alert(admin, operator)
    search_the_audit_log(admin)


def new_customer(admin: Admin) -> str:
    """Its id. Karnataka, as the seller: CGST and SGST."""
    admin.open("organisations/organisation/add").fill(
        name=NAME,
        legal_name=f"{NAME} Private Limited",
        billing_email=ADDRESS,
        billing_entity="Metrics Cloud",
        gstin="29AAGCB7383J1Z4",
        state_code="29 Karnataka",
        address_line1="4 Station Road",
        city="Hosapete",
        postal_code="583201",
    ).save(said="was added")
    admin.open(f"organisations/organisation?q={NAME}").follow(NAME)
    return admin.page.url.split("/organisation/")[1].split("/")[0]


def new_price(admin: Admin) -> None:
    """Rs 2.00 for a cut, with what 600 cost told while it is typed."""
    admin.open("invoicing/pricingrule/add").fill(
        organisation=NAME, currency="INR – Indian Rupee", metric_name=METRIC, unit="cut", unit_price="2", quantity="600"
    ).sees("₹1,200.00")
    admin.fill(effective_from=f"{last_month():%d/%m/%Y}").save(said="was added")


def new_bounds(admin: Admin) -> None:
    """A month above Rs 1,000 waits for a person."""
    admin.open("invoicing/safetybounds/add").fill(organisation=NAME, most="1000", reason="New here").save(
        said="was added"
    )


def new_key(admin: Admin, customer: str) -> str:
    admin.open(f"organisations/organisation/{customer}/change").ask("Create project").confirm(
        name="Workshop", said="Workshop"
    )
    admin.ask("Issue API key").confirm(name="counter", said="Copy it now")
    return admin.page.locator("#secret").inner_text()


def report_usage(platform: Platform, key: str) -> None:
    """Six events of 100 cuts in the month that is over."""
    noon = datetime.combine(last_month(), datetime.min.time(), INDIA) + timedelta(hours=12)
    for day in range(6):
        send(platform, key, event_id=f"{METRIC}-{day}", at=noon + timedelta(days=day))
    counted(platform, f"{METRIC}-", 6)


def send(platform: Platform, key: str, *, event_id: str, metric: str = METRIC, at: datetime | None = None) -> None:
    """100 cuts, as the customer's program reports them."""
    event = {"event_id": event_id, "metric_name": metric, "metric_value": 100, "unit": "cut"}
    event |= {"timestamp": at.isoformat()} if at else {}
    answer = platform.request("POST", "/api/v1/events", key=key, json=event)
    assert answer.status_code == 202, answer.text


def counted(platform: Platform, start: str, events: int) -> None:
    query = "SELECT count(*) FROM events_usageevent WHERE starts_with(event_id, %s)"
    wait_for(lambda: platform.scalar(query, start) == events, seconds=90, what="the events", log=platform.log)


def explore(viewer: Admin) -> None:
    """600 cuts, and the events behind them."""
    viewer.open("events/usageaggregate").fill(organisation=(NAME,))
    viewer.fill(**{"from": f"{last_month():%Y-%m-%d}"}).page.get_by_role("button", name="Show", exact=True).click()
    viewer.sees(METRIC, "600")
    viewer.open(f"events/usageevent?q={METRIC}-3").sees(f"{METRIC}-3")


def bill(operator: Admin) -> None:
    """What has to be looked at before the month, and the run; the month is parked, because it is above its bound."""
    operator.open("invoicing/billingrun/actions/month_end").sees("Month-end check")
    operator.ask("Start billing run").confirm(said="Billing items")
    operator.reload_until("100% finished")


def approve(operator: Admin) -> str:
    """Rs 1,200.00 and 9 % CGST and SGST, Rs 108.00 each: Rs 1,416.00. The address of the invoice's page."""
    operator.open(f"invoicing/reviewitem?q={NAME}").sees("₹1,416.00").follow("Approve")
    operator.sees("The total of ₹1,416.00 is above the limit of ₹1,000.00.").confirm(said="issued")
    operator.open(f"invoicing/invoice?q={NAME}").follow("INV/")
    return operator.page.url


def mailed(platform: Platform, operator: Admin) -> None:
    """The customer has the invoice as an e-mail."""
    operator.open(f"organisations/notification?q={ADDRESS}")
    operator.reload_until("SENT")


def pay(operator: Admin, invoice: str, customer: str) -> None:
    """The customer, who is signed in nowhere, opens its portal, reads the invoice and pays it at the test bank."""
    operator.open(f"organisations/organisation/{customer}/change").ask("Portal link").confirm(said="Copy it now")
    window = operator.page.context.browser.new_context().new_page()
    window.goto(operator.page.locator("#secret").inner_text())
    expect(window.locator("body")).to_contain_text(NAME)
    window.get_by_role("link", name="INV/").first.click()
    expect(window.locator("body")).to_contain_text("₹1,200.00")
    window.get_by_role("link", name="Pay ₹1,416.00").click()
    window.get_by_role("button", name="Pay ₹1,416.00").click()
    window.frame_locator("iframe").get_by_role("button", name="Pay ₹1,416.00").click()
    expect(window.locator("body")).to_contain_text("Paid")
    window.context.close()
    operator.open(invoice)
    operator.reload_until("PAID")


def give_back(admin: Admin, invoice: str) -> None:
    """Rs 236.00 of it, Rs 200.00 and its tax, with a credit note; pressed again once the page has shown it."""
    admin.open(invoice).page.locator(".related-lists a", has_text="Payments").click()
    admin.follow("pay_").ask("Refund").confirm(
        amount="236", reason="100 cuts were not clean", said="See above what this refund does"
    )
    admin.sees("₹200.00").confirm(said="CN/")


def repair(platform: Platform, admin: Admin, customer: str) -> None:
    """Somebody changes a sum past all triggers; the check finds it, and a button makes it anew from the ledger."""
    with platform.superuser() as prompt:
        prompt.execute("SET session_replication_role = replica")
        prompt.execute("UPDATE events_usageaggregate SET total = total + 1 WHERE organisation_id = %s", [customer])
    days = {"first_day": f"{last_month():%d/%m/%Y}", "last_day": f"{datetime.now(INDIA):%d/%m/%Y}"}
    admin.open("reconciliation/run/actions/start").confirm(
        **days, organisation=(NAME,), check="The ledger and the aggregates", said="run"
    )
    admin.open("reconciliation/run")
    admin.open(f"reconciliation/discrepancy?q={NAME}")
    admin.reload_until(NAME)
    admin.follow(f"{METRIC} of").ask("Repair").confirm(said="epaired")


def replay(platform: Platform, admin: Admin, operator: Admin, customer: str, key: str) -> None:
    """From now on only known metrics count, and a program misspells one: its event waits until somebody mends it."""
    admin.open(f"organisations/organisation/{customer}/change").follow("Details")
    admin.fill(strict_metrics=True).save(said="was changed")
    send(platform, key, event_id=f"{METRIC}-misspelt", metric=f"{METRIC}s")
    operator.open(f"events/deadletter?q={METRIC}-misspelt")
    operator.reload_until("Unknown metric")
    operator.follow(f"{METRIC}-misspelt")
    operator.ask("Edit and replay").confirm(metric_name=METRIC, reason="Misspelt", said="goes back to be counted")
    counted(platform, f"{METRIC}-misspelt", 1)


def alert(admin: Admin, operator: Admin) -> None:
    """The month that runs has 100 cuts of the event above: a rule at 50 fires as soon as the job looks."""
    operator.open("events/alertrule/add").fill(
        organisation=(NAME,), name="Many cuts", span="Usage of a month", thresholds="50"
    ).fill(metric=(METRIC,)).save(said="was added")
    admin.open("django_celery_beat/periodictask?q=Judge").follow("Judge alert rules")
    admin.ask("Run now").confirm(said="was handed to a worker")
    operator.open("events/alert")
    operator.reload_until("Many cuts")


def search_the_audit_log(admin: Admin) -> None:
    """Who did what to this customer, by people only."""
    admin.open(f"organisations/auditentry?q={NAME}").sees("operator", NAME)
