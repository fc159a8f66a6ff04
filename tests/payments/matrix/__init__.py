"""Faults × operations: each call that changes something at Razorpay, with everything that can go wrong around it."""
