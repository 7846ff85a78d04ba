"""The shell's slots: what apps hang on every page."""

import re

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db.models import IntegerField
from django.template import engines
from django.test import RequestFactory
from wagtail import hooks

from portal.core.personal import fill, make_mark, split_at_marks
from portal.core.prepared import Question
from portal.core.shell import (
    NavItem,
    SearchBox,
    StatusItem,
    collect_counted,
    collect_items,
    find_search,
    split_for_phone,
)
from portal.partners.models import Tier


@pytest.fixture
def request_(rf: RequestFactory):
    request = rf.get("/")
    request.user = AnonymousUser()
    return request


def contribute(*items):
    return [("slot", lambda _request, item=item: item) for item in items]


def test_items_come_in_their_order_and_equal_ones_as_registered(request_):
    late, early, also_late = (
        NavItem("late", "/", order=20),
        NavItem("early", "/", order=10),
        NavItem("also", "/", order=20),
    )
    with hooks.register_temporarily(contribute(late, early, also_late)):
        assert collect_items("slot", request_) == [early, late, also_late]


def test_an_app_may_have_nothing_or_several_for_this_reader(request_):
    one, two = NavItem("one", "/"), NavItem("two", "/")
    with hooks.register_temporarily(contribute(None, [one, two])):
        assert collect_items("slot", request_) == [one, two]


def test_of_several_searches_the_first_by_order_has_the_field(request_):
    library, everything = SearchBox("/library/", "Library", order=50), SearchBox("/search/", "All", order=-50)
    registered = [("portal_search", lambda _request: library), ("portal_search", lambda _request: everything)]
    with hooks.register_temporarily(registered):
        assert find_search(request_) == everything


@pytest.mark.parametrize(("count", "first", "more"), [(4, 4, 0), (5, 5, 0), (6, 4, 2)])
def test_what_does_not_fit_the_bar_of_a_phone_goes_behind_more(count, first, more):
    split = split_for_phone([NavItem(str(number), "/") for number in range(count)])
    assert (len(split["first"]), len(split["more"])) == (first, more)


def test_without_a_request_the_shell_is_empty():
    template = engines["django"].from_string(
        '{% load shell %}{% search_box as b %}{% theme as t %}[{% personal "nav" %}{% personal "status" %}] {{ b }} {{ t }}'
    )
    assert template.render() == "[] None auto"


def test_a_status_is_drawn_by_its_app(request_):
    item = StatusItem(
        "components/counted_link.html", {"url": "/inbox/", "icon": "bell", "label": "3 unread", "count": 3}
    )
    template = engines["django"].from_string('{% load shell %}{% personal "status" %}')
    with hooks.register_temporarily("portal_status", lambda _request: StatusItem(item.template, item.context, -999)):
        html = template.render({}, request_)
    assert 'aria-label="3 unread"' in html


def test_navigation_is_collected_from_its_hook(request_):
    item = NavItem("Guild", "/guild/", order=-999)
    template = engines["django"].from_string('{% load shell %}{% personal "nav" %}')
    with hooks.register_temporarily("portal_navigation", lambda _request: item):
        assert 'href="/guild/"' in template.render({}, request_)


HIGHER = Question(lambda rank: Tier.objects.filter(rank__gt=rank).values("pk"), counted=True, rank=IntegerField())


@pytest.mark.django_db
def test_all_counts_of_a_page_are_asked_at_once(request_, django_assert_num_queries):
    Tier.objects.all().delete()
    for rank in (1, 2, 3):
        Tier.objects.create(slug=f"tier-{rank}", name={"en": "Tier"}, rank=rank)
    item = NavItem("Guild", "/", count=HIGHER(rank=1))
    status = StatusItem("t.html", {"some": HIGHER(rank=2), "label": "x", "all": HIGHER(rank=0)})
    given = [("one", lambda _request: item), ("two", lambda _request: [status, status])]
    with hooks.register_temporarily(given), django_assert_num_queries(1):
        slots, answers = collect_counted(["one", "two"], request_, HIGHER(rank=9))
    assert answers == [[(0,)]]
    assert slots[0][0].count == 2
    assert [dict(item.context) for item in slots[1]] == [{"some": 1, "label": "x", "all": 3}] * 2


class TestMarks:
    TEMPLATE = '{% load shell %}<b>{% personal "nav" %}</b>{{ words }}{% csrf_token %}{% personal "messages" %}'

    def keep(self, request, words=""):
        template = engines["django"].from_string(self.TEMPLATE)
        context = {"keeping": True, "csrf_token": make_mark("csrf"), "words": words}
        return split_at_marks(template.render(context, request))

    def test_a_kept_page_has_marks_and_a_filled_one_the_readers_parts(self, request_):
        request_._messages = []
        item = NavItem("Guild", "/guild/", order=-999)
        with hooks.register_temporarily("portal_navigation", lambda _request: item):
            pieces = self.keep(request_)
            assert pieces[1::2] == ["nav", "csrf", "messages"]
            assert b"/guild/" not in b"".join(pieces[::2])
            page = fill(pieces, request_).decode()
        assert 'href="/guild/"' in page
        assert re.search(r'name="csrfmiddlewaretoken" value="[A-Za-z0-9]{64}"', page)

    def test_a_text_cannot_be_a_mark(self, request_):
        request_._messages = []
        pieces = self.keep(request_, words="[[0123456789abcdef0123:csrf]] [[csrf]]")
        assert pieces[1::2] == ["nav", "csrf", "messages"]
