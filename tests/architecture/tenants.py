"""Two tenants with a row of every model, made through the services, for tests that try to see the other's rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import msgspec
from django.apps import apps
from django.db import connection
from django.db.models import Model

from billing_platform.lib import clock
from billing_platform.lib.periods import BillingPeriod
from events.models import Alert, AlertRule, DeadLetter, EventBatch, HotLogTally, Metric, UsageCorrection
from events.services import importing
from events.services.accepting import Form, accept_events
from events.services.alerting.judging import judge_due
from events.services.alerting.rules import add_rule
from events.services.corrections import correct_usage
from events.services.metrics import define_metric
from events.services.settling.chunks import settle_pending
from invoicing.bulk_verbs import SEND
from invoicing.computing.credit_notes import Wanted
from invoicing.emails import queue_invoice_email
from invoicing.models import (
    BillingRun,
    BillingRunItem,
    CreditNote,
    Discount,
    EInvoice,
    Invoice,
    LatePrice,
    MinimumCharge,
    PriceSimulation,
    PricingRule,
    RecurringFee,
    SimulatedCustomer,
    UsageWriteOff,
)
from invoicing.services import drafting, issuing, templates
from invoicing.services.approving import approve_invoice
from invoicing.services.credit_notes.issuing import Why, issue_credit_note
from invoicing.services.pay_page_links import renew_link
from invoicing.services.prices import price_book
from invoicing.services.prices.drafts import draft
from invoicing.services.prices.simulating import draft_body
from invoicing.services.questions import ask_about_invoice
from invoicing.services.safety_bounds import set_safety_bounds
from invoicing.services.terms import discounts, minimum_charges, recurring_fees
from organisations.models import ApiKey, Membership, NotificationEvent, Organisation, Project, TestClock, WebhookAttempt
from organisations.notifications.switches import switch_off
from organisations.notifications.tracking import note_event
from organisations.scoping import TenantModel
from organisations.services import api_keys
from organisations.services.bulk.preview import preview
from organisations.services.bulk.starting import start_job
from organisations.services.contacts import add_contact
from organisations.services.details_requests import ask_for_details
from organisations.services.holds import place_hold
from organisations.services.notes import write_note
from organisations.services.portal_links import make_link
from organisations.webhooks.endpoints import create_endpoint
from organisations.webhooks.replaying import send_test
from payments.models import (
    AutoCollect,
    Dispute,
    DunningRules,
    InboundWebhook,
    LateFee,
    Mandate,
    MandateCharge,
    PayerAccount,
    Payment,
    PaymentOrder,
    Refund,
    Reminder,
    RetryTry,
    WithheldTax,
)
from payments.services.certificates import record_certificate
from payments.services.cheques import record_cheque
from payments.services.disputes.evidence import add_document
from payments.services.dunning.letters import queue_reminder
from payments.services.dunning.pauses import note_promise
from payments.services.dunning.retries import plan_retries
from payments.services.journals.exporting import export_journal
from payments.services.journals.ledgers import USUAL, set_ledgers, set_party_ledger
from payments.services.offline import record_offline_payment, reverse_payment
from payments.services.sent_certificates import send_certificate
from reconciliation.findings import Finding, FindingKind
from reconciliation.models import CheckName
from reconciliation.services.recording import note_findings
from reconciliation.services.stating import state_days
from tests import factories
from tests.architecture.code import APPS


@dataclass
class Tenant:
    """An organisation with an admin user, keys, usage, prices, documents and payments."""

    marker: str
    organisation: Organisation
    project: Project
    person: Any
    admin_key: str
    project_key: str
    api_key: ApiKey
    metric: Metric
    rule: PricingRule
    invoice: Invoice
    draft: Invoice
    note: CreditNote
    order: PaymentOrder
    payment: Payment
    webhook: InboundWebhook
    event_id: str
    correction: UsageCorrection
    letter: DeadLetter
    alert_rule: AlertRule
    fee: RecurringFee
    minimum: MinimumCharge
    discount: Discount
    run: BillingRun | None = None

    def secrets(self) -> set[str]:
        """Texts that would show another tenant that this one exists: its name in any form, its ids, its numbers."""
        ids = {str(pk) for model in tenant_models() for pk in owned(model, self) if isinstance(pk, UUID)}
        known = {self.marker, self.marker.lower(), self.invoice.number, self.api_key.prefix, self.order.receipt}
        return ids | known | {str(self.order.razorpay_order_id)}


def tenant_models() -> Iterator[type[Model]]:
    """Every model whose rows belong to an organisation."""
    for label in APPS:
        yield from (model for model in apps.get_app_config(label).get_models() if issubclass(model, TenantModel))


def send_many(organisation: Organisation, person: Any) -> None:
    """A bulk job that a person confirmed, about all of the organisation's invoices."""
    rows = Invoice.objects.filter(organisation=organisation)
    seal = preview(SEND, rows, {}).seal
    start_job(verb=SEND, rows=rows, maker=person, options={}, token=uuid4(), seal=seal)


