"""What home changes: the demo and the staff's roles."""
