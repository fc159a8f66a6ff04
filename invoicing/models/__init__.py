"""Price book, invoices, and the monthly run that makes the one out of the other."""

from invoicing.models.billing_run import BillingRun, BillingRunItem
from invoicing.models.credit_note import CreditNote, CreditNoteLine, CreditNoteTax
from invoicing.models.discount import Discount, DiscountRedemption
from invoicing.models.document_snapshot import DocumentSnapshot
from invoicing.models.e_invoice import EInvoice
from invoicing.models.exchange_rate import ExchangeRate
from invoicing.models.filing import Filing, FilingFile
from invoicing.models.invoice import Invoice
from invoicing.models.invoice_approval import InvoiceApproval
from invoicing.models.invoice_delivery import InvoiceDelivery
from invoicing.models.invoice_line import InvoiceLine, InvoiceTax
from invoicing.models.invoice_question import InvoiceQuestion, QuestionMessage
from invoicing.models.invoice_template import InvoiceTemplate, InvoiceTemplateVersion
from invoicing.models.late_price import LatePrice
from invoicing.models.letter_of_undertaking import LetterOfUndertaking
from invoicing.models.minimum_charge import MinimumCharge
from invoicing.models.number_sequence import NumberSequence
from invoicing.models.pay_page_link import PayPageLink
from invoicing.models.price_book import PricingRule
from invoicing.models.price_simulation import PriceSimulation, SimulatedCustomer
from invoicing.models.rate_feed import RateFeed
from invoicing.models.recurring_fee import RecurringFee
from invoicing.models.review_item import ReviewItem
from invoicing.models.safety_bounds import SafetyBounds
from invoicing.models.tax_rate import TaxRate
from invoicing.models.usage_write_off import UsageWriteOff

__all__ = [
    "BillingRun",
    "BillingRunItem",
    "CreditNote",
    "CreditNoteLine",
    "CreditNoteTax",
    "Discount",
    "DiscountRedemption",
    "DocumentSnapshot",
    "EInvoice",
    "ExchangeRate",
    "Filing",
    "FilingFile",
    "Invoice",
    "InvoiceApproval",
    "InvoiceDelivery",
    "InvoiceLine",
    "InvoiceQuestion",
    "InvoiceTax",
    "InvoiceTemplate",
    "InvoiceTemplateVersion",
    "LatePrice",
    "LetterOfUndertaking",
    "MinimumCharge",
    "NumberSequence",
    "PayPageLink",
    "PriceSimulation",
    "PricingRule",
    "QuestionMessage",
    "RateFeed",
    "RecurringFee",
    "ReviewItem",
    "SafetyBounds",
    "SimulatedCustomer",
    "TaxRate",
    "UsageWriteOff",
]