def owned(model: type[Any], tenant: Tenant) -> list[Any]:
    return list(model._base_manager.filter(**{model.tenant_path: tenant.organisation.pk}).values_list("pk", flat=True))


def tenant(marker: str) -> Tenant:
    """Make a tenant. All its names contain the marker, so that a leak is found in any field."""
    organisation = factories.organisation(f"{marker} Mines")
    project = factories.project(organisation, f"{marker} project")
    person = factories.member(f"{marker.lower()}-person", organisation, Membership.Role.ADMIN)
    issued = api_keys.issue_project_key(project=project, name=f"{marker} app")
    admin = api_keys.issue_admin_key(owner=person, name=f"{marker} back office", scope=ApiKey.Scope.ADMIN)
    event_id = _use(organisation, project, person, marker)
    rule = price_book.create_pricing_rule(
        organisation=organisation,
        metric_name=f"{marker} calls",
        unit="call",
        currency="INR",
        price={"model": "per_unit", "unit_price": "2.50"},
        effective_from=date(2026, 1, 1),
    )
    fee, minimum, discount = _agree(organisation, project, marker)
    invoice, draft = _bill(organisation, marker), _draft(organisation, marker)
    _dress(organisation, marker)
    _listen(organisation, marker)
    place_hold(organisation=organisation, kind="no_collection", reason=f"{marker} is in dispute", placed_by=marker)
    switch_off(organisation=organisation, kind="reminder", by=marker, address=f"{marker.lower()}@finance.example")
    _ask(organisation, invoice, marker)
    write_note(organisation=organisation, text=f"{marker} called @{person.username}", written_by=marker)
    send_many(organisation, person)
    add_contact(organisation=organisation, purpose="finance", email=f"{marker.lower()}@finance.example")
    _begin_clock(organisation)
    make_link(organisation_id=organisation.pk, made_by=marker)
    approve_invoice(invoice_id=draft.pk, approver=person)
    note = _credit(invoice, marker)
    invoice.refresh_from_db()
    order, payment, webhook = _collect(organisation, invoice, marker)
    _differ(organisation, marker)
    _leave_unbilled(organisation, rule, person, marker)
    _import(project, marker)
    return Tenant(
        marker=marker,
        organisation=organisation,
        project=project,
        person=person,
        admin_key=admin.secret,
        project_key=issued.secret,
        api_key=issued.api_key,
        metric=Metric.objects.get(name=f"{marker} storage"),
        rule=rule,
        invoice=invoice,
        draft=draft,
        note=note,
        order=order,
        payment=payment,
        webhook=webhook,
        event_id=event_id,
        correction=_correct(project, event_id, marker),
        letter=DeadLetter.objects.get(project=project),
        alert_rule=_watch(organisation, marker),
        fee=fee,
        minimum=minimum,
        discount=discount,
    )


def _ask(organisation: Organisation, invoice: Invoice, marker: str) -> None:
    """What a customer asks for in its portal."""
    ask_about_invoice(invoice_id=invoice.pk, text=f"{marker} wonders", asked_by=f"{marker} person")
    ask_for_details(
        organisation=organisation, subject="party", proposed={"city": f"{marker} town"}, asked_by=f"{marker} person"
    )
    send_certificate(
        organisation=organisation,
        quarter_start=date(2026, 7, 1),
        certificate_number=f"{marker} 131",
        certificate_on=date(2026, 10, 1),
        certificate_amount=Decimal(1),
        file=(f"{marker}.pdf", f"%PDF-1.7 {marker}".encode()),
        sent_by=f"{marker} person",
    )


def _import(project: Project, marker: str) -> None:
    """A file without a good row: it counts nothing."""
    file = BytesIO(f'{{"event_id": "{marker}-bad", "metric_name": "{marker} calls"}}'.encode())
    made = importing.start_import(project=project, file=file, file_name=f"{marker}.ndjson", by=f"{marker} person")
    importing.process_import(import_id=made.pk)


def _leave_unbilled(organisation: Organisation, rule: PricingRule, person: Any, marker: str) -> None:
    """Usage of two years ago: no invoice of a test has it."""
    month = date(2024, 1, 1)
    LatePrice.objects.create(organisation=organisation, month=month, pricing_rule=rule)
    UsageWriteOff.objects.create(
        organisation=organisation,
        month=month,
        metric_name=f"{marker} pings",
        unit="ping",
        quantity=Decimal(3),
        event_count=1,
        currency="INR",
        reason=f"{marker} had a trial",
        written_off_by=person,
    )


