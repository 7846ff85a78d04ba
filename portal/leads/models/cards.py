"""The objection cards that a seller used with a customer."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.leads.models.leads import Lead
from portal.partners.models import Partner
from training.models import ObjectionCardPage


class LeadCard(models.Model):
    """That a card was used on a lead. The outcome of the lead rates it; until then it may be taken off again."""

    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="cards", verbose_name=_("lead"))
    # Whose it is: a lead that goes on to another partner keeps what each of them used, for that one alone.
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+", verbose_name=_("partner"))
    card = models.ForeignKey(ObjectionCardPage, on_delete=models.CASCADE, related_name="+", verbose_name=_("card"))
    # The card whatever its language: the page's translation_key.
    card_key = models.UUIDField()
    ticked_at = models.DateTimeField(_("ticked"))
    ticked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("card used on a lead")
        verbose_name_plural = _("cards used on leads")
        ordering = ["ticked_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["lead", "partner", "card_key"], name="leads_leadcard_once"),
        ]

    def __str__(self) -> str:
        return f"{self.lead_id}: {self.card_key}"
