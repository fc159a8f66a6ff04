"""What a customer's readers open without an account."""
