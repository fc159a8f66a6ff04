"""Which payments: those that stand, that are not placed, that wait for Razorpay, that somebody has to decide about."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Exists, ExpressionWrapper, F, OuterRef, Q
from django.db.models.functions import Coalesce

from billing_platform.lib import clock
from billing_platform.lib.money import ZERO
from billing_platform.lib.periods import start_of_day
from invoicing.models import Invoice
from invoicing.models.invoice import amount_due
from organisations.scoping import TenantQuerySet

FEE_IS_NAMED_WITHIN = timedelta(days=3)
"""How long we ask Razorpay for a fee that its messages left out."""
MONEY = models.DecimalField(max_digits=19, decimal_places=4)
HELD = ExpressionWrapper(F("amount") - F("payer_fee") - F("amount_refunded") - F("amount_lost"), output_field=MONEY)
"""What is left of a payment that stands: `Payment.net` for the database."""
NOT_WANTED = "The invoice does not ask for this amount any more: within days Razorpay gives it back to the payer."


class PaymentQuerySet(TenantQuerySet):
    def received(self) -> Self:
        """Payments that stand: money that arrived, whether or not some of it went back, and tax withheld."""
        return self.filter(paid_at__isnull=False).exclude(status=self.model.Status.REVERSED)

    def standing_between(self, first: date, last: date, zone: ZoneInfo) -> Self:
        """Received on the days `first` to `last`, both included: the typed day, or Razorpay's instant in `zone`."""
        after = last + timedelta(days=1)
        typed = Q(received_on__gte=first, received_on__lt=after)
        instants = Q(paid_at__gte=start_of_day(first, zone), paid_at__lt=start_of_day(after, zone))
        return self.received().filter(typed | instants & Q(received_on__isnull=True))

    def collected(self, first: date, last: date, zone: ZoneInfo) -> Self:
        """Money that came in on these days and stayed, at least in part; no tax certificates."""
        rows = self.standing_between(first, last, zone).exclude(kind=self.model.Kind.TDS)
        return rows.alias(held=HELD).filter(held__gt=0)

    def not_placed(self) -> Self:
        """Not credited, or not in full: an operator has to decide about the rest; without second payments."""
        second = self.model.objects.exclude(problem="").second_payments()
        return self.exclude(problem="").exclude(pk__in=second.order_by().values("pk"))

    def second_payments(self) -> Self:
        """Captured online for an invoice that another payment has paid: all of it is to be given back."""
        other = (
            self.model.objects.received().filter(allocations__invoice=OuterRef("invoice")).exclude(pk=OuterRef("pk"))
        )
        rows = self.filter(kind=self.model.Kind.GATEWAY, status=self.model.Status.CAPTURED, conflict="")
        is_paid = {"invoice__status__in": [Invoice.Status.PAID, Invoice.Status.PARTIALLY_REFUNDED]}
        rows = rows.alias(due=amount_due("invoice__")).filter(due=0, **is_paid)
        return rows.filter(Exists(other), allocations__isnull=True)

    def with_credit(self) -> Self:
        """Money that stands and of which some is credited to no invoice: on account, or more than was due."""
        credited = Coalesce(models.Sum("allocations__amount"), ZERO, output_field=MONEY)
        return self.received().alias(held=HELD, credited=credited).filter(held__gt=F("credited"))

    def refunds_to_decide(self) -> Self:
        """Money of them went back, and no operator has decided yet whether the invoice asks for it again."""
        waiting = self.model.objects.filter(allocations__answer="open", allocations__invoice__amount_returned__gt=0)
        return self.filter(pk__in=waiting.order_by().values("pk"))

    def failed_and_due(self) -> Self:
        """The payer's last attempt failed, and the invoice is still due: one row per invoice."""
        newer = self.model.objects.filter(
            invoice=OuterRef("invoice"), kind=self.model.Kind.GATEWAY, attempted_at__gt=OuterRef("attempted_at")
        )
        return self.filter(status=self.model.Status.FAILED, invoice__in=Invoice.objects.collectable()).exclude(
            Exists(newer)
        )

    def waiting_for_fee(self) -> Self:
        """Captured and not credited: Razorpay has not named the fee yet, which may explain the amount."""
        odd = self.exclude(problem="").filter(status=self.model.Status.CAPTURED, order__isnull=False, fee__isnull=True)
        explains = Q(amount__gt=F("order__amount")) | Q(payer_bears_fee=True)
        return odd.filter(explains, paid_at__gte=clock.now() - FEE_IS_NAMED_WITHIN)

    def without_fee(self, before: datetime) -> Self:
        """Those that have waited for a while: Razorpay is to be asked."""
        return self.not_placed().waiting_for_fee().filter(updated_at__lt=before)

    def uncaptured(self, before: datetime) -> Self:
        """Authorised for a while: automatic capture has not happened."""
        return self.filter(status=self.model.Status.AUTHORIZED, updated_at__lt=before)

    def not_taken(self) -> Self:
        """Authorised, and our last try to capture it failed: within days Razorpay gives the money back to the payer."""
        return self.filter(status=self.model.Status.AUTHORIZED).exclude(not_captured__in=["", NOT_WANTED])
