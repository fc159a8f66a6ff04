"""The words that a document prints of itself, in one place: another language is another Wording."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wording:
    """Labels and sentences; names in braces are filled in. Titles and names of taxes stand in the document itself."""

    original: str = "ORIGINAL FOR RECIPIENT"  # CGST Rule 48 (2) (a)
    seller: str = "FROM"
    customer: str = "BILL TO"
    state: str = "State"
    tax_id: str = "Tax id"
    invoice_number: str = "Invoice number"
    invoice_date: str = "Invoice date"
    note_number: str = "Note number"
    note_date: str = "Note date"
    due_date: str = "Due date"
    original_invoice: str = "Original invoice"
    original_date: str = "Its date"
    payment_terms: str = "Payment terms"
    period: str = "Period"
    purchase_order: str = "Purchase order"
    currency: str = "Currency"
    place_of_supply: str = "Place of supply"
    reverse_charge: str = "Reverse charge"
    lut: str = "LUT"
    number_sign: str = "#"
    description: str = "DESCRIPTION"
    sac: str = "SAC"
    quantity: str = "QUANTITY"
    unit_price: str = "UNIT PRICE"
    taxable_value: str = "TAXABLE VALUE"
    tax: str = "TAX"
    before_discounts: str = "Before discounts"
    discount: str = "Discount"
    subtotal: str = "Subtotal"
    sum_taxable: str = "Taxable value"
    sum_tax: str = "Tax"
    tax_on: str = "{tax} on {amount}"
    round_off: str = "Round-off"
    total: str = "Total"
    carried_forward: str = "Carried forward"
    brought_forward: str = "Brought forward"
    in_words: str = "AMOUNT IN WORDS"
    tax_summary: str = "TAX BY SAC"
    value_in: str = "VALUE IN"
    e_invoice: str = "E-INVOICE"
    how_to_pay: str = "HOW TO PAY"
    payment: str = "PAYMENT"
    pay_online: str = "Pay online"
    scan_upi: str = "Scan to pay by UPI"
    scan_online: str = "Scan to pay online"
    quote: str = "Please quote {number}."
    still_due: str = "{due} of {total} is still due."
    credit_for: str = "CREDIT FOR INVOICE {number} OF {day}"
    void: str = "VOID"
    cancelled: str = "{document} was cancelled. Please don't pay it."
    cancelled_on: str = "{document} was cancelled on {day}. Please don't pay it."
    reason: str = "Reason"
    notes: str = "NOTES"
    page: str = "Page {number} of {pages}"
    ack_number: str = "Acknowledgement number"
    ack_date: str = "Acknowledgement date"
    signed_code: str = "The code holds the document as the invoice registration portal has signed it."
    electronic: str = "Issued electronically; no signature is required."  # CGST Rule 46, proviso to (q)


ENGLISH = Wording()