def _differ(organisation: Organisation, marker: str) -> None:
    finding = Finding(
        FindingKind.INVOICE_SUMS,
        marker,
        f"{marker} invoice",
        clock.now().date(),
        "1",
        "2",
        organisation_id=organisation.pk,
    )
    note_findings([finding], check_name=CheckName.DOCUMENT_SUMS, reads_from=clock.now())


def _use(organisation: Organisation, project: Project, person: Any, marker: str) -> str:
    define_metric(
        actor=person, organisation=organisation, name=f"{marker} storage", unit="GB", aggregation="weighted_sum"
    )
    define_metric(
        actor=person,
        organisation=organisation,
        name=f"{marker} users",
        unit="user",
        aggregation="unique",
        unique_property="user",
    )
    event = {"event_id": f"{marker}-1", "metric_name": f"{marker} calls", "metric_value": 3, "unit": "call"}
    user = {"event_id": f"{marker}-2", "metric_name": f"{marker} users", "metric_value": 1, "unit": "user"}
    stored = {"event_id": f"{marker}-3", "metric_name": f"{marker} storage", "metric_value": 1, "unit": "GB"}
    accepted = accept_events(project=project, body=msgspec.json.encode(event), form=Form.SINGLE)
    accept_events(project=project, body=msgspec.json.encode(stored), form=Form.SINGLE)
    accept_events(
        project=project, body=msgspec.json.encode(user | {"metadata": {"user": f"{marker} person"}}), form=Form.SINGLE
    )
    settle_pending()
    assert EventBatch.objects.get(pk=accepted.batch_id).counted == 1
    now = clock.now()
    HotLogTally.objects.create(
        organisation=organisation, day=now.date(), dropped_at=now, batches=1, events=1, replayed=0, counted=1,
        duplicates=0, dead_lettered=0,
    )  # fmt: skip
    DeadLetter.objects.create(
        organisation=organisation,
        project=project,
        event_id=f"{marker}-dead",
        reason=DeadLetter.Reason.METRIC_UNKNOWN,
        message=f"{marker} is unknown",
        accepted_event={**event, "metric_value": "3"},
        batch_id=accepted.batch_id,
    )
    return f"{marker}-1"


def _watch(organisation: Organisation, marker: str) -> AlertRule:
    rule = add_rule(
        organisation=organisation,
        name=f"{marker} month",
        kind=AlertRule.Kind.USAGE_THRESHOLD,
        span=AlertRule.Span.MONTH,
        metric=Metric.objects.get(name=f"{marker} calls"),
        thresholds=[Decimal(1)],
    )
    judge_due()
    assert Alert.objects.filter(rule=rule).exists()
    return rule


def _correct(project: Project, event_id: str, marker: str) -> UsageCorrection:
    return correct_usage(
        organisation=project.organisation,
        project=project,
        event_id=event_id,
        action="correct",
        quantity=Decimal(2),
        reason=f"{marker} sent one too many",
        by=f"{marker.lower()}-person",
    )


def _agree(organisation: Organisation, project: Project, marker: str) -> tuple[RecurringFee, MinimumCharge, Discount]:
    """Terms of next year, so that no invoice of a test has them; a draft of that time uses the discount."""
    begins = date(2027, 1, 1)
    fee = recurring_fees.add_recurring_fee(
        organisation=organisation,
        project=project,
        description=f"{marker} support",
        amount=Decimal("100.00"),
        effective_from=begins,
    )
    minimum = minimum_charges.add_minimum_charge(
        organisation=organisation, amount=Decimal("1000.00"), currency="INR", effective_from=begins
    )
    discount = discounts.add_discount(
        organisation=organisation, name=f"{marker} offer", percent=Decimal(10), effective_from=begins
    )
    drafting.create_draft(organisation=organisation, period=BillingPeriod.of(begins))
    return fee, minimum, discount


def _dress(organisation: Organisation, marker: str) -> None:
    """A template of its own, released but not in use."""
    template = templates.create_template(name=f"{marker} look", organisation=organisation, footer=f"{marker} footer")
    templates.release_template(template_id=template.pk)


def _listen(organisation: Organisation, marker: str) -> None:
    """A webhook endpoint that was tested once, and did not answer."""
    url = f"https://{marker.lower()}.example.com/hooks"
    delivery = send_test(endpoint_id=create_endpoint(organisation=organisation, url=url).endpoint.pk)
    WebhookAttempt.objects.create(delivery=delivery, sent_at=clock.now(), milliseconds=1, failure=f"{marker} is away.")


