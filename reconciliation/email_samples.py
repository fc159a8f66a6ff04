"""Samples of the e-mails of reconciliation."""

from __future__ import annotations

from types import SimpleNamespace

from organisations.notifications.branding import Brand
from organisations.notifications.samples import Explained, Samples

PAGE = "https://billing.example/reconciliation"


WHEN = {
    "reconciliation_summary": "When the daily run has ended, and something does not agree.",
    "reconciliation_late": "When the daily run was not begun, or does not end.",
}


def samples(brand: Brand) -> Samples:
    row = {
        "about": "Payment pay_Sample1, ₹24,315.00",
        "said": "Captured at Razorpay, not here · about ₹24,315.00 · since 24 Nov 2026, 2 days",
        "page": PAGE,
    }
    part = SimpleNamespace(count=1, worth="₹24,315.00", more=0)
    summary = SimpleNamespace(
        headline="1 new",
        failed=False,
        new=part,
        standing=SimpleNamespace(count=0),
        outcomes=[
            SimpleNamespace(title="Payments against Razorpay", failure="", compared=1204, found=1),
            SimpleNamespace(title="Invoices against their lines", failure="", compared=311, found=0),
        ],
    )
    pages = {"page": PAGE, "list": PAGE, "squares": PAGE}
    parts = [{"title": "New", "part": part, "rows": [row]}]
    return {
        "reconciliation_summary": {"run": "26 Nov 2026", "summary": summary, "parts": parts, "brand": None, **pages},
        "reconciliation_late": {"run": "25 Nov 2026", "is_begun": True, "brand": None, **pages},
    }


EXPLAINED = Explained(WHEN, samples)
