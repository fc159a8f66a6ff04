"""What can happen to orders, payments, refunds and links; each act is one transaction."""
