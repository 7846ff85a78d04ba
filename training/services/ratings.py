"""How answers fare on calls: rating a card, and finding those that have become weak.

What an answer's ratings say of it is decided in :mod:`training.faring`; a card's ratings in all languages count
together, by its ``translation_key``.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Case, Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery, When, Window
from django.db.models.functions import Coalesce, Length, RowNumber, Substr
from django.utils.translation import gettext_lazy as _
from wagtail.models import Page

from portal.core.errors import NotAllowed, Refusal
from portal.partners.models import Membership
from training.access import check_material, describe_reader
from training.facts import cards_found_weak
from training.faring import AT_LEAST, DEALS_WINDOW, ENOUGH, ENOUGH_DEALS, HALF, WINDOW, Faring, begins_spell
from training.models import CardRating, CardUse, MaterialPage, ObjectionCardPage, ObjectionGuidePage
from training.services.upkeep import list_keepers
from training.services.uses import find_all_deals

#: A second tap of an impatient thumb is about the same call.
SAME_CALL = timedelta(seconds=30)
MAX_WORDS = CardRating._meta.get_field("words").max_length or 0
#: Lines of customers shown with each card in the list.
LINES_SHOWN = 3
#: The order of the report: weak cards, the others that were rated, and those that nobody has rated lately.
WEAK, RATED, UNRATED = range(3)


@transaction.atomic
def rate_card(
    card: ObjectionCardPage, *, membership: Membership, worked: bool, words: str = "", now: datetime
) -> CardRating:
    """Record how the card's answer fared on a call; the same tap twice is recorded once.

    1. Check that the membership holds, that the card is live and open to it, and that the words fit.
    2. Lock the card in all its languages, so that of two ratings at once exactly one begins a spell of weakness.
    3. Write the rating.
    4. If with it the card becomes weak, announce that: once per spell.

    Args:
        membership: of the person who held the call.
        worked: whether the answer worked.
        words: what the customer said; may be empty.

    Raises:
        NotAllowed: the card is not open to the member, with the reason.
        Refusal: the words are too long.
    """
    reader = describe_reader(membership.user, membership, now=now)
    if reader.membership is None:
        raise NotAllowed(
            _("Only a partner's member can say how a card fared, and this membership has ended."), code="not_a_member"
        )
    if not card.live:
        raise Refusal(_("This card is not in the library any more."), code="gone")
    check_material(card, reader)
    words = " ".join(words.split())
    if len(words) > MAX_WORDS:
        raise Refusal(
            _("The customer’s words have %(count)d characters; at most %(limit)d are kept.")
            % {"count": len(words), "limit": MAX_WORDS},
            remedy=_("Shorten them to what matters."),
            code="too_long",
        )
    key = card.translation_key
    alike = ObjectionCardPage.objects.filter(translation_key=key).order_by("pk")
    list(alike.select_for_update(of=("self",), no_key=True).values_list("pk", flat=True))
    known = CardRating.objects.filter(card_key=key)
    same = known.filter(user=membership.user_id, worked=worked, words=words, rated_at__gt=now - SAME_CALL).first()
    if same is not None:
        return same
    rating = CardRating.objects.create(
        card=card,
        card_key=key,
        user_id=membership.user_id,
        membership=membership,
        worked=worked,
        words=words,
        rated_at=now,
    )
    # The rating before this one may be old, and is judged by the window before it.
    before = known.filter(pk__lt=rating.pk).order_by("-pk").values_list("rated_at", flat=True).first()
    since = min(before or now, now) - WINDOW
    if begins_spell(list(known.filter(rated_at__gt=since).order_by("pk").values_list("rated_at", "worked"))):
        cards_found_weak.announce(rating_ids=rating.pk, by=membership.user)
    return rating


def find_farings(card_keys: Collection[UUID], *, now: datetime) -> dict[UUID, Faring]:
    """How these cards fared in the last window, in all languages together; one query."""
    lately = CardRating.objects.filter(card_key__in=card_keys, rated_at__gt=now - WINDOW, rated_at__lte=now)
    counts = lately.order_by().values("card_key").annotate(rated=Count("pk"), good=Count("pk", filter=Q(worked=True)))
    found = {row["card_key"]: Faring(row["rated"], row["good"]) for row in counts}
    return {key: found.get(key, Faring()) for key in card_keys}


# --- Whom it concerns -------------------------------------------------------------------------------------------------


def find_spells(rating_ids: Iterable[int]) -> QuerySet[CardRating]:
    """The ratings with which cards became weak, with their cards."""
    return CardRating.objects.filter(pk__in=list(rating_ids)).select_related("card")


def find_keepers(card: ObjectionCardPage) -> list[int]:
    """Who is to mend a card: whoever keeps its live pages, in all languages, since its ratings count together."""
    alike = MaterialPage.objects.live().filter(translation_key=card.translation_key)
    return sorted({person for people in list_keepers(alike).values() for person in people})


# --- For staff --------------------------------------------------------------------------------------------------------


def list_cards_by_success(*, now: datetime, language: str = "", guide_key: UUID | None = None) -> Any:
    """Live cards, the weakest first, those that nobody has rated lately last.

    Each has ``rated`` and ``good`` (in how many calls it was rated and worked), ``place`` and ``guide_title``. Without a
    language every card stands once, with its ratings in all languages; with one, its page in that language with the
    ratings that were given there.

    ``deals`` and ``won`` say in how many deals a card was used and how many were won, in all languages together; None
    below :data:`training.faring.AT_LEAST`. A card that loses deals stands among the weak ones.
    """
    cards = ObjectionCardPage.objects.live().select_related("locale", "owner")
    lately = CardRating.objects.filter(rated_at__gt=now - WINDOW, rated_at__lte=now).order_by()
    if language:
        cards = cards.filter(locale__language_code=language)
        lately = lately.filter(card=OuterRef("pk"))
    else:
        first = ObjectionCardPage.objects.live().filter(translation_key=OuterRef("translation_key")).order_by("pk")
        cards = cards.filter(pk=Subquery(first.values("pk")[:1]))
        lately = lately.filter(card_key=OuterRef("translation_key"))
    parents = ObjectionGuidePage.objects.filter(
        path=Substr(OuterRef("path"), 1, Length(OuterRef("path")) - Page.steplen)
    )
    if guide_key is not None:
        cards = cards.alias(guide_key=Subquery(parents.values("translation_key")[:1])).filter(guide_key=guide_key)
    counted = lately.values("worked").annotate(number=Count("pk"))
    every = find_all_deals(now=now)
    ended = CardUse.objects.filter(
        card_key=OuterRef("translation_key"), ended_at__gt=now - DEALS_WINDOW, ended_at__lte=now
    ).order_by()
    of_card = ended.values("card_key").annotate(number=Count("pk"))
    return cards.annotate(
        guide_title=Subquery(parents.values("title")[:1]),
        good=Coalesce(Subquery(counted.filter(worked=True).values("number")), 0),
        bad=Coalesce(Subquery(counted.filter(worked=False).values("number")), 0),
        rated=F("good") + F("bad"),
        # The rule of training.faring, without fractions: good / rated < half.
        good_part=F("good") * HALF.denominator,
        rated_part=F("rated") * HALF.numerator,
        used_in=Coalesce(Subquery(of_card.values("number")), 0),
        won_in=Coalesce(Subquery(of_card.filter(won=True).values("number")), 0),
        deals=Case(When(used_in__gte=AT_LEAST, then=F("used_in")), default=None),
        won=Case(When(used_in__gte=AT_LEAST, then=F("won_in")), default=None),
        # The same of Deals.loses: won / used < half of the share of all.
        won_part=F("won_in") * every.used * HALF.denominator,
        used_part=F("used_in") * every.won * HALF.numerator,
        place=Case(
            When(rated__gte=ENOUGH, good_part__lt=F("rated_part"), then=WEAK),
            When(used_in__gte=ENOUGH_DEALS, won_part__lt=F("used_part"), then=WEAK),
            When(rated__gt=0, then=RATED),
            default=UNRATED,
            output_field=IntegerField(),
        ),
        # In thousandths, since the database would cut a share to nought or one.
        success=Case(When(rated__gt=0, then=F("good") * 1000 / F("rated")), default=0),
    ).order_by("place", "success", "-rated", "title", "pk")


def find_lines(cards: Iterable[ObjectionCardPage], *, language: str = "") -> dict[UUID, list[CardRating]]:
    """The latest words of customers about each card, with the partner that heard them; one query."""
    keys = {card.translation_key for card in cards}
    told = CardRating.objects.filter(card_key__in=keys).exclude(words="")
    if language:
        told = told.filter(card__locale__language_code=language)
    place = Window(RowNumber(), partition_by=F("card_key"), order_by=[F("rated_at").desc(), F("pk").desc()])
    lines: dict[UUID, list[CardRating]] = {key: [] for key in keys}
    for rating in told.annotate(place=place).filter(place__lte=LINES_SHOWN).select_related("membership__partner"):
        lines[rating.card_key].append(rating)
    return lines


def list_ratings(card_key: UUID) -> QuerySet[CardRating]:
    """Every rating of a card in all its languages, the latest first."""
    return CardRating.objects.filter(card_key=card_key).select_related("membership__partner", "card__locale")
