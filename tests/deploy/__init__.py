"""What deploy/ says is what the code does."""
