"""Give money of a payment back through Razorpay: ask, send and follow, and issue the credit note that belongs to it."""
