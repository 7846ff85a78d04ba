"""What customers say against buying, what to answer, and how the answers fared."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext
from wagtail.admin.panels import (
    FieldPanel,
    FieldRowPanel,
    MultiFieldPanel,
    PageChooserPanel,
    TitleFieldPanel,
)
from wagtail.fields import StreamField
from wagtail.search import index
from wagtail_localize.fields import SynchronizedField

from portal.content.blocks import BodyBlock, PassageBlock, Section, list_sections, write_plain
from training.models.base import MaterialPage, arrange_tabs
from training.models.editing import MaterialForm


class ObjectionGuidePage(MaterialPage):
    """What customers say against buying; each saying is a card below it."""

    body = StreamField(
        BodyBlock(), verbose_name=_("how to use the cards"), blank=True, help_text=_("Shown below the cards.")
    )

    page_description = _("A collection of objection cards. Make one, then add a card for each thing customers say.")
    shared_template = "training/shared/objection_guide.html"
    subpage_types = ["training.ObjectionCardPage"]
    search_fields = [*MaterialPage.search_fields, index.SearchField("body")]
    edit_handler = arrange_tabs([*MaterialPage.content_panels, FieldPanel("body")])

    class Meta:
        verbose_name = _("objection guide")
        verbose_name_plural = _("objection guides")

    @property
    def sections(self) -> list[Section]:
        return list_sections(self.body)


class ObjectionCardForm(MaterialForm):
    """A card in the editor: a new one begins with an empty paragraph to write the answer into.

    The section of the proof is checked here and not at each save, since the other page may change.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None and not self.instance.answer and "answer" in self.fields:
            self.initial["answer"] = self.fields["answer"].block.to_python([{"type": "text", "value": ""}])

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean()
        anchor, proof = data.get("proof_anchor"), data.get("proof_page")
        if anchor and proof is None:
            self.add_error("proof_page", _("Choose the page that has the section “%s”.") % anchor)
        elif anchor and proof:
            anchors = [section.anchor for section in proof.specific.sections]
            if anchor not in anchors:
                known = ", ".join(anchors) or pgettext("sections", "none")
                message = _("“%(page)s” has no section “%(anchor)s”. Its sections: %(known)s.")
                self.add_error("proof_anchor", message % {"page": proof, "anchor": anchor, "known": known})
        return data


class ObjectionCardPage(MaterialPage):
    """One thing a customer says, and what to answer. Its title is the customer's words."""

    behind = models.TextField(
        _("what is behind it"),
        blank=True,
        help_text=_("What the customer is really worried about, in a sentence or two."),
    )
    answer = StreamField(
        PassageBlock(),
        verbose_name=_("answer"),
        help_text=_("What to say, in words that can be said aloud. Shown first."),
    )
    proof = StreamField(
        PassageBlock(),
        verbose_name=_("proof"),
        blank=True,
        help_text=_("A figure or a case that the customer can check."),
    )
    proof_page = models.ForeignKey(
        MaterialPage,
        verbose_name=_("proof in the library"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    proof_anchor = models.CharField(
        _("section"), max_length=60, blank=True, help_text=_("Anchor of the section that holds the proof.")
    )
    next_question = models.TextField(
        _("next question"), blank=True, help_text=_("The question that takes the conversation on.")
    )

    share_answer = models.BooleanField(
        _("the answer may be sent to a customer"), default=False, help_text=_("Left unticked, it is for partners only.")
    )
    share_proof = models.BooleanField(_("the proof may be sent to a customer"), default=False)

    base_form_class = ObjectionCardForm
    can_be_saved = True
    can_be_sent = True
    page_description = _("One thing a customer says, and what to answer. Found in search by the customer's words.")
    shared_template = "training/shared/objection_card.html"
    subpage_types: list[str] = []
    override_translatable_fields = [
        *MaterialPage.override_translatable_fields,
        SynchronizedField("proof_anchor", overridable=False),
    ]
    search_fields = [
        *MaterialPage.search_fields,
        index.SearchField("behind"),
        index.SearchField("answer", boost=2),
        index.SearchField("proof"),
        index.SearchField("next_question"),
    ]
    edit_handler = arrange_tabs(
        [
            TitleFieldPanel(
                "title",
                heading=_("The objection, in the customer's words"),
                placeholder=_("What the customer says"),
                help_text=_("As it is said on the telephone: “It is too expensive”."),
            ),
            FieldPanel("answer"),
            FieldPanel("share_answer"),
            MultiFieldPanel(
                [
                    FieldPanel("proof"),
                    FieldPanel("share_proof"),
                    FieldRowPanel([PageChooserPanel("proof_page"), FieldPanel("proof_anchor")]),
                ],
                heading=_("Proof"),
            ),
            FieldPanel("behind"),
            FieldPanel("next_question"),
        ]
    )

    class Meta:
        verbose_name = _("objection card")
        verbose_name_plural = _("objection cards")

    @cached_property
    def answer_paragraphs(self) -> list[str]:
        """The answer in plain text, as a search result shows it and as it is copied into a chat or an e-mail."""
        return write_plain(self.answer).split("\n\n")

    @property
    def answer_id(self) -> str:
        """Names the answer on a page that shows several."""
        return f"answer-{self.pk}"


class CardRating(models.Model):
    """How an answer fared on one call: it worked or it did not, with the customer's words if the seller noted them.

    Append-only: the same person may use a card on many calls.
    """

    card = models.ForeignKey(
        ObjectionCardPage, verbose_name=_("card"), on_delete=models.CASCADE, related_name="ratings"
    )
    # The card whatever its language: the page's translation_key.
    card_key = models.UUIDField(_("card key"))
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="card_ratings")
    membership = models.ForeignKey("partners.Membership", on_delete=models.PROTECT, related_name="card_ratings")
    worked = models.BooleanField(_("worked"))
    words = models.CharField(_("what the customer said"), max_length=300, blank=True)
    rated_at = models.DateTimeField(_("rated at"))

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("rating of a card")
        verbose_name_plural = _("ratings of cards")
        ordering = ["-rated_at", "-pk"]
        indexes = [
            # How a card fared lately, in all languages: the card's page, the owner's list of weak cards.
            models.Index(fields=["card_key", "-rated_at"], name="training_rating_card"),
        ]

    def __str__(self) -> str:
        return f"{self.card_key}: {self.worked}"
