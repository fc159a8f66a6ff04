"""A customer of a scenario, made over the API like a back-office script would."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.scenarios.running import Platform, wait_for

ADMIN = "/api/v1/admin"
INDIA = ZoneInfo("Asia/Kolkata")


def last_month() -> date:
    """The first day of the month that is over, in India."""
    return (datetime.now(INDIA).date().replace(day=1) - timedelta(days=1)).replace(day=1)


@dataclass
class Customer:
    """An organisation in Karnataka (29) with a project, a key, and a price of ₹0.04 for a call."""

    platform: Platform
    organisation_id: str
    project_id: str
    key: str
    metric: str

    @classmethod
    def create(cls, platform: Platform, name: str) -> Customer:
        metric = f"calls_{uuid.uuid4().hex[:8]}"  # a price of its own, whatever the other scenarios did
        organisation = _created(
            platform,
            f"{ADMIN}/organisations",
            {
                "name": name,
                "legal_name": f"{name} Private Limited",
                "billing_email": "accounts@customer.example",
                "address_line1": "5 MG Road",
                "city": "Bengaluru",
                "postal_code": "560001",
                "state_code": "29",
                "gstin": "29AAGCB7383J1Z4",
            },
        )
        project = _created(platform, f"{ADMIN}/organisations/{organisation['id']}/projects", {"name": "API"})
        key = _created(platform, f"{ADMIN}/projects/{project['id']}/api-keys", {"name": "app"})["api_key"]
        _created(
            platform,
            f"{ADMIN}/pricing-rules",
            {
                "organisation": organisation["id"],
                "metric_name": metric,
                "unit": "call",
                "currency": "INR",
                "model": "per_unit",
                "unit_price": "0.04",
                "effective_from": str(last_month()),
            },
        )
        return cls(platform, organisation["id"], project["id"], key, metric)

    def event(self, number: int, *, value: str = "1.25") -> dict[str, Any]:
        """One event of last month; the same number is the same event."""
        at = datetime.combine(last_month(), datetime.min.time(), INDIA) + timedelta(minutes=number % 40_000)
        return {
            "event_id": f"event-{number}",
            "metric_name": self.metric,
            "metric_value": value,
            "unit": "call",
            "timestamp": at.astimezone(UTC).isoformat(),
        }

    def report(self, events: list[dict[str, Any]]) -> None:
        answer = self.platform.request("POST", "/api/v1/events/batch", key=self.key, json={"events": events})
        assert answer.status_code == 202, answer.text
        assert answer.json()["accepted"] == len(events)

    def ledger_rows(self) -> int:
        query = "SELECT count(*) FROM events_usageevent WHERE organisation_id = %s"
        return int(self.platform.scalar(query, self.organisation_id))

    def wait_until_counted(self, rows: int) -> None:
        wait_for(lambda: self.ledger_rows() == rows, seconds=60, what=f"{rows} counted events", log=self.platform.log)

    def bill_last_month(self) -> dict[str, Any]:
        """Run the month for everybody, as the back office would, and wait for this customer's invoice."""
        self.start_billing_run()
        return self.wait_for_invoice()

    def start_billing_run(self) -> None:
        answer = self.platform.request("POST", f"{ADMIN}/billing-runs", json={"period": f"{last_month():%Y-%m}"})
        assert answer.status_code in {200, 201, 202}, answer.text

    def wait_for_invoice(self) -> dict[str, Any]:
        """After a crash an item is taken up again when it was untouched for 50 seconds, at the next full minute."""

        def issued() -> dict[str, Any] | None:
            (invoice,) = self.invoices() or [None]
            return invoice if invoice and invoice["status"] != "draft" else None

        return wait_for(issued, seconds=180, what="the invoice", log=self.platform.log)

    def invoices(self) -> list[dict[str, Any]]:
        answer = self.platform.request("GET", f"{ADMIN}/organisations/{self.organisation_id}/invoices")
        assert answer.status_code == 200, answer.text
        return list(answer.json()["results"])

    def invoice(self, invoice_id: str) -> dict[str, Any]:
        answer = self.platform.request("GET", f"{ADMIN}/invoices/{invoice_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


def _created(platform: Platform, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = platform.request("POST", path, json=body)
    assert answer.status_code == 201, f"{path}: {answer.text}"
    return dict(answer.json())
