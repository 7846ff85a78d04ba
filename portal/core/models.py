"""The outbox of facts, and what every app's models share."""

import secrets
from datetime import datetime
from typing import Any

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import ProtectedError
from django.utils.translation import gettext_lazy as _
from wagtail.contrib.settings.models import BaseSiteSetting, register_setting


def new_public_id() -> str:
    """Twelve URL-safe characters from the system's randomness: 72 bits, not to be guessed or counted."""
    return secrets.token_urlsafe(9)


class PublicIdModel(models.Model):
    """A model that is named in addresses by an opaque id; the number stays inside."""

    public_id = models.CharField(max_length=16, unique=True, editable=False, default=new_public_id)

    class Meta:
        abstract = True


class NamedInListsModel(models.Model):
    """A row that others may name in a list of theirs. While one does, it is not deleted.

    The database would quietly take it out of the list, and an emptied list often means "any": an audience of one tier
    would open to all, a route of one region would take the world.
    """

    class Meta:
        abstract = True

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete the row.

        Raises:
            ProtectedError: while a row of another table names it in a list.
        """
        for relation in self._meta.get_fields(include_hidden=True):
            if isinstance(relation, models.ManyToManyRel):
                named = relation.related_model._default_manager.filter(**{relation.field.name: self})
                if named.exists():
                    raise ProtectedError(f"{self} is named by {relation.related_model._meta.label}", set(named))
        return super().delete(*args, **kwargs)


class FactQuerySet(models.QuerySet["Fact"]):
    def due(self, now: datetime) -> "FactQuerySet":
        return self.filter(handed_on_at__isnull=True, due_at__lte=now)


class Fact(models.Model):
    """Something that happened: written with it, never changed after, handed on until every receiver took it."""

    name = models.CharField(_("fact"), max_length=80)
    payload = models.JSONField(_("ids"))
    # No foreign key: core lies below accounts, and a fact outlives the person.
    actor_id = models.BigIntegerField(_("by"), null=True)
    announced_at = models.DateTimeField(_("announced at"))
    due_at = models.DateTimeField(_("due at"))
    handed_on_at = models.DateTimeField(_("handed on at"), null=True)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    last_error = models.CharField(_("last error"), max_length=200, blank=True)

    objects = FactQuerySet.as_manager()

    class Meta:
        verbose_name = _("fact")
        verbose_name_plural = _("facts")
        ordering = ["-id"]
        indexes = [
            # The sweeper: what is still to be handed on, soonest first.
            models.Index(fields=["due_at"], condition=models.Q(handed_on_at__isnull=True), name="core_fact_due"),
            # The audit view: one kind of fact, latest first.
            models.Index(fields=["name", "-id"], name="core_fact_name"),
        ]

    def __str__(self) -> str:
        return f"{self.name} #{self.pk}"


class Delivery(models.Model):
    """That one receiver took one fact. Its key makes handing on exactly-once per receiver where the receiver commits."""

    fact = models.ForeignKey(Fact, on_delete=models.CASCADE, related_name="deliveries")
    receiver = models.CharField(max_length=200)
    delivered_at = models.DateTimeField()

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints = [models.UniqueConstraint(fields=["fact", "receiver"], name="core_delivery_once")]

    def __str__(self) -> str:
        return f"{self.receiver} took {self.fact_id}"


@register_setting(icon="view")
class Brand(BaseSiteSetting):
    """The vendor's own colour: one hue, from which every tone of the accent is made at a contrast of 6:1 or more."""

    hue = models.PositiveSmallIntegerField(
        _("hue"),
        default=262,
        validators=[MaxValueValidator(360)],
        help_text=_(
            "0 to 360 on the OKLCH circle: 30 is red, 145 green, 262 blue. Lightness and strength stay the portal's."
        ),
    )

    class Meta:
        verbose_name = _("brand")
        verbose_name_plural = _("brands")
        constraints = [models.CheckConstraint(condition=models.Q(hue__lte=360), name="core_brand_hue")]

    def __str__(self) -> str:
        return str(self.hue)
