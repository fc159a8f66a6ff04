"""When a failed payment is tried again, when a customer is reminded, and what being late costs. No database."""
