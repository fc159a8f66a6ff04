"""The portal's pages in the order of its navigation. A page is added by one line here and one in `urls.py`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Item:
    """`name` is the name of its address within "payments"; a page below it names it as its own place."""

    name: str
    label: str


NAVIGATION = (
    Item("portal", "Overview"),
    Item("portal_invoices", "Invoices"),
    Item("portal_payments", "Payments"),
    Item("portal_statement", "Statement"),
    Item("portal_usage", "Usage"),
    Item("portal_requests", "Requests"),
)
