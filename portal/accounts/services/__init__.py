"""Changes to people's accounts."""
