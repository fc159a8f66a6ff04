"""What a new installation needs before it can bill: numbers, tax, letters of undertaking, prices."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Q
from django.urls import reverse

from billing_platform.lib.admin.contributions import list_address
from billing_platform.lib.admin.display import action_url
from billing_platform.lib.admin.set_up import Stage, State, Step, step
from billing_platform.lib.gst import INDIA
from invoicing.models import LetterOfUndertaking, PricingRule, TaxRate
from invoicing.selectors.indian_deadlines import indian_today
from organisations.models import BillingEntity, Organisation
from organisations.set_up import first_seller


def steps() -> Iterator[Step]:
    """Of the default seller, in a constant number of queries."""
    seller = first_seller()
    if seller is not None:
        yield _numbers(seller)
        yield _letter(seller)
    yield _tax()
    yield _prices()


def _numbers(seller: BillingEntity) -> Step:
    style = seller.number_style
    first = style.text(style.series(seller.invoice_prefix, indian_today()), 1)
    return Step(
        Stage.SELLER,
        "Number series",
        State.DONE,
        f"The first invoice of the year is {first}. Choose before it is issued.",
        "Change numbers",
        action_url(seller, "change_numbers"),
    )


def _letter(seller: BillingEntity) -> Step:
    title = "Letter of undertaking"
    abroad = Organisation.objects.filter(~Q(country=INDIA) | Q(is_sez=True), billing_entity=seller, is_active=True)
    if not seller.gstin or seller.country != INDIA:
        return Step(Stage.SELLER, title, State.NOT_NEEDED, "The seller has no GSTIN.")
    today = indian_today()
    if LetterOfUndertaking.objects.filter(billing_entity=seller).on(today).exists():
        letters = list_address(LetterOfUndertaking)
        return Step(Stage.SELLER, title, State.DONE, "Exports are billed without IGST.", "Look", letters)
    if not abroad.exists():
        return Step(Stage.SELLER, title, State.NOT_NEEDED, "No customer is abroad or in a Special Economic Zone.")
    query = f"?billing_entity={seller.pk}"
    return Step(
        Stage.SELLER,
        title,
        State.MISSING,
        "Customers abroad or in a Special Economic Zone are charged IGST until one is entered.",
        "Enter the letter",
        reverse("admin:invoicing_letterofundertaking_add") + query,
    )


def _tax() -> Step:
    known = TaxRate.objects.on(indian_today()).exists()
    return step(
        Stage.PRICES,
        "Tax rates",
        is_done=known,
        done="There is a rate for today.",
        missing="No rate of tax holds today, so nothing can be billed with tax.",
        button="Add a tax rate",
        url=list_address(TaxRate) if known else reverse("admin:invoicing_taxrate_add"),
    )


def _prices() -> Step:
    today = indian_today()
    running = Q(effective_to__isnull=True) | Q(effective_to__gt=today)
    known = PricingRule.objects.filter(running).exists()
    return step(
        Stage.PRICES,
        "Prices",
        is_done=known,
        done="Usage has prices.",
        missing="Usage without a price is counted and not billed. Type a price, or import a list.",
        button="Add a price",
        url=list_address(PricingRule) if known else reverse("admin:invoicing_pricingrule_add"),
    )
