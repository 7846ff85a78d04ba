"""Every address of ours, asked by every kind of person. An address that is not named here fails the build.

A row says what each kind of person is answered. Where two kinds differ, the reason stands in ``access.py``.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.db import transaction
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from portal.accounts.models import User
from portal.leads.services.customers import make_token as make_letter_token
from portal.leads.services.links import make_token as make_take_token
from tests.world import PERSONAS, World, build_world
from training.services.joining import make_token

OURS = ("portal.", "training", "certification")

#: Who is answered what. Anonymous people are sent to sign in, people without a membership are told why not.
MEMBERS = ("seller", "owner", "head", "engineer")
STAFF = ("editor", "examiner", "channel_manager")


def row(default: int | None = None, **answers: int) -> dict[str, int]:
    """One row: ``members=200, staff=403`` widen to their kinds, single kinds win."""
    found = dict.fromkeys(PERSONAS, default) if default is not None else {}
    for group, kinds in (("members", MEMBERS), ("staff", STAFF)):
        if group in answers:
            found.update(dict.fromkeys(kinds, answers.pop(group)))
    found.update(answers)
    assert set(found) == set(PERSONAS), f"a row must answer everyone: {set(PERSONAS) ^ set(found)}"
    return found


SIGN_IN, OK, GONE_ON, NO, UNKNOWN, CONFLICT, WRONG_METHOD, INVALID = 302, 200, 302, 403, 404, 409, 405, 422
NO_CONTENT = 204

#: Open to every member; not to people without a membership.
EVERY_MEMBER = row(anonymous=SIGN_IN, members=OK, stranger=OK, lone=NO, staff=NO)
#: Materials and lists of materials: staff read them too.
EVERY_READER = row(anonymous=SIGN_IN, members=OK, stranger=OK, lone=NO, staff=OK)
#: One's own things: everybody who is signed in.
EVERYBODY = row(OK, anonymous=SIGN_IN)
#: What belongs to the partner: another partner's member learns nothing, not even that it exists.
WORKS_LEADS = row(anonymous=SIGN_IN, seller=OK, owner=OK, head=OK, engineer=NO, stranger=UNKNOWN, lone=NO, staff=NO)
LISTS_LEADS = WORKS_LEADS | {"stranger": OK}
#: How the partner works is its owner's and its heads' to say.
HEADS_WORK = row(NO, anonymous=SIGN_IN, owner=OK, head=OK, stranger=OK)
MANAGES = row(anonymous=SIGN_IN, seller=NO, owner=OK, head=NO, engineer=NO, stranger=UNKNOWN, lone=NO, staff=NO)
#: One seller's own attempt: nobody else's, not a colleague's, not staff's.
THE_SELLER_S = row(UNKNOWN, anonymous=SIGN_IN, seller=OK)
#: The same for the owner's own credential.
THE_OWNER_S = row(UNKNOWN, anonymous=SIGN_IN, owner=OK)


def redirecting(answers: dict[str, int]) -> dict[str, int]:
    """The same people, where success goes on to another page."""
    return {kind: GONE_ON if status == OK else status for kind, status in answers.items()}


@dataclass(frozen=True)
class Case:
    """An address with a method, and what each kind of person is answered."""

    name: str
    answers: dict[str, int]
    method: str = "get"
    args: Callable[[World], list] = lambda world: []
    data: Callable[[World], dict] = lambda world: {}

    @property
    def id(self) -> str:
        return f"{self.method} {self.name}"


def of(thing: str, field: str = "public_id") -> Callable[[World], list]:
    """The argument of an address: a field of one of the world's things."""
    return lambda world: [getattr(getattr(world, thing), field)]


