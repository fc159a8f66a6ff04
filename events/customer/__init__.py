"""Pages for who got an e-mail of ours, without an account."""
