"""The words that a document prints of itself, in one place: another language is another Wording."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from invoicing.look import ENGLISH_AND_HINDI

BETWEEN_LANGUAGES = " / "


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
    ack_number: str = "Ack number"
    ack_date: str = "Ack date"
    signed_code: str = "The code holds the document as the invoice registration portal has signed it."
    electronic: str = "Issued electronically; no signature is required."  # CGST Rule 46, proviso to (q)
    titles: Mapping[str, str] = field(default_factory=dict)
    """What is added to the document's own title."""

    def titled(self, title: str) -> str:
        return f"{title}{BETWEEN_LANGUAGES}{self.titles[title]}" if title in self.titles else title


ENGLISH = Wording()


_HINDI = {
    "original": "प्राप्तकर्ता के लिए मूल प्रति",
    "seller": "विक्रेता",
    "customer": "प्राप्तकर्ता",
    "state": "राज्य",
    "tax_id": "कर पहचान संख्या",
    "invoice_number": "बीजक संख्या",
    "invoice_date": "बीजक तिथि",
    "note_number": "जमा पत्र संख्या",
    "note_date": "जमा पत्र तिथि",
    "due_date": "देय तिथि",
    "original_invoice": "मूल बीजक",
    "original_date": "मूल बीजक की तिथि",
    "payment_terms": "भुगतान की शर्तें",
    "period": "अवधि",
    "purchase_order": "क्रय आदेश",
    "currency": "मुद्रा",
    "place_of_supply": "आपूर्ति का स्थान",
    "reverse_charge": "प्रतिलोम प्रभार",
    "lut": "वचनबंध पत्र",
    "description": "विवरण",
    "quantity": "मात्रा",
    "unit_price": "इकाई मूल्य",
    "taxable_value": "कर योग्य मूल्य",
    "tax": "कर",
    "before_discounts": "छूट से पहले",
    "discount": "छूट",
    "subtotal": "उप-योग",
    "sum_taxable": "कर योग्य मूल्य",
    "sum_tax": "कर",
    "round_off": "पूर्णांकन",
    "total": "कुल",
    "in_words": "राशि शब्दों में",
    "tax_summary": "SAC के अनुसार कर",
    "e_invoice": "ई-बीजक",
    "how_to_pay": "भुगतान कैसे करें",
    "payment": "भुगतान",
    "pay_online": "ऑनलाइन भुगतान",
    "reason": "कारण",
    "notes": "टिप्पणी",
    "electronic": "इलेक्ट्रॉनिक रूप से जारी; हस्ताक्षर आवश्यक नहीं।",
}
"""The labels of Rule 46 and Rule 53 as the Hindi text of the CGST Act and the GST portal have them."""

_HINDI_TITLES = {"Tax Invoice": "कर बीजक", "Invoice": "बीजक", "Credit Note": "जमा पत्र"}

ENGLISH_AND_HINDI_WORDING = Wording(
    **{name: f"{getattr(ENGLISH, name)}{BETWEEN_LANGUAGES}{hindi}" for name, hindi in _HINDI.items()},
    titles=_HINDI_TITLES,
)


def wording_of(language: str) -> Wording:
    return ENGLISH_AND_HINDI_WORDING if language == ENGLISH_AND_HINDI else ENGLISH