CASES = [
    # Home and the shell
    Case("home:dashboard", EVERY_READER),
    Case("core:styleguide", row(NO, anonymous=SIGN_IN, staff=OK)),
    Case("core:brand", row(OK)),
    Case("core:health", row(OK)),
    Case("core:set_theme", row(GONE_ON), "post", data=lambda world: {"theme": "dark"}),
    Case("core:set_language", row(GONE_ON), "post", data=lambda world: {"language": "ru"}),
    # A person's own
    Case("accounts:preferences", EVERYBODY),
    Case("accounts:second_factor", EVERYBODY),
    Case("notifications:inbox", EVERYBODY),
    Case("notifications:preferences", EVERYBODY),
    Case("notifications:read_all", redirecting(EVERYBODY), "post"),
    Case("notifications:open", row(UNKNOWN, anonymous=SIGN_IN, seller=GONE_ON), "post", of("notice")),
    # The partner
    Case("partners:organisation", EVERY_MEMBER),
    Case("partners:agreement", EVERY_MEMBER),
    Case("partners:agreement_version", EVERY_MEMBER, args=lambda world: [1]),
    Case("partners:switch", row(CONFLICT, anonymous=SIGN_IN), "post", data=lambda world: {"membership": "of-nobody"}),
    Case("partners:team", row(NO, anonymous=SIGN_IN, owner=OK, head=OK, stranger=OK)),
    Case("partners:invite", row(NO, anonymous=SIGN_IN, owner=OK, stranger=OK)),
    Case("partners:resend", redirecting(MANAGES), "post", of("invitation")),
    Case("partners:cancel", redirecting(MANAGES), "post", of("invitation")),
    Case("partners:roles", MANAGES, args=of("colleague")),
    Case("partners:leave", MANAGES, args=of("colleague")),
    Case("partners:leave", redirecting(MANAGES), "post", of("colleague")),
    Case("partners:invitation", row(OK), args=lambda world: [world.token]),
    # Study
    Case("training:search", EVERY_READER),
    Case("training:suggest", EVERY_READER),
    Case("training:seen", EVERY_READER, args=of("lesson", "translation_key")),
    Case("training:pins", EVERY_MEMBER),
    Case("training:pin", redirecting(EVERY_MEMBER), "post", of("card", "translation_key")),
    Case("training:saved", EVERY_MEMBER, args=of("card", "translation_key")),
    Case("training:unsaved", row(OK)),
    Case("offline:worker", row(OK)),
    Case("offline:manifest", row(401, members=OK, stranger=OK)),
    Case("training:share", EVERY_MEMBER, args=of("doc", "translation_key")),
    Case("training:shares", EVERY_MEMBER),
    Case("training:remarks", EVERYBODY),
    Case("training:remark", EVERY_READER, args=of("doc", "translation_key")),
    Case("training:remark", redirecting(EVERY_READER), "post", of("doc", "translation_key"),
         lambda world: {"block": "first-1", "kind": "wrong", "words": "It is one day."}),
    Case("training:changes", EVERY_READER, args=of("doc", "translation_key")),
    Case("training:withdraw_share", row(UNKNOWN, anonymous=SIGN_IN, seller=GONE_ON, lone=NO, staff=NO), "post",
         of("share")),
    Case("training:shared", row(OK), args=of("share")),
    Case("training:shared_pdf", row(OK), args=of("share")),
    Case("training:shared_seen", row(OK), args=of("share")),
    Case("training:rate", redirecting(EVERY_MEMBER), "post", of("card", "translation_key"), lambda world: {"worked": "yes"}),
    Case("training:cases", EVERY_READER),
    Case("training:player", EVERY_READER, args=of("video", "translation_key")),
    Case("training:place", row(204, anonymous=SIGN_IN, lone=NO), "post", of("video", "translation_key"),
         lambda world: {"seconds": "75"}),
    Case("training:complete", redirecting(EVERY_MEMBER), "post", of("lesson", "translation_key")),
    Case("training:answer", redirecting(EVERY_MEMBER), "post",
         lambda world: [world.taken_lesson.translation_key, world.taken_lesson.checks[0].id],
         lambda world: {"chosen": "right"}),
    Case("training:complete_course", row(CONFLICT, anonymous=SIGN_IN, seller=GONE_ON, lone=NO, staff=NO), "post",
         of("taken_course", "translation_key")),
    Case("training:certificate", row(UNKNOWN, anonymous=SIGN_IN, seller=OK), args=of("taken_course", "translation_key")),
    Case("training:certificate_pdf", row(UNKNOWN, anonymous=SIGN_IN, seller=OK),
         args=of("taken_course", "translation_key")),
    Case("training:team", row(NO, anonymous=SIGN_IN, owner=OK, head=OK, stranger=OK)),
    Case("training:nudge", row(NO, anonymous=SIGN_IN, owner=GONE_ON, head=GONE_ON, stranger=UNKNOWN), "post",
         lambda world: [world.colleague.public_id, world.taken_course.translation_key]),
    Case("training:session", EVERY_READER, args=of("session")),
    Case("training:register", redirecting(EVERY_MEMBER), "post", of("session")),
    Case("training:cancel_registration", row(UNKNOWN, anonymous=SIGN_IN, seller=GONE_ON, lone=NO, staff=NO), "post",
         of("session")),
    Case("training:ask", redirecting(EVERY_MEMBER), "post", of("session"), lambda world: {"words": "Does it ring?"}),
    # signed: it opens nothing but the meeting
    Case("training:join", row(GONE_ON), args=lambda world: [make_token(world.seat)]),
    Case("training:session_ics", EVERY_READER, args=of("session")),
    Case("training:calendar", EVERY_MEMBER),
    Case("training:change_calendar", redirecting(EVERY_MEMBER), "post", data=lambda world: {"do": "open"}),
    # private: whoever knows the address reads it, as calendar programs sign in nowhere
    Case("training:feed", row(OK), args=of("feed", "token")),
    Case("training:attendance", EVERY_MEMBER),
    Case("training:correct", THE_SELLER_S | {"lone": NO} | dict.fromkeys(STAFF, NO), args=of("past_session")),
    Case("training:correct", redirecting(THE_SELLER_S | {"lone": NO} | dict.fromkeys(STAFF, NO)), "post",
         of("past_session"), lambda world: {"words": "I was there."}),
    Case("content:file", EVERY_READER, args=lambda world: [world.image.file.name]),
    # Exams
    Case("certification:exams", EVERY_MEMBER),
    Case("certification:exam", EVERY_MEMBER, args=of("exam", "slug")),
    Case("certification:start", redirecting(EVERY_MEMBER) | {"owner": CONFLICT}, "post", of("exam", "slug")),
    Case("certification:credentials", EVERYBODY),
    Case("certification:standing", EVERY_MEMBER),
    Case("certification:attempt", THE_SELLER_S, args=of("attempt")),
    Case("certification:save", redirecting(THE_SELLER_S), "post", of("attempt"),
         lambda world: {"position": 1, "response": 1, "seq": 1}),
    Case("certification:question", redirecting(THE_SELLER_S), args=lambda world: [world.attempt.public_id, 1]),
    Case("certification:picture", row(UNKNOWN, anonymous=SIGN_IN), args=lambda world: [world.attempt.public_id, 1]),
    Case("certification:status", THE_SELLER_S, args=of("attempt")),
    Case("certification:note", THE_SELLER_S | {"seller": NO_CONTENT}, "post", of("attempt")),
    Case("certification:flag", THE_SELLER_S | {"seller": NO_CONTENT}, "post", of("attempt"),
         data=lambda world: {"position": "1", "on": "1"}),
    Case("certification:pause", THE_SELLER_S | {"seller": CONFLICT}, "post", of("attempt")),
    Case("certification:review", redirecting(THE_SELLER_S), args=of("attempt")),
    Case("certification:rehearsal", EVERY_MEMBER),
    Case("certification:rehearsal_save", redirecting(EVERY_MEMBER), "post", data=lambda world: {"seq": "0", "shown": "3"}),
    Case("certification:submit", redirecting(THE_SELLER_S), "post", of("attempt")),
    Case("certification:result", redirecting(THE_SELLER_S), args=of("attempt")),
    Case("certification:count", redirecting(THE_OWNER_S), "post", of("credential"),
         lambda world: {"membership": world.memberships["owner"].public_id}),
    # Leads
    Case("leads:offers", LISTS_LEADS),
    Case("leads:terms", HEADS_WORK),
    Case("leads:keep_terms", redirecting(HEADS_WORK), "post",
         data=lambda world: {"opens_at": "09:00", "closes_at": "18:00", "workdays": ["0"]}),
    Case("leads:pause", redirecting(HEADS_WORK), "post"),
    Case("leads:unpause", redirecting(HEADS_WORK), "post"),
    Case("leads:away", LISTS_LEADS),
    Case("leads:say_away", redirecting(LISTS_LEADS) | {"seller": GONE_ON, "stranger": INVALID}, "post",
         data=lambda world: {"member": world.memberships["seller"].public_id, "away_from": "2020-01-01"}),
    Case("leads:back", redirecting(WORKS_LEADS), "post", of("absence")),
    # How the team works is for whoever leads it.
    Case("leads:week", HEADS_WORK),
    Case("leads:turns", LISTS_LEADS),
    Case("leads:missed", LISTS_LEADS),
    # Whoever holds the letter, acts as its reader: that is what the link is for.
    Case("leads:take", row(OK), args=lambda world: [make_take_token(world.telling.public_id)]),
    Case("leads:take", row(GONE_ON), "post", args=lambda world: [make_take_token(world.telling.public_id)]),
    Case("leads:offer", WORKS_LEADS, args=of("offer")),
    Case("leads:accept", redirecting(WORKS_LEADS), "post", of("offer")),
    Case("leads:decline", redirecting(WORKS_LEADS), "post", of("offer"), lambda world: {"reason": "no_time"}),
    Case("leads:lead", WORKS_LEADS, args=of("lead")),
    Case("leads:assign", redirecting(WORKS_LEADS), "post", of("lead")),
    Case("leads:step", redirecting(WORKS_LEADS), "post", of("lead"), lambda world: {"stage": "contacted"}),
    Case("leads:note", redirecting(WORKS_LEADS), "post", of("lead"), lambda world: {"text": "Call on Friday."}),
    Case("leads:disputes", LISTS_LEADS),
    Case("leads:dispute", WORKS_LEADS, args=of("dispute")),
    Case("leads:dispute_say", redirecting(WORKS_LEADS), "post", of("dispute"), lambda world: {"text": "On Monday."}),
    Case("leads:dispute_withdraw", redirecting(WORKS_LEADS), "post", of("dispute")),
    Case("leads:contest_offer", WORKS_LEADS, args=of("expired")),
    Case("leads:contest_outcome", redirecting(WORKS_LEADS), args=of("expired")),
    Case("leads:contest_missed", redirecting(LISTS_LEADS)),
    Case("leads:tick", redirecting(WORKS_LEADS), "post", of("lead"),
         lambda world: {"card": str(world.card.translation_key)}),
    Case("leads:untick", redirecting(WORKS_LEADS), "post", of("lead"),
         lambda world: {"card": str(world.card.translation_key)}),
    Case("leads:heard", row(OK), args=lambda world: [make_letter_token(world.letter)]),
    Case("leads:unwanted", row(OK), args=lambda world: [make_letter_token(world.letter)]),
    Case("leads:win", redirecting(WORKS_LEADS), "post", of("lead"), lambda world: {"amount": "100", "currency": "EUR"}),
    Case("leads:lose", redirecting(WORKS_LEADS), "post", of("lead"), lambda world: {"reason": "price"}),
]  # fmt: skip


