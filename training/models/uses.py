"""What became of the deals in which a card's answer was used."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from training.models.objections import ObjectionCardPage


class CardUse(models.Model):
    """That a card was used in one deal that has ended. Only counts are made of it: neither the deal nor anybody of it can
    be found from here. Rows are added, and taken out where the end of the deal is taken back."""

    card = models.ForeignKey(ObjectionCardPage, verbose_name=_("card"), on_delete=models.CASCADE, related_name="uses")
    # The card whatever its language: the page's translation_key.
    card_key = models.UUIDField(_("card key"))
    # A digest of whoever tells it, so that the same deal counts once.
    about = models.CharField(max_length=64)
    won = models.BooleanField(_("won"))
    ended_at = models.DateTimeField(_("ended"))

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("use of a card")
        verbose_name_plural = _("uses of cards")
        ordering = ["-ended_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["card_key", "about"], name="training_carduse_once")]
        indexes = [
            # How a card's deals ended lately; and all of them.
            models.Index(fields=["card_key", "-ended_at"], name="training_carduse_card"),
            models.Index(fields=["ended_at"], name="training_carduse_ended"),
        ]

    def __str__(self) -> str:
        return f"{self.card_key}: {self.won}"