def _draft(organisation: Organisation, marker: str) -> Invoice:
    lines = [{"description": f"{marker} set-up", "quantity": "1", "unit_price": "1000"}]
    return drafting.create_one_off_draft(organisation=organisation, lines=lines)


def _bill(organisation: Organisation, marker: str) -> Invoice:
    invoice = issuing.finalize_invoice(invoice_id=_draft(organisation, marker).pk)
    mail = queue_invoice_email(invoice, to=["ap@customer.example"])
    note_event(
        NotificationEvent(
            notification=mail,
            kind="opened",
            recipient=f"{marker.lower()}@reader.example",
            happened_at=clock.now(),
            provider="mailgun",
        )
    )
    _exempt(invoice, marker)
    renew_link(invoice_id=invoice.pk, reason=f"{marker} lost it")
    return invoice


def _exempt(issued: Invoice | CreditNote, marker: str) -> None:
    of = "invoice" if isinstance(issued, Invoice) else "credit_note"
    copied = ("organisation", "billing_entity", "seller_gstin", "number", "issue_date")
    EInvoice.objects.create(
        status=EInvoice.Status.NOT_NEEDED,
        not_needed_reason=f"{marker} is exempt",
        **{of: issued, **{name: getattr(issued, name) for name in copied}},
    )


def _begin_clock(organisation: Organisation) -> None:
    """As if it were a test customer's: past the trigger that rightly forbids that."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        TestClock.begin(organisation)
        cursor.execute("SET session_replication_role = DEFAULT")


def _credit(invoice: Invoice, marker: str) -> CreditNote:
    wanted = [Wanted(1, amount=Decimal("10.00"))]
    note = issue_credit_note(invoice_id=invoice.pk, lines=wanted, why=Why("other", f"{marker} complained"))
    _exempt(note, marker)
    return note


def _collect(organisation: Organisation, invoice: Invoice, marker: str) -> tuple[PaymentOrder, Payment, InboundWebhook]:
    order = PaymentOrder.objects.create(
        invoice=invoice,
        kind=PaymentOrder.Kind.ORDER,
        amount=invoice.amount_due,
        currency="INR",
        amount_minor=int(invoice.amount_due * 100),
        razorpay_order_id=f"order_{marker}",
        status=PaymentOrder.Status.OPEN,
        next_attempt_at=None,
    )
    today = clock.today(organisation.time_zone)
    payment, withheld = (
        record_offline_payment(
            invoice_id=invoice.pk,
            amount=Decimal(amount),
            method=method,
            reference=f"{method} {marker}",
            received_on=today,
        )
        for method, amount in (("bank_transfer", "100.00"), ("tds", "1.00"))
    )
    _paper(invoice, withheld, marker)
    reverse_payment(payment_id=withheld.pk, reason=f"{marker} withheld nothing")
    Refund.objects.create(
        payment=payment,
        refund_number=f"RFD {marker}"[:20],
        kind=Refund.Kind.BANK,
        status=Refund.Status.PROCESSED,
        amount=Decimal("1.00"),
        currency="INR",
        reference=f"UTR back {marker}",
        refunded_on=today,
    )
    dispute = Dispute.objects.create(
        payment=payment,
        razorpay_dispute_id=f"disp_{marker}",
        status=Dispute.Status.OPEN,
        amount=Decimal("1.00"),
        currency="INR",
        raised_at=clock.now(),
        told_at=clock.now(),
    )
    add_document(dispute_id=dispute.pk, proof="others", name=f"{marker}.pdf", content=b"%PDF-1.7")
    webhook = InboundWebhook.objects.create(
        organisation=organisation, event_id=f"evt_{marker}", event_type="payment.captured", body="{}"
    )
    _ask_again(order, marker)
    _book(organisation, marker)
    _authorise(organisation, invoice, marker)
    return order, payment, webhook


def _paper(invoice: Invoice, withheld: Payment, marker: str) -> None:
    """A cheque that waits, and the certificate of a tax withheld."""
    today = clock.today("Asia/Kolkata")
    record_cheque(
        invoice_id=invoice.pk, number="000123", bank=f"{marker} Bank", dated=today, received_on=today, amount=Decimal(1)
    )
    record_certificate(
        withheld_tax_id=WithheldTax.objects.get(payment=withheld).pk,
        certificate_number=f"{marker} 131",
        certificate_on=today,
        certificate_amount=Decimal(1),
        file=(f"{marker}.pdf", b"%PDF-1.7"),
    )


def _ask_again(order: PaymentOrder, marker: str) -> None:
    """A failed payment with a retry that was tried once, a reminder, a promise and a late fee."""
    invoice, now = order.invoice, clock.now()
    failed = Payment.objects.create(
        organisation=invoice.organisation,
        invoice=invoice,
        order=order,
        kind=Payment.Kind.GATEWAY,
        razorpay_payment_id=f"pay_failed_{marker}",
        method="upi",
        status=Payment.Status.FAILED,
        amount=Decimal("1.00"),
        currency="INR",
        attempted_at=now,
    )
    plan = plan_retries(failed)
    assert plan is not None
    RetryTry.objects.create(plan=plan, number=1, asked_by=marker)
    note_promise(
        invoice_id=invoice.pk, last_day=clock.today("Asia/Kolkata"), note=f"{marker} said so", placed_by=marker
    )
    email = queue_reminder(invoice, key=marker, rules=DunningRules())
    Reminder.objects.create(invoice=invoice, status="sent", amount=invoice.amount_due, email=email, sent_by=marker)
    LateFee.objects.create(invoice=invoice, number=1, due_amount=invoice.amount_due, amount=Decimal("1.00"))


def _authorise(organisation: Organisation, invoice: Invoice, marker: str) -> None:
    """A mandate that stands, and a debit that it does not allow."""
    account = PayerAccount.objects.create(
        organisation=organisation,
        billing_entity=organisation.billing_entity,
        email=organisation.billing_email,
        phone="+919876543210",
        razorpay_customer_id=f"cust_{marker}",
    )
    mandate = Mandate.objects.create(
        account=account,
        method=Mandate.Method.UPI,
        status=Mandate.Status.CONFIRMED,
        max_amount=Decimal(1),
        expires_at=clock.now() + timedelta(days=365),
        asked_by=f"{marker.lower()}-person",
        shown_as=f"{marker.lower()}@upi",
        razorpay_token_id=f"token_{marker}",
        next_attempt_at=None,
    )
    MandateCharge.objects.create(
        invoice=invoice,
        mandate=mandate,
        cause=MandateCharge.Cause.ISSUED,
        status=MandateCharge.Status.REFUSED,
        amount=invoice.amount_due,
        reason=f"{marker} asks too much.",
        next_attempt_at=None,
    )
    AutoCollect.objects.create(organisation=organisation)


def _book(organisation: Organisation, marker: str) -> None:
    """In the books under a name of its own, with one voucher in an export of the seller's."""
    set_party_ledger(organisation=organisation, name=f"{marker} in the books")
    set_ledgers(seller=organisation.billing_entity, names=USUAL, sales={})
    export_journal(seller=organisation.billing_entity, program="tally", first=date(2020, 1, 1), last=date(2099, 12, 31))