def our_addresses() -> set[str]:
    """Every named address in a namespace of ours."""
    found = set()

    def walk(patterns: list, namespace: str) -> None:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                module = getattr(pattern.urlconf_module, "__name__", "")
                ours = not pattern.app_name or module.startswith(OURS)
                if ours:
                    walk(pattern.url_patterns, pattern.namespace or namespace)
            elif isinstance(pattern, URLPattern) and namespace:
                found.add(f"{namespace}:{pattern.name}")

    walk(get_resolver().url_patterns, "")
    return found


def test_every_address_of_ours_is_in_the_matrix_and_no_other():
    assert {case.name for case in CASES} == our_addresses()


@pytest.mark.django_db
class TestTheMatrix:
    def test_each_person_is_answered_as_the_row_says(self, client):
        """One world for all rows: each request is rolled back."""
        world = build_world(timezone.now())
        wrong = {}
        for case in CASES:
            address = reverse(case.name, args=case.args(world))
            for persona in PERSONAS:
                status = ask(client, world, persona, case.method, address, case.data(world))
                if status != case.answers[persona]:
                    wrong[f"{case.id} as {persona}"] = (status, case.answers[persona])
        assert wrong == {}, "\n".join(f"{what}: answered {got}, expected {want}" for what, (got, want) in wrong.items())

    def test_what_changes_something_is_not_done_by_a_link(self, client):
        world = build_world(timezone.now())
        done = {
            case.id: status
            for case in CASES
            # a link leads to the question
            if case.method == "post" and case.name not in {"leads:take", "partners:leave", "training:remark"}
            and (status := ask(client, world, "owner", "get", reverse(case.name, args=case.args(world))))
            not in {405, 404, 403}
        }  # fmt: skip
        assert done == {}


