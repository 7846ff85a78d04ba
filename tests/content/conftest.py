"""A page tree, and people of every kind that reads it."""

from tests.training.readers import *  # noqa: F403 -- pytest finds fixtures by name in a conftest
