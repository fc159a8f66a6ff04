"""The checks by name. Each is a function in `reconciliation/checks/`, found in its table `CHECKS`."""

from __future__ import annotations

from django.db import models


class CheckName(models.TextChoices):
    HOT_LOG = "hot_log", "Accepted events and the ledger"
    AGGREGATES = "aggregates", "The ledger and the aggregates"
    INVOICE_LINES = "invoice_lines", "Usage and invoice lines"
    DOCUMENT_SUMS = "document_sums", "Sums of invoices and credit notes"
    DOCUMENT_FILES = "document_files", "Documents as issued and as stored"
    NUMBER_SERIES = "number_series", "Numbers of documents"
    BALANCES = "balances", "Payments, invoices and balances"
    GATEWAY = "gateway", "Our payments and Razorpay's"
    PAYOUTS = "payouts", "Payouts and payments"
