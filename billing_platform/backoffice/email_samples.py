"""A sample of the daily digest."""

from __future__ import annotations

from datetime import date

from organisations.notifications.branding import Brand
from organisations.notifications.samples import Explained, Samples

PAGE = "https://billing.example/admin/"


WHEN = {
    "digest": "Each morning, to operators who have not switched it off.",
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
    return {"digest": digest}


EXPLAINED = Explained(WHEN, samples)
