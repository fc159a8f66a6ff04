"""Bank statements: stored once, matched with open invoices, booked by a person."""
