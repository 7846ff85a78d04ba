"""What training tells people, and whom; a module for each part of it, imported at start-up for its kinds of notice."""

from training.notices import attendance, courses, library, webinars

__all__ = ["attendance", "courses", "library", "webinars"]
