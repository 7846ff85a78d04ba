"""Notices."""

import factory

from portal.notifications.models import Notification
from portal.notifications.notices import INVITATION_ACCEPTED
from tests.factories.accounts import UserFactory
from tests.factories.partners import LONG_AGO


class NotificationFactory(factory.django.DjangoModelFactory):
    """An unread notice in the inbox, with no e-mail to send; ``email_due_at=...`` for one that has."""

    class Meta:
        model = Notification

    user = factory.SubFactory(UserFactory)
    type = INVITATION_ACCEPTED.name
    key = factory.Sequence(lambda number: f"invitation:{number}")
    context = factory.LazyFunction(lambda: {"name": "Grace Hopper", "partner": "Harbour & Sons"})
    url = "/en/partner/team/"
    created_at = LONG_AGO
