"""The shell's slots: what apps hang on every page."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template import engines
from django.test import RequestFactory
from wagtail import hooks

from portal.core.shell import NavItem, SearchBox, StatusItem, collect_items, collect_navigation, find_search


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
def test_what_does_not_fit_the_bar_of_a_phone_goes_behind_more(request_, monkeypatch, count, first, more):
    items = [NavItem(str(number), "/") for number in range(count)]
    monkeypatch.setattr("portal.core.shell.collect_navigation", lambda _request: items)
    template = engines["django"].from_string(
        "{% load shell %}{% nav_items as nav %}{{ nav.first|length }} {{ nav.more|length }}"
    )
    assert template.render({}, request_) == f"{first} {more}"


def test_without_a_request_the_shell_is_empty():
    template = engines["django"].from_string(
        "{% load shell %}{% nav_items as nav %}{% status_items as s %}{% search_box as b %}{% theme as t %}"
        "{{ nav.first|length }} {{ s|length }} {{ b }} {{ t }}"
    )
    assert template.render() == "0 0 None auto"


def test_a_status_is_drawn_by_its_app(request_):
    item = StatusItem(
        "components/counted_link.html", {"url": "/inbox/", "icon": "bell", "label": "3 unread", "count": 3}
    )
    template = engines["django"].from_string("{% load shell %}{% status_items as s %}{{ s.0 }}")
    with hooks.register_temporarily("portal_status", lambda _request: StatusItem(item.template, item.context, -999)):
        html = template.render({}, request_)
    assert 'aria-label="3 unread"' in html


def test_navigation_is_collected_from_its_hook(request_):
    item = NavItem("Guild", "/guild/", order=-999)
    with hooks.register_temporarily("portal_navigation", lambda _request: item):
        assert collect_navigation(request_)[0] == item
