"""Routes of prices, rates, invoices and billing runs, under /api/v1/admin."""

from __future__ import annotations

from django.urls import URLPattern, path

from invoicing.api import (
    credit_notes,
    discounts,
    e_invoices,
    invoice_templates,
    invoices,
    lines,
    minimum_charges,
    prices,
    rates,
    recurring_fees,
    returns,
    runs,
)

admin_urlpatterns = [
    path("pricing-rules", prices.PricingRuleList.as_view()),
    path("pricing-rules/<uuid:rule_id>", prices.PricingRuleDetail.as_view()),
    path("pricing-rules/<uuid:rule_id>/history", prices.PricingRuleHistory.as_view()),
    path("pricing/preview", prices.PricingPreview.as_view()),
    path("recurring-fees", recurring_fees.RecurringFeeList.as_view()),
    path("recurring-fees/<uuid:fee_id>", recurring_fees.RecurringFeeDetail.as_view()),
    path("minimum-charges", minimum_charges.MinimumChargeList.as_view()),
    path("minimum-charges/<uuid:minimum_id>", minimum_charges.MinimumChargeDetail.as_view()),
    path("discounts", discounts.DiscountList.as_view()),
    path("discounts/<uuid:discount_id>", discounts.DiscountDetail.as_view()),
    path("tax-rates", rates.TaxRateList.as_view()),
    path("exchange-rates", rates.ExchangeRateList.as_view()),
    path("exchange-rates/sync", rates.ExchangeRateSync.as_view()),
    path("exchange-rates/<slug:base>/<slug:target>", rates.ExchangeRatePair.as_view()),
    path("organisations/<uuid:organisation_id>/invoices", invoices.InvoiceList.as_view()),
    path("organisations/<uuid:organisation_id>/invoices/upcoming", invoices.UpcomingInvoice.as_view()),
    path("invoices/<uuid:invoice_id>", invoices.InvoiceDetail.as_view()),
    path("invoices/<uuid:invoice_id>/approve", invoices.ApproveInvoice.as_view()),
    path("invoices/<uuid:invoice_id>/finalize", invoices.FinalizeInvoice.as_view()),
    path("invoices/<uuid:invoice_id>/send", invoices.SendInvoice.as_view()),
    path("invoices/<uuid:invoice_id>/void", invoices.VoidInvoice.as_view()),
    path("invoices/<uuid:invoice_id>/recompute", invoices.RecomputeInvoice.as_view()),
    path("invoices/<uuid:invoice_id>/pdf", invoices.InvoicePdf.as_view(), name="invoice-pdf"),
    path("invoices/<uuid:invoice_id>/e-invoice", e_invoices.EInvoiceOfInvoice.as_view()),
    path("invoice-templates", invoice_templates.InvoiceTemplateList.as_view()),
    path("invoice-templates/<uuid:template_id>", invoice_templates.InvoiceTemplateDetail.as_view()),
    path("invoice-templates/<uuid:template_id>/preview", invoice_templates.PreviewInvoiceTemplate.as_view()),
    path("invoice-templates/<uuid:template_id>/release", invoice_templates.ReleaseInvoiceTemplate.as_view()),
    path("invoice-templates/<uuid:template_id>/use", invoice_templates.UseInvoiceTemplate.as_view()),
    path("invoice-templates/<uuid:template_id>/stop-using", invoice_templates.StopUsingInvoiceTemplate.as_view()),
    path(
        "organisations/<uuid:organisation_id>/invoice-templates",
        invoice_templates.InvoiceTemplatesOfOrganisation.as_view(),
    ),
    path("invoice-lines/<uuid:line_id>/explain", lines.ExplainLine.as_view()),
    path("invoices/<uuid:invoice_id>/credit-notes", credit_notes.CreditNotesOfInvoice.as_view()),
    path("invoices/<uuid:invoice_id>/credit-corrections", credit_notes.CreditCorrections.as_view()),
    path("credit-notes", credit_notes.CreditNoteList.as_view()),
    path("credit-notes/<uuid:note_id>", credit_notes.CreditNoteDetail.as_view()),
    path("credit-notes/<uuid:note_id>/pdf", credit_notes.CreditNotePdf.as_view(), name="credit-note-pdf"),
    path("returns/gstr1", returns.Gstr1.as_view()),
    path("credit-notes/<uuid:note_id>/e-invoice", e_invoices.EInvoiceOfCreditNote.as_view()),
    path("billing-runs", runs.BillingRunList.as_view()),
    path("billing-runs/<uuid:run_id>", runs.BillingRunDetail.as_view()),
]
urlpatterns: list[URLPattern] = []
