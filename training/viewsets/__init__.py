"""Training's screens for staff, one module for each concern."""
