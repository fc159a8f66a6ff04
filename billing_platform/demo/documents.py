"""The demo's tax documents: exports, a Special Economic Zone, consumers, Indian scripts, an IRN, a GST return."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any

from billing_platform.lib import clock
from billing_platform.lib.law import INDIAN_TIME
from billing_platform.lib.periods import BillingPeriod
from invoicing.computing.credit_notes import Wanted
from invoicing.look import ENGLISH_AND_HINDI
from invoicing.models import EInvoice, Invoice
from invoicing.returns.e_invoice import as_json, e_invoice
from invoicing.returns.e_invoice_answer import read_answer
from invoicing.returns.period import ReturnPeriod
from invoicing.selectors.e_invoices import document_of
from invoicing.services import drafting, issuing, templates
from invoicing.services.credit_notes.issuing import Why, issue_credit_note
from invoicing.services.e_invoices.recording import record_typed
from invoicing.services.exchange_rates import add_exchange_rate
from invoicing.services.returns import filing
from invoicing.services.voiding import void_invoice
from organisations.models import BillingEntity, Organisation
from organisations.services import onboarding
from organisations.services.gstin_checks import mark_gstins_checked
from organisations.services.sellers import update_seller

RATES = {"USD": Decimal("84.9125"), "EUR": Decimal("98.4310"), "JPY": Decimal("0.5624")}


@dataclass(frozen=True)
class Order:
    """A customer without usage: the day of last month on which its one-off work is invoiced, and the work's price.

    `credited`: what a credit note of a later day takes back, without tax. `twice`: it is invoiced once more by mistake,
    and that invoice is void.
    """

    fields: dict[str, Any]
    day: int
    work: str
    price: str
    credited: str = ""
    twice: bool = False


ORDERS = [
    Order(
        {
            "name": "Anand Prakashan",
            "legal_name": "आनंद प्रकाशन प्राइवेट लिमिटेड",
            "address_line1": "१४ हज़रतगंज",
            "city": "Lucknow",
            "postal_code": "226001",
            "state_code": "09",
            "gstin": "09AAKCA5512M1ZE",
        },
        day=5,
        work="Moving the catalogue to the API",
        price="45000.00",
        credited="5000.00",
    ),
    Order(
        {
            "name": "Kaveri Foods",
            "legal_name": "காவேரி உணவுகள் பிரைவேட் லிமிடெட்",
            "address_line1": "27 அண்ணா சாலை",
            "city": "Chennai",
            "postal_code": "600002",
            "state_code": "33",
            "gstin": "33AABCK6677L1Z4",
        },
        day=6,
        work="Onboarding of two kitchens",
        price="12400.00",
    ),
    Order(
        {
            "name": "Helix Devices",
            "legal_name": "Helix Devices Private Limited",
            "address_line1": "Unit 4, Whitefield SEZ",
            "city": "Bengaluru",
            "postal_code": "560066",
            "state_code": "29",
            "gstin": "29AAHCZ4455P1ZC",
            "is_sez": True,
        },
        day=7,
        work="Integration with the plant's sensors",
        price="88000.00",
    ),
    Order(
        {
            "name": "Meera Joshi",
            "address_line1": "9 Marine Lines",
            "city": "Mumbai",
            "postal_code": "400020",
            "state_code": "27",
        },
        day=8,
        work="Recording studio: yearly archive",
        price="120000.00",
        credited="10000.00",
    ),
    Order(
        {
            "name": "Ravi Kumar",
            "address_line1": "31 Jayanagar 4th Block",
            "city": "Bengaluru",
            "postal_code": "560041",
            "state_code": "29",
        },
        day=9,
        work="Set-up",
        price="1000.50",
        twice=True,
    ),
    Order(
        {
            "name": "Sakura Systems",
            "legal_name": "Sakura Systems K.K.",
            "address_line1": "2-11 Nihonbashi, Chuo-ku",
            "city": "Tokyo",
            "postal_code": "103-0027",
            "country": "JP",
            "currency": "JPY",
            "time_zone": "Asia/Tokyo",
        },
        day=12,
        work="Training of three days",
        price="240000",
    ),
    Order(
        {
            "name": "Rheinwerk Daten",
            "legal_name": "Rheinwerk Daten GmbH",
            "address_line1": "Deutzer Freiheit 70",
            "city": "Köln",
            "postal_code": "50679",
            "country": "DE",
            "tax_id": "DE136695976",
            "currency": "EUR",
            "time_zone": "Europe/Berlin",
        },
        day=13,
        work="Data residency review",
        price="1850.00",
        credited="150.00",
    ),
]


def make_orders(seller: BillingEntity, *, month: BillingPeriod) -> dict[str, Organisation]:
    """Make customers without usage, invoice their work within a month, and credit a part of some."""
    made = {}
    for base, rate in RATES.items():
        if base != "USD":
            add_exchange_rate(base=base, target="INR", rate=rate, as_of=month.start, source="Demo reference rate")
    for order in ORDERS:
        email = f"accounts@{order.fields['name'].lower().replace(' ', '-')}.example"
        customer = onboarding.create_organisation(**order.fields, billing_email=email, billing_entity=seller)
        made[customer.name] = customer
        with _at_noon(month.start.replace(day=order.day)):
            invoice = _issued(customer, order)
            if order.twice:
                void_invoice(invoice_id=_issued(customer, order).pk, reason="The same work was invoiced twice.")
        if order.credited:
            with _at_noon(month.start.replace(day=order.day + 12)):
                _credit(invoice, Decimal(order.credited))
    return made


def _issued(customer: Organisation, order: Order) -> Invoice:
    line = {"description": order.work, "quantity": "1", "unit_price": order.price}
    draft = drafting.create_one_off_draft(organisation=customer, lines=[line])
    return issuing.finalize_invoice(invoice_id=draft.pk, send=False)


def _credit(invoice: Invoice, amount: Decimal) -> None:
    why = Why("deficiency", "A part of the work was not needed.")
    issue_credit_note(invoice_id=invoice.pk, lines=[Wanted(1, amount=amount)], why=why, send=False)


def make_e_invoices_from(seller: BillingEntity, *, day: date) -> None:
    """Documents of that day and later need an IRN. Nothing is held for it: a demo has no portal."""
    update_seller(seller=seller, e_invoices_from=day, e_invoices_within_30_days=True, e_invoices_hold_mail=False)


def use_template(organisation: Organisation) -> None:
    """A customer's documents in English and Hindi, with a colour and a footer of their own."""
    template = templates.create_template(
        name=f"{organisation.name}: English and Hindi",
        organisation=organisation,
        language=ENGLISH_AND_HINDI,
        colour="#7c2d12",
        footer="Thank you for your custom.",
    )
    templates.release_template(template_id=template.pk)
    templates.use_template(template_id=template.pk)


