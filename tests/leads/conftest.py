"""A market for every test of leads."""

import pytest

from tests.factories.leads import make_market


@pytest.fixture
def market(db, now):
    """One route, three qualified partners."""
    return make_market(now)
