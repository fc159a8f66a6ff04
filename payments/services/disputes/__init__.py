"""Disputes: what Razorpay says of them, what that does to the money, and our answer."""