def record_irn(invoice: Invoice) -> None:
    """Record an IRN as a person types it in: its QR code is one for tests, which no portal signed."""
    waiting = EInvoice.objects.select_related("billing_entity", "invoice", "credit_note").get(invoice=invoice)
    payload = json.loads(as_json(e_invoice(document_of(waiting))))
    irn = sha256(f"demo {invoice.seller_gstin} {invoice.number}".encode()).hexdigest()
    moment = min(invoice.finalized_at or clock.now(), clock.now()).astimezone(INDIAN_TIME)
    acknowledged = f"{moment:%Y-%m-%d %H:%M:%S}"
    code = {
        "SellerGstin": payload["SellerDtls"]["Gstin"],
        "BuyerGstin": payload["BuyerDtls"]["Gstin"],
        "DocNo": payload["DocDtls"]["No"],
        "DocTyp": payload["DocDtls"]["Typ"],
        "DocDt": payload["DocDtls"]["Dt"],
        "TotInvVal": payload["ValDtls"]["TotInvVal"],
        "ItemCnt": len(payload["ItemList"]),
        "MainHsnCode": payload["ItemList"][0]["HsnCd"],
        "Irn": irn,
        "IrnDt": acknowledged,
    }
    parts = ({"alg": "RS256", "typ": "JWT"}, {"data": json.dumps(code), "iss": "demo"}, {"signature": "of a demo"})
    qr = ".".join(urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
    answer = {"Irn": irn, "AckNo": "112610000000001", "AckDt": acknowledged, "SignedQRCode": qr}
    record_typed(e_invoice_id=waiting.pk, registered=read_answer(answer))


def export_return(seller: BillingEntity, *, month: BillingPeriod) -> None:
    """Export the month's GSTR-1; recording that it was filed is left to whoever looks at the demo."""
    made = filing.request_export(gstin=seller.gstin, period=ReturnPeriod.of(month))
    filing.export(filing_id=made.pk)


def look_up_gstins(customers: dict[str, Organisation], *, but: str) -> None:
    """GSTINs were looked up last month, one of them too long ago."""
    today = clock.today(INDIAN_TIME)
    others = [customer.pk for name, customer in customers.items() if name != but]
    mark_gstins_checked(organisations=others, on=today - timedelta(days=30))
    mark_gstins_checked(organisations=[customers[but].pk], on=today - timedelta(days=200))


def publish_rates() -> None:
    """Yesterday's rates of all currencies of the demo."""
    for base, rate in RATES.items():
        day = clock.today(INDIAN_TIME) - timedelta(days=1)
        add_exchange_rate(base=base, target="INR", rate=rate, as_of=day, source="Demo reference rate")


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(hour=6, minute=30), UTC)


def _at_noon(day: date) -> Any:
    """In India."""
    return clock.standing_at(_noon(day))
