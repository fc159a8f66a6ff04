"""Admin pages of prices, rates, invoices and billing runs."""

from invoicing.admin.analytics.page import Analytics
from invoicing.admin.approving import ApprovalOfInvoice
from invoicing.admin.bulk import BulkOfInvoices
from invoicing.admin.credit_notes.credit_note import CreditNoteAdmin, CreditNotesOfInvoice
from invoicing.admin.e_invoices.e_invoice import EInvoiceAdmin
from invoicing.admin.e_invoices.e_invoice_of_document import EInvoiceOfCreditNote, EInvoiceOfInvoice
from invoicing.admin.india_board import IndiaBoardOfSeller
from invoicing.admin.invoice import InvoiceAdmin
from invoicing.admin.invoice_approval import InvoiceApprovalAdmin
from invoicing.admin.invoice_line import InvoiceLineAdmin
from invoicing.admin.invoice_template import InvoiceTemplateAdmin
from invoicing.admin.letters import LetterOfUndertakingAdmin, LettersOfSeller
from invoicing.admin.metric import PricesOfMetric
from invoicing.admin.number_series import NumberSequenceAdmin
from invoicing.admin.organisation import BillingOfOrganisation
from invoicing.admin.prices.price_book import PricingRuleAdmin
from invoicing.admin.prices.price_simulation import PriceSimulationAdmin
from invoicing.admin.question import InvoiceQuestionAdmin, QuestionsOfCustomer, QuestionsOfInvoice
from invoicing.admin.rates import ExchangeRateAdmin, TaxRateAdmin
from invoicing.admin.registers.register import CreditNoteRegister, InvoiceRegister
from invoicing.admin.returns.filing import FilingAdmin
from invoicing.admin.revenue_leak import UsageWriteOffAdmin
from invoicing.admin.runs.billing_item import BillingRunItemAdmin
from invoicing.admin.runs.billing_run import BillingRunAdmin
from invoicing.admin.runs.review import ReviewItemAdmin
from invoicing.admin.safety_bounds import SafetyBoundsAdmin
from invoicing.admin.stored_pdf import StoredPdfOfCreditNote, StoredPdfOfInvoice
from invoicing.admin.terms.discount import DiscountAdmin
from invoicing.admin.terms.minimum_charge import MinimumChargeAdmin
from invoicing.admin.terms.recurring_fee import RecurringFeeAdmin
from invoicing.admin.typed_lines import EditedDraft, OneOffInvoices
from invoicing.admin.upcoming import UpcomingInvoiceOfOrganisation

__all__ = [
    "Analytics",
    "ApprovalOfInvoice",
    "BillingOfOrganisation",
    "BillingRunAdmin",
    "BillingRunItemAdmin",
    "BulkOfInvoices",
    "CreditNoteAdmin",
    "CreditNoteRegister",
    "CreditNotesOfInvoice",
    "DiscountAdmin",
    "EInvoiceAdmin",
    "EInvoiceOfCreditNote",
    "EInvoiceOfInvoice",
    "EditedDraft",
    "ExchangeRateAdmin",
    "FilingAdmin",
    "IndiaBoardOfSeller",
    "InvoiceAdmin",
    "InvoiceApprovalAdmin",
    "InvoiceLineAdmin",
    "InvoiceQuestionAdmin",
    "InvoiceRegister",
    "InvoiceTemplateAdmin",
    "LetterOfUndertakingAdmin",
    "LettersOfSeller",
    "MinimumChargeAdmin",
    "NumberSequenceAdmin",
    "OneOffInvoices",
    "PriceSimulationAdmin",
    "PricesOfMetric",
    "PricingRuleAdmin",
    "QuestionsOfCustomer",
    "QuestionsOfInvoice",
    "RecurringFeeAdmin",
    "ReviewItemAdmin",
    "SafetyBoundsAdmin",
    "StoredPdfOfCreditNote",
    "StoredPdfOfInvoice",
    "TaxRateAdmin",
    "UpcomingInvoiceOfOrganisation",
    "UsageWriteOffAdmin",
]
