"""What operators see and may do in the admin."""
