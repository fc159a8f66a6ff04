"""What customers owe as of a day, also of a past one: what moved their accounts, open invoices, ageing, statements."""
