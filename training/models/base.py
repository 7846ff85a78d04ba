"""What every material has, whatever its type: for whom it is, what it is about, who keeps it true.

One table, :class:`MaterialPage`, stands under every type that a partner studies: lists, search, citations and the rule
of audience ask it alone.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Length, Substr
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext
from modelcluster.contrib.taggit import ClusterTaggableManager
from modelcluster.fields import ParentalKey, ParentalManyToManyField
from taggit.models import TaggedItemBase
from wagtail import hooks
from wagtail.admin.panels import (
    FieldPanel,
    HelpPanel,
    MultiFieldPanel,
    ObjectList,
    TabbedInterface,
    TitleFieldPanel,
)
from wagtail.models import Page, PageManager
from wagtail.query import PageQuerySet
from wagtail.search import index
from wagtail_localize.fields import SynchronizedField

from portal.content.blocks import Section
from portal.content.models import BasePage
from portal.content.services.pages import Surroundings, find_surroundings
from portal.partners.models import Audience, Tier, in_force_now
from training.models.editing import ChangePanel, MaterialForm
from training.registry import PREVIEW_HOOK

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser


class MaterialQuerySet(PageQuerySet):
    """Materials, narrowed for a reader."""

    def open_to(self, audience_ids: Collection[int]) -> "MaterialQuerySet":
        """Live materials whose audience, and whose parent's audience, is absent or among ``audience_ids``.

        A card obeys its guide and a lesson its course; materials are never nested deeper. An audience holds in every
        language: what is closed on one live translation is closed on all.
        """
        closed = MaterialPage.objects.filter(audience__isnull=False).exclude(audience_id__in=audience_ids)
        closed_keys = closed.filter(live=True).values("translation_key")
        closed_parent = MaterialPage.objects.filter(
            Q(pk__in=closed.values("pk")) | Q(translation_key__in=closed_keys),
            path=Substr(OuterRef("path"), 1, Length(OuterRef("path")) - Page.steplen),
        )
        return self.filter(~Q(translation_key__in=closed_keys), ~Exists(closed_parent), live=True)

    def open_to_one_by_one(self, audience_ids: Collection[int]) -> "MaterialQuerySet":
        """The same as ``open_to``, for a set that is narrowed to a few pages already: each is looked up by itself,
        where the other looks through the whole library at once."""
        closed = MaterialPage.objects.filter(audience__isnull=False).exclude(audience_id__in=audience_ids)
        closed_live = closed.filter(live=True)
        above = Substr(OuterRef("path"), 1, Length(OuterRef("path")) - Page.steplen)
        parents = MaterialPage.objects.filter(path=above)
        return self.filter(
            ~Exists(closed_live.filter(translation_key=OuterRef("translation_key"))),
            ~Exists(closed.filter(path=above)),
            ~Exists(parents.filter(translation_key__in=closed_live.values("translation_key"))),
            live=True,
        )

    def in_courses(self, course_paths: Iterable[str]) -> "MaterialQuerySet":
        """Children of the pages at these tree paths; a constant condition however many they are."""
        parent_path = Substr("path", 1, Length("path") - Page.steplen)
        return self.alias(parent_path=parent_path).filter(parent_path__in=list(course_paths))


class MaterialTag(TaggedItemBase):
    content_object = ParentalKey("training.MaterialPage", on_delete=models.CASCADE, related_name="tagged_items")


class MaterialPage(BasePage):
    """What a partner studies: for whom it is, what it is about, and who keeps it (Wagtail's ``owner``).

    Courses and lessons are materials too, so that one rule of audience covers all that can be read.
    """

    intro = models.TextField(
        _("in short"), blank=True, help_text=_("One or two sentences, shown in lists and in search.")
    )
    audience = models.ForeignKey(
        Audience,
        verbose_name=_("for whom"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="materials",
        help_text=_(
            "Left empty, every member of a partner may read it. Cards obey their guide too, lessons their course."
        ),
    )
    products = ParentalManyToManyField(
        "content.Product", verbose_name=_("products"), blank=True, related_name="materials"
    )
    tags = ClusterTaggableManager(
        through=MaterialTag,
        blank=True,
        verbose_name=_("tags"),
        help_text=_("Words to find it by, set apart by commas."),
    )
    job_roles = ParentalManyToManyField(
        "partners.JobRole",
        verbose_name=_("for these job roles"),
        blank=True,
        related_name="materials",
        help_text=_("Whom it helps: shown to readers, and lists are narrowed by it. Does not close it to others."),
    )
    review_interval_days = models.PositiveSmallIntegerField(
        _("review every, days"),
        default=90,
        validators=[MinValueValidator(7), MaxValueValidator(730)],
        help_text=_("After so many days its owner is asked whether it is still true."),
    )
    # The next two travel with the draft, so that scheduling and workflow carry them to the moment of publishing.
    change_is_material = models.BooleanField(
        _("a material change"),
        default=False,
        help_text=_("Readers who know the page are told, and questions of exams that cite it are checked."),
    )
    change_line = models.CharField(
        _("what has changed, for readers"), max_length=200, blank=True, help_text=_("One line, shown above the page.")
    )
    may_be_saved = models.BooleanField(
        _("may be saved for reading without a signal"),
        default=True,
        help_text=_("Saved copies say when they were saved and are gone after 24 hours."),
    )

    objects = PageManager.from_queryset(MaterialQuerySet)()
    base_form_class = MaterialForm

    is_creatable = False
    subpage_types: list[str] = []
    #: Whether parts of the type may go to a customer, where their editor says so.
    can_be_sent = False
    #: Whether the type is used in the middle of a call, and so can be saved for reading without a signal.
    can_be_saved = False
    #: Whether the page looks different to partners of different countries (see ``Reader.country``).
    differs_by_country = False
    #: Whether the whole page may be kept for readers with the same rights (``training.views.kept``): not where it shows
    #: the reader's own progress.
    is_kept = True
    #: What is the same for all who may read the page, and so is kept between requests.
    shared_template = ""

    override_translatable_fields = [SynchronizedField("slug", overridable=False), SynchronizedField("audience")]

    search_fields = [
        *BasePage.search_fields,
        index.SearchField("intro", boost=2),
        index.FilterField("audience_id"),
        index.RelatedFields("tags", [index.SearchField("name", boost=3)]),
    ]

    content_panels = [
        TitleFieldPanel("title", placeholder=_("Title"), help_text=_("As readers find it in lists and in search.")),
        FieldPanel("intro"),
    ]
    reader_panels = [
        MultiFieldPanel([FieldPanel("audience")], heading=_("Who may read it")),
        MultiFieldPanel(
            [FieldPanel("products"), FieldPanel("job_roles"), FieldPanel("tags")], heading=_("What it is about")
        ),
        HelpPanel(
            _(
                "The audience also closes search results, lists, and every picture and document that only this page "
                "shows."
            )
        ),
    ]

    # Last on the first tab: just above the button that publishes.
    change_panels = [
        ChangePanel(
            [FieldPanel("change_is_material"), FieldPanel("change_line")],
            heading=_("With this publishing"),
            help_text=_("For a correction that changes nothing for readers, leave both empty."),
        ),
    ]
    upkeep_panels = [
        MultiFieldPanel(
            [FieldPanel("owner"), FieldPanel("review_interval_days"), FieldPanel("may_be_saved")],
            heading=_("Kept true by"),
        ),
    ]

    class Meta:
        verbose_name = _("material")
        verbose_name_plural = _("materials")
        constraints = [
            models.CheckConstraint(condition=Q(review_interval_days__gte=7), name="training_material_interval"),
        ]

    def may_be_read_by(self, user: "AbstractBaseUser | AnonymousUser", membership: Any | None, now: datetime) -> bool:
        """Whether the reader's membership holds and is in this material's audience and in its parent's."""
        if not super().may_be_read_by(user, membership, now) or membership is None or not in_force_now(membership, now):
            return False
        if not self.audiences:
            return True
        return self.closed_audience(set(Audience.objects.open_to(membership, now).values_list("pk", flat=True))) is None

    def closed_audience(self, audience_ids: Collection[int]) -> Audience | None:
        """The first audience, the parent's before its own, that is not among those open to the reader."""
        return next((audience for audience in self.audiences if audience.pk not in audience_ids), None)

    @cached_property
    def surroundings(self) -> Surroundings:
        """The pages above, with their audiences, and the translations: one query for the rule and for the page."""
        return find_surroundings(self, "materialpage__audience")

    @property
    def audiences(self) -> list[Audience]:
        """The audiences that a reader must be in: the parent material's and its own, of every live translation."""
        around = self.surroundings
        others = [*around.above, *around.above_elsewhere, *around.translations]
        materials = [page.materialpage for page in others if hasattr(page, "materialpage")]
        return [material.audience for material in [*materials, self] if material.audience_id]

    @property
    def has_shareable_parts(self) -> bool:
        """Whether its editor lets anything of it go to a customer; which parts, says ``services.leaflets``."""
        if not self.can_be_sent:
            return False
        streams = [getattr(self, name) for name in ("body", "rows") if hasattr(self, name)]
        marked = any(child["value"].get("shareable") for stream in streams for child in stream.raw_data)
        return bool(marked or getattr(self, "share_answer", False) or getattr(self, "share_proof", False))

    # --- Previews: as a seller sees it, on a phone (Wagtail's first size) ---------------------------------------------
    @cached_property
    def _tiers(self) -> list[Tier]:
        return list(Tier.objects.all())

    @property
    def preview_modes(self) -> list[tuple[str, str]]:
        """A preview for each tier, since prices and audiences differ by it."""
        labels = [
            (f"tier-{tier.slug}", pgettext("preview", "Seller of a partner: %(tier)s") % {"tier": tier})
            for tier in self._tiers
        ]
        return labels or [("tier-", pgettext("preview", "Seller of a partner"))]

    @property
    def default_preview_mode(self) -> str:
        """The second tier from below: the first is of those who have yet to begin."""
        modes = MaterialPage.preview_modes.fget(self)  # type: ignore[attr-defined]  # a subclass may add others before
        mode: str = modes[min(1, len(modes) - 1)][0]
        return mode

    def serve_preview(self, request: HttpRequest, mode_name: str) -> HttpResponse:
        if mode_name and not mode_name.startswith("tier-"):
            answer: HttpResponse = super().serve_preview(request, mode_name)
            return answer
        slug = (mode_name or self.default_preview_mode).removeprefix("tier-")
        tier = next((tier for tier in self._tiers if tier.slug == slug), None)
        (show,) = hooks.get_hooks(PREVIEW_HOOK)
        response: HttpResponse = show(self, request, tier)
        return response

    @property
    def kind_label(self) -> str:
        """The type in words, without a query even when only the base row was fetched."""
        return capfirst(str((self.specific_class or type(self))._meta.verbose_name))

    @property
    def report_url(self) -> str:
        """Where a reader says that something is wrong; sections lead there with their block id."""
        return reverse("training:remark", args=[self.translation_key])

    @property
    def sections(self) -> list[Section]:
        """What can be cited and linked to inside the material."""
        return []


def arrange_tabs(content: list[Any], *, extra: list[Any] | None = None) -> TabbedInterface:
    """The editor's tabs of a material: what it says, for whom, what changes with this publishing, its address.

    Args:
        extra: further panels of the tab “For whom”.
    """
    return TabbedInterface(
        [
            ObjectList([*content, *MaterialPage.change_panels], heading=_("Content")),
            ObjectList([*MaterialPage.reader_panels, *(extra or [])], heading=_("For whom")),
            ObjectList([*MaterialPage.upkeep_panels, *Page.settings_panels], heading=_("Publishing")),
            ObjectList(Page.promote_panels, heading=_("Address")),
        ]
    )
