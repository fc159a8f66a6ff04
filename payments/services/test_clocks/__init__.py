"""The time of test customers: moved forward, and lived through."""
