"""Payouts: what Razorpay transferred to the seller's bank, and of which movements each consists."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from payments.gateways.calls import Calls
from payments.gateways.entities import parse_payout, parse_recon_row
from payments.gateways.values import GatewayPayout, ReconRow

RECON_PAGE = 1000


class Payouts(Calls):
    def fetch_payout(self, *, payout_id: str) -> GatewayPayout:
        return self._get(lambda sdk: sdk.settlement.fetch(payout_id), parse_payout)

    def payouts_between(self, since: datetime, until: datetime) -> Iterator[GatewayPayout]:
        """Every payout begun from `since` to `until`, both included, once."""
        bounds = {"from": int(since.timestamp()), "to": int(until.timestamp())}
        return self._pages(lambda sdk, page: sdk.settlement.all(bounds | page), parse_payout)

    def recon_rows(self, day: date) -> Iterator[ReconRow]:
        """Every movement that was paid out on a day (IST), once."""
        which = {"year": day.year, "month": f"{day.month:02}", "day": f"{day.day:02}"}
        return self._pages(
            lambda sdk, page: sdk.settlement.report(which | page),
            parse_recon_row,
            key=lambda row: (row["entity_id"], row["type"], row.get("settlement_id")),
            size=RECON_PAGE,
        )