def ask(client, world: World, persona: str, method: str, address: str, data: dict | None = None) -> int:
    """The status that this person is answered; nothing that the request did remains."""
    with transaction.atomic():
        client.logout()
        if person := world.people[persona]:
            client.force_login(person)
        answer = getattr(client, method)(address, data or {})
        if answer.streaming:
            list(answer.streaming_content)  # read to its end, the file is closed
        transaction.set_rollback(True)
    return answer.status_code


PAGES = [
    "library/",
    "library/calls/",
    "library/objections/",
    "library/objections/too-expensive/",
    "library/prices/",
    "library/a-day/",
    "courses/",
    "courses/first-steps/",
    "courses/first-steps/listen/",
    "webinars/",
    "webinars/tuesdays/",
]


@pytest.mark.django_db
class TestThePageTree:
    def test_pages_are_for_members_and_staff(self, client):
        world = build_world(timezone.now())
        wrong = {
            f"{page} as {persona}": status
            for page in PAGES
            for persona in PERSONAS
            if (status := ask(client, world, persona, "get", f"/en/{page}")) != EVERY_READER[persona]
        }
        assert wrong == {}


#: Third-party addresses, by one rule each: what an anonymous person and a partner's owner are answered.
FOREIGN = {
    "/admin/": (302, 302),
    "/admin/login/": (302, 302),
    "/admin/password_reset/": (302, 302),
    "/admin/pages/": (302, 302),
    "/admin/users/": (302, 302),
    "/admin/reports/site-history/": (302, 302),
    "/en/sign-in/login/": (200, 302),
    "/en/sign-in/signup/": (200, 302),
    "/en/sign-in/2fa/": (302, 200),
}


@pytest.mark.django_db
def test_third_party_addresses_follow_their_rule(client):
    world = build_world(timezone.now())
    answered = {
        address: tuple(ask(client, world, persona, "get", address) for persona in ("anonymous", "owner"))
        for address in FOREIGN
    }
    assert answered == FOREIGN


@pytest.mark.django_db
def test_nobody_signs_up_without_an_invitation(client):
    page = client.get(reverse("account_signup"))
    assert b"password1" not in page.content
    client.post(
        reverse("account_signup"), {"email": "me@x.example", "password1": "pass-word-42x", "password2": "pass-word-42x"}
    )
    assert not User.objects.filter(email="me@x.example").exists()
