"""A faithful local Razorpay: API, checkout, webhooks and faults, in a process of its own."""
