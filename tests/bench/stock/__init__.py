"""A page as a stock Wagtail site serves it: one StreamField, Wagtail's own view, a view restriction by group."""