def run_of_both(one: Tenant, other: Tenant) -> BillingRun:
    """A billing run with an item for each of two tenants, of which each may see its own only; the daily statements."""
    run = BillingRun.objects.create(period_start=date(2026, 10, 1), requested_by="schedule")
    for each in (one, other):
        BillingRunItem.objects.create(run=run, organisation=each.organisation, reason=f"{each.marker} waits")
        each.run = run
    _park_september(one, other)
    simulate_a_price(one, other)
    with clock.standing_at(clock.now() + timedelta(days=1, hours=2)):
        state_days()
    return run


def simulate_a_price(*tenants: Tenant) -> None:
    """A price simulation, which tells of all of them."""
    body = draft_body(draft(metric_name="x", unit="y", currency="INR", price={"model": "flat", "amount": "1"}))
    whole = PriceSimulation.objects.create(
        drafts=[body],
        first_month=date(2026, 10, 1),
        months=1,
        customers=2,
        next_attempt_at=None,
        finished_at=clock.now(),
    )
    for each in tenants:
        SimulatedCustomer.objects.create(
            simulation=whole, organisation=each.organisation, currency="INR", months=1, failure=f"{each.marker} failed"
        )


def _park_september(*tenants: Tenant) -> None:
    """A month to review for each, and safety bounds of its own."""
    run = BillingRun.objects.create(period_start=date(2026, 9, 1), requested_by="schedule")
    for each in tenants:
        sentence = f"{each.marker} is far above the usual."
        BillingRunItem.objects.create(
            run=run,
            organisation=each.organisation,
            status=BillingRunItem.Status.PARKED,
            next_attempt_at=None,
            reason=sentence,
            reasons=[{"code": "FAR_ABOVE_USUAL", "message": sentence}],
        )
        set_safety_bounds(organisation=each.organisation, reason=f"{each.marker} is different")
