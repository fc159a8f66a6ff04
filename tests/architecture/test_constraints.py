"""Every constraint that a user can violate has a sentence, at the field that it is about."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps

from billing_platform.lib.database.constraints import has_sentence
from billing_platform.lib.database.models import BaseModel
from tests.architecture.code import APPS

# No input can violate these constraints; a violation is a bug and answered with 500.
UNREACHABLE = {
    "organisation_currency_is_iso": "validate_currency is stricter",
    "organisation_terms_within_a_year": "the field's own validator is the same bound",
    "organisation_issuing_rules_within_bounds": "the fields' own validators are stricter",
    "seller_collecting_rules_within_bounds": "the fields' own validators are the same",
    "seller_issuing_rules_within_bounds": "the fields' own validators are stricter",
    "api_key_belongs_to_project_or_owner": "the service sets kind, project and owner",
    "attention_seen_once_per_user_and_kind": "written by update_or_create",
    "idempotency_key_once_per_api_key": "claimed by get_or_create",
    "usage_write_off_of_a_whole_month": "the service writes the first day of a month",
    "usage_write_off_has_a_reason": "the service asks for it at its field",
    "usage_write_off_is_taken_back_by_somebody": "the service sets both",
    "late_price_once": "written once, with its price",
    "late_price_of_a_whole_month": "written with its price",
    "one_open_dead_letter": "letters are written by settling, which merges",
    "dead_letter_resolution_has_a_time": "the service sets both",
    "event_batch_conserves_events": "counted by settling",
    "verified_hot_log_day_conserves_events": "counted by verifying",
    "hot_log_day_is_dropped_verified_or_written_off": "retention drops, and asks first",
    "hot_log_tally_once_a_drop": "written by the drop, once for each customer",
    "hot_log_tally_conserves_events": "added up from batches that conserve them",
    "alert_once_per_period": "judging holds the rule's state, and knows the alerts of the period",
    "alert_that_ended_says_when": "the services set both",
    "acknowledged_alert_says_by_whom": "the service sets both",
    "alert_rule_has_thresholds": "validate_thresholds is the same bound",
    "usage_aggregate_key": "written by folding",
    "usage_level_key": "written by folding",
    "ledger_entry_cancelled_once": "the correction locks the ledger entry first",
    "usage_correction_says_the_new_quantity": "the service refuses it at metric_value",
    "usage_period_once_per_month": "closed by get_or_create",
    "usage_period_starts_on_the_first": "made of a BillingPeriod",
    "invoice_number_fits_rule_46": "made by take_number",
    "invoice_number_once_per_registration": "made by take_number",
    "invoice_sequence_number_once": "made by take_number",
    "one_sequence_per_registration_and_series": "written with ignore_conflicts",
    "series_ends_with_a_separator": "made by take_number",
    "invoice_has_number_once_issued": "set by finalizing",
    "invoice_adds_up": "computed",
    "gst_invoice_has_values_in_rupees": "set by finalizing",
    "invoice_paid_between_nothing_and_total": "computed from the allocations",
    "invoice_status_tells_what_is_paid": "computed from the allocations",
    "invoice_period_in_order": "made of a BillingPeriod",
    "invoice_currency_is_iso": "copied from the organisation",
    "credit_note_number_once_per_registration": "made by take_number",
    "credit_note_sequence_number_once": "made by take_number",
    "credit_note_number_fits_rule_53": "made by take_number",
    "credit_note_has_right_total": "computed",
    "invoice_pdf_has_its_hash": "stored by the delivery, with the hash",
    "credit_note_pdf_has_its_hash": "stored by the delivery, with the hash",
    "credit_note_gives_something": "the computation refuses it at lines",
    "credit_note_kind_tells_what_returns_hold": "computed",
    "credit_note_counts_whole_months": "made of a BillingPeriod",
    "credit_note_names_a_line_once": "the computation refuses it at lines",
    "one_credited_tax_per_line_and_head": "computed",
    "e_invoice_is_of_one_document": "the service sets one of them",
    "e_invoice_status_tells_what_it_has": "the service sets them together",
    "cancelled_irn_says_when_and_why": "the service sets them together",
    "released_invoice_is_credited_in_full": "the service refuses it at bill_again",
    "invoice_line_position_once": "counted while drafting",
    "invoice_line_position_from_one": "counted while drafting",
    "invoice_line_discount_within_amount": "computed",
    "filing_version_once": "the service locks the versions, and counts on",
    "filed_return_has_its_receipt": "the service sets both",
    "exported_return_was_read": "set by the export",
    "filing_period_in_order": "made of a ReturnPeriod",
    "filing_file_once": "an export stores each format once",
    "one_redemption_per_invoice_and_discount": "added up while drafting",
    "redemption_above_zero": "computed",
    "one_tax_per_line_and_head": "made by the tax rules",
    "billing_run_is_of_a_whole_month": "made of a BillingPeriod",
    "one_item_per_run_and_organisation": "written with ignore_conflicts",
    "pricing_rule_currency_is_iso": "validate_currency is stricter",
    "recurring_fee_currency_is_iso": "validate_currency is stricter",
    "minimum_charge_currency_is_iso": "validate_currency is stricter",
    "payer_account_once_per_contact": "written by get_or_create",
    "one_mandate_waits_for_a_payer": "the service locks the payer and refuses a second one",
    "mandate_allows_something": "the service refuses it at max_amount",
    "confirmed_mandate_is_known_to_the_gateway": "Razorpay's answer names the token",
    "one_live_mandate_charge_per_invoice": "the service locks the customer's money and refuses a second one",
    "mandate_charge_asks_something": "copied from the amount due",
    "mandate_charge_is_announced": "the service makes order and notice with it",
    "asked_mandate_charge_says_when": "the service sets both",
    "one_live_payment_order_per_invoice_and_kind": "the checkout locks the invoice first",
    "payment_order_asks_something": "made of what is due",
    "only_a_revoked_link_has_a_reason": "the service sets them together",
    "only_a_link_ends_or_is_paid_in_parts": "worked out of the kind",
    "first_part_is_a_part": "worked out of the amount",
    "who_takes_an_allocation_off_says_why": "the service refuses it at reason",
    "payment_is_of_an_invoice_or_on_account": "the service sets one of them",
    "payment_on_account_once_per_reference": "the service asks under the customer's lock",
    "bank_line_stored_once": "the import locks the seller, and leaves out what is there",
    "bank_line_is_money_that_came_in": "the import leaves out what went out",
    "bank_line_outcome_tells_its_payment": "the services set both",
    "bank_line_is_booked_or_set_aside": "the services ask first",
    "cheque_is_positive": "the service refuses it at amount",
    "cheque_currency_is_iso": "the service is stricter",
    "cheque_was_deposited_before_the_bank_answered": "the services set the day first",
    "cleared_cheque_is_a_payment": "the service makes it",
    "bounced_cheque_has_its_day": "the service sets both",
    "cheque_that_brings_nothing_says_why": "the services refuse it at reason",
    "days_of_a_cheque_in_order": "the services refuse it at day",
    "certificate_file_is_its_fingerprint": "the service computes it",
    "certificate_file_has_its_size": "the service counts it",
    "withheld_tax_is_of_its_quarter": "the quarter is worked out of the day",
    "tax_is_withheld_of_some_value": "worked out of the invoice",
    "certificate_is_named_once_it_came": "the service sets them together",
    "payment_order_currency_is_iso": "copied from the invoice",
    "mandate_is_debited_in_rupees": "the service refuses other currencies",
    "payer_bears_all_of_the_fee_or_nothing": "worked out from the fee that Razorpay names",
    "open_payment_order_is_known_to_the_gateway": "set by the checkout",
    "payment_is_positive": "the services refuse it at amount",
    "payment_refunded_between_nothing_and_amount": "reported by the gateway, and checked",
    "payment_lost_between_nothing_and_amount": "the service takes no more than is left",
    "payout_line_once_per_payout": "what is known is left out",
    "payout_line_has_no_amount_below_zero": "reported by the gateway",
    "dispute_is_positive": "reported by the gateway",
    "dispute_has_one_answer": "an answered one takes no other",
    "dispute_contests_at_most_its_amount": "the service names the field",
    "evidence_has_its_size": "computed",
    "evidence_is_not_too_large": "the service names the field",
    "dispute_takes_at_most_what_was_deducted": "the service takes the smaller one",
    "dispute_deducted_before_it_returns": "the service sets both",
    "dispute_returns_if_it_is_won": "the service sets both",
    "payment_currency_is_iso": "copied from the invoice",
    "payment_comes_from_gateway_or_operator": "the service sets kind and ids",
    "payment_has_paid_at_once_captured": "the service sets both",
    "offline_payment_once_per_invoice_and_reference": "the service locks the invoice, and refuses a known reference",
    "payment_is_more_than_the_payers_fee": "computed from what the gateway reports",
    "only_an_authorised_payment_is_not_captured": "a report clears the reason as it moves the payment on",
    "only_what_an_operator_recorded_is_reversed": "the service refuses it first",
    "gateway_payment_has_a_time_not_a_day": "the service sets one of them",
    "allocation_sign_fits_its_kind": "computed",
    "allocation_answer_is_about_a_refund": "the service sets both",
    "refund_is_positive": "the service refuses it at amount",
    "refund_comes_from_gateway_or_operator": "the service sets kind and ids",
    "refund_takes_at_most_its_amount_off_an_invoice": "computed from the allocations",
    "refund_with_a_note_says_so": "the service sets both",
    "refund_that_failed_says_why": "the service sets both",
    "refund_closed_by_a_person_failed": "the service refuses another state",
    "template_versions_are_numbered": "numbered under the template's lock",
    "one_draft_of_a_template": "made under the template's lock",
    "journal_batch_has_vouchers": "an export of nothing is refused",
    "journal_batch_days_in_order": "the service refuses it at last",
    "journal_file_is_its_fingerprint": "computed",
    "journal_file_has_its_size": "computed",
    "booked_once_in_a_program": "what was exported is left out, under the seller's lock",
    "voucher_is_of_a_customer_or_a_payout": "the kind of what is exported says it",
    "one_gateway_account_in_use_per_seller": "the service locks the seller, and retires the one before",
    "gateway_key_id_says_test_or_live": "the field's own validator is the same pattern",
    "gateway_secrets_are_sealed": "the service seals them",
    "retry_rules_within_bounds": "the fields' own validators are the same bounds",
    "late_fee_within_bounds": "the fields' own validators are the same bounds",
    "one_live_retry_plan_per_invoice": "planned under the customer's lock",
    "one_retry_plan_per_payment": "planned under the customer's lock",
    "retry_plan_within_bounds": "the fields' own validators are the same bounds",
    "retries_made_within_the_plan": "counted by the attempts; fewer attempts are refused at attempts",
    "retry_plan_waits_or_has_ended": "the services set them together",
    "retry_attempt_made_once": "made by get_or_create",
    "made_attempt_says_when_and_how": "the service sets them together",
    "one_reminder_per_invoice_and_step": "sent under the invoice's lock",
    "sent_reminder_has_its_email": "the service sets both",
    "reminder_between_steps_has_a_sender": "the service sets both",
    "one_open_pause_per_invoice": "the service ends the one before, under the invoice's lock",
    "promise_has_a_day": "the service takes a day",
    "ended_pause_says_by_whom": "the service sets both",
    "late_fee_charged_once": "charged under the invoice's lock",
    "late_fee_above_zero": "a fee of nothing is not charged",
    "one_scheduled_run_of_a_window": "begun under a lock, after the last one",
    "check_once_in_a_run": "made with the run",
    "statements_are_numbered_from_1": "the service numbers them, and a trigger looks",
    "statement_is_signed": "the service signs",
    "proof_block_once": "made with the statement",
    "proof_block_has_its_size": "cut by a query",
    "check_that_is_done_has_read": "the service sets them together",
    "discrepancy_once": "noted by an upsert",
    "discrepancy_is_written_off_by_somebody_with_a_reason": "the service refuses it at reason",
    "discrepancy_that_was_decided_has_its_time": "the service sets both",
    "discrepancy_that_is_gone_has_its_time": "the service sets both",
    "webhook_endpoint_secrets_are_sealed": "the service seals them",
    "disabled_webhook_endpoint_says_since_when_and_why": "the services set them together",
    "webhook_message_once_per_endpoint": "written with ON CONFLICT",
    "webhook_delivery_waits_or_has_ended": "claims set both",
    "bank_refund_once_per_payment_and_reference": "the service locks the payment, and refuses a known reference",
}


def _constraints() -> list[tuple[type[Any], Any]]:
    ours = [model for model in apps.get_models() if model._meta.app_label in APPS]
    return [(model, constraint) for model in ours for constraint in model._meta.constraints]


def test_every_constraint_has_a_sentence_or_no_form_can_break_it() -> None:
    silent = {constraint.name for _model, constraint in _constraints() if not has_sentence(constraint)}
    assert silent == set(UNREACHABLE)


@pytest.mark.parametrize(("model", "constraint"), _constraints(), ids=lambda each: getattr(each, "name", None))
def test_a_sentence_is_for_people_and_stands_at_a_field_that_exists(model: type[Any], constraint: Any) -> None:
    if not has_sentence(constraint):
        return
    sentence = str(constraint.violation_error_message)
    assert sentence[0].isupper()
    assert sentence.endswith(".")
    assert constraint.name not in sentence
    assert "onstraint" not in sentence


@pytest.mark.parametrize("model", [model for model in apps.get_models() if issubclass(model, BaseModel)])
def test_constraint_fields_names_existing_constraints_and_fields(model: type[Any]) -> None:
    names = {constraint.name for constraint in model._meta.constraints if has_sentence(constraint)}
    assert set(model.constraint_fields) <= names
    for field in model.constraint_fields.values():
        model._meta.get_field(field)
