"""The pages of a candidate and of a partner's people."""
