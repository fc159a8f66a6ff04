"""Samples of the e-mails to operators."""

from __future__ import annotations

from datetime import date

from organisations.notifications.branding import Brand
from organisations.notifications.samples import Explained, Samples

PAGE = "https://billing.example/admin/"


WHEN = {
    "digest": "Each morning, to operators who have not switched it off.",
    "mailed_view": "On the days that an operator chose for a saved view, to this operator alone.",
}


def samples(brand: Brand) -> Samples:
    def line(title: str, note: str) -> dict[str, str]:
        return {"title": title, "note": note, "url": PAGE}

    numbers = (
        ("Events counted", "12,027,492"),
        ("Billed", "12, ₹4,31,204.00"),
        ("Collected", "9, ₹2,95,118.00"),
        ("Payments failed", "2, ₹24,315.00"),
        ("E-mails bounced", "1"),
        ("Discrepancies to decide", "3"),
    )
    digest = {
        "brand": None,
        "name": "Olga",
        "day": date(2026, 11, 27),
        "yesterday": date(2026, 11, 26),
        "headline": "2 payments failed, 3 invoices overdue and 1 more",
        "billing": [
            line("2 payments failed", "₹24,315.00 · 1 day"),
            line("3 invoices overdue", "₹1,20,274.92 · 12 days"),
        ],
        "technical": [line("1 e-mail failed", "2 days")],
        "numbers": [(title, said, PAGE) for title, said in numbers],
        "dashboard": PAGE,
        "choice": PAGE,
    }
    mailed_view = {
        "brand": None,
        "name": "Olga",
        "view": "Overdue in rupees",
        "list": "Invoices",
        "day": date(2026, 11, 27),
        "rows": "17",
        "outcome": "sent",
        "most_rows": "20,000",
        "rhythm": "every week on Friday",
        "url": PAGE,
        "switch": PAGE,
    }
    return {"digest": digest, "mailed_view": mailed_view}


EXPLAINED = Explained(WHEN, samples)
