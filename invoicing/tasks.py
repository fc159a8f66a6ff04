"""Jobs of invoicing: each does one small thing, may run twice, and finds its work in the database."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from celery import shared_task

from billing_platform.lib import clock
from invoicing.selectors.billing_runs import BY_SCHEDULE
from invoicing.services import delivery, overdue, rate_feeds
from invoicing.services.credit_notes import credit_note_delivery
from invoicing.services.e_invoices import needed, registering
from invoicing.services.prices import simulating
from invoicing.services.returns import filing
from invoicing.services.runs import billing_run


@shared_task(name="invoicing.tasks.generate_invoices")
def generate_invoices() -> None:
    """Start or continue the run of every month that has just ended somewhere, and of what was left of older ones.

    A month whose invoice somebody voided stays as it is until a person decides.
    """
    for period in billing_run.due_periods(clock.now()):
        billing_run.start_billing_run(period=period, requested_by=BY_SCHEDULE, voided_too=False)
    for period, organisations in billing_run.left_open(clock.now()).items():
        billing_run.start_billing_run(
            period=period, requested_by=BY_SCHEDULE, organisations=organisations, voided_too=False
        )


@shared_task(name="invoicing.tasks.hand_out_billing_run")
def hand_out_billing_run(run_id: str) -> None:
    _send_chunks(billing_run.waiting_items(run_id=UUID(run_id)))


@shared_task(name="invoicing.tasks.process_billing_items")
def process_billing_items(*item_ids: str) -> None:
    """Bill a chunk of a run: those of its items that nobody else is at."""
    billing_run.process_items(item_ids=[UUID(item_id) for item_id in item_ids])


@shared_task(name="invoicing.tasks.continue_billing_runs")
def continue_billing_runs() -> None:
    """Take up items that wait for usage to settle, whose message was lost, or whose worker died."""
    _send_chunks(billing_run.take_up_open_items())


@shared_task(name="invoicing.tasks.issue_due_drafts")
def issue_due_drafts() -> None:
    """Issue the drafts of runs whose days of grace, or whose hold, are over; those that need approval then wait."""
    billing_run.reopen_due_drafts()
    continue_billing_runs()


def _send_chunks(item_ids: Sequence[UUID]) -> None:
    for start in range(0, len(item_ids), billing_run.CHUNK):
        process_billing_items.delay(*map(str, item_ids[start : start + billing_run.CHUNK]))


@shared_task(name="invoicing.tasks.deliver_invoice")
def deliver_invoice(invoice_id: str) -> None:
    """Make the PDF, then e-mail the invoice with it to whoever waits for it."""
    delivery.deliver(invoice_id=UUID(invoice_id))


@shared_task(name="invoicing.tasks.deliver_due_invoices")
def deliver_due_invoices() -> None:
    """Invoices whose PDF or e-mail is new, failed before, or whose worker died."""
    for invoice_id in delivery.due_deliveries():
        deliver_invoice.delay(str(invoice_id))


@shared_task(name="invoicing.tasks.deliver_credit_note")
def deliver_credit_note(note_id: str) -> None:
    """Make the PDF, then e-mail the credit note with it to whoever waits for it."""
    credit_note_delivery.deliver(note_id=UUID(note_id))


@shared_task(name="invoicing.tasks.deliver_due_credit_notes")
def deliver_due_credit_notes() -> None:
    """Credit notes whose PDF or e-mail is new, failed before, or whose worker died."""
    for note_id in credit_note_delivery.due_deliveries():
        deliver_credit_note.delay(str(note_id))


@shared_task(name="invoicing.tasks.sync_exchange_rates")
def sync_exchange_rates() -> None:
    """Ask the publishers that are switched on for new rates, if any customer or price needs one."""
    rate_feeds.ask_daily()


@shared_task(name="invoicing.tasks.fetch_rates")
def fetch_rates(feed_id: str) -> None:
    """Fetch the rates of one publisher."""
    rate_feeds.fetch(feed_id=UUID(feed_id))


@shared_task(name="invoicing.tasks.fetch_due_rates")
def fetch_due_rates() -> None:
    """Feeds whose last try failed, whose message was lost, or whose worker died."""
    for feed_id in rate_feeds.due_feeds():
        fetch_rates.delay(str(feed_id))


@shared_task(name="invoicing.tasks.export_return")
def export_return(filing_id: str) -> None:
    """Make the files of a GST return and store them."""
    filing.export(filing_id=UUID(filing_id))


@shared_task(name="invoicing.tasks.export_due_returns")
def export_due_returns() -> None:
    """Returns whose export is new, failed before, or whose worker died."""
    for filing_id in filing.due_exports():
        export_return.delay(str(filing_id))


@shared_task(name="invoicing.tasks.simulate_prices")
def simulate_prices(simulation_id: str) -> None:
    """Work out some more customers of a price simulation."""
    simulating.simulate(simulation_id=UUID(simulation_id))


@shared_task(name="invoicing.tasks.go_on_with_simulations")
def go_on_with_simulations() -> None:
    """Simulations that are new, failed before, or whose worker died."""
    for simulation_id in simulating.due_simulations():
        simulate_prices.delay(str(simulation_id))


@shared_task(name="invoicing.tasks.forget_simulations")
def forget_simulations() -> int:
    """Delete price simulations that are old. Returns how many."""
    return simulating.forget_simulations()


@shared_task(name="invoicing.tasks.register_e_invoice")
def register_e_invoice(e_invoice_id: str) -> None:
    """Fetch the IRN of a document, and record it."""
    registering.register(e_invoice_id=UUID(e_invoice_id))


@shared_task(name="invoicing.tasks.register_due_e_invoices")
def register_due_e_invoices() -> None:
    """Documents whose IRN nobody has asked for, whose try failed, or whose worker died."""
    for e_invoice_id in registering.due_registrations():
        register_e_invoice.delay(str(e_invoice_id))


@shared_task(name="invoicing.tasks.announce_overdue")
def announce_overdue() -> int:
    """Tell outgoing webhooks of invoices whose due date has passed. Returns how many are overdue since a few days."""
    return overdue.announce_overdue()


@shared_task(name="invoicing.tasks.look_for_e_invoices")
def look_for_e_invoices() -> None:
    """Documents that need an IRN since a seller's settings changed, or need none any more."""
    needed.keep_in_step()
