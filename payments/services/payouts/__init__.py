"""Payouts: fetched from Razorpay, joined to payments, refunds and disputes, and added up."""
