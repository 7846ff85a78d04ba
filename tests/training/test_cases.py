"""Case studies: typed figures, a list that is sorted and narrowed, and two to four side by side."""

import re

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from wagtail.test.utils.form_data import nested_form_data, streamfield

from portal.content.models import Product
from tests.factories.training import publish
from tests.training.forms import page_form
from training.models import CaseStudyPage, Industry

pytestmark = pytest.mark.django_db

ADDRESS = "/en/study/cases/"


@pytest.fixture
def industries(db):
    names = {"food": {"en": "Food", "ru": "Еда"}, "health": {"en": "Health", "ru": "Здоровье"}}
    return {slug: Industry.objects.create(slug=slug, name=name) for slug, name in names.items()}


@pytest.fixture
def cases(tree, industries):
    return {
        "bakery": tree.add_case(
            "Nine bakeries", customer="Kvasovo", industry=industries["food"], employees=118, days_to_first_sale=38,
            effort_hours=34, earned_minor=246240, currency="EUR", partner_name="Severny Most",
        ),
        "clinic": tree.add_case(
            "A dental clinic", customer="Alba", industry=industries["health"], employees=20, days_to_first_sale=61,
            effort_hours=43, earned_minor=101460, currency="EUR",
        ),
        "courier": tree.add_case(
            "A courier firm", customer="Crane", employees=31, days_to_first_sale=6, effort_hours=13,
            earned_minor=900000, currency="RUB",
        ),
        "silent": tree.add_case("A quiet one", customer="Hush"),
    }  # fmt: skip


def titles(page: str) -> list[str]:
    """The cases of the list in their order."""
    table = page[page.index("cases-table") :]
    return re.findall(r'<th scope="row">\s*<a href="[^"]+">([^<]+)</a>', table)


def ask(browser, **query):
    return browser.get(ADDRESS, query).content.decode()


class TestTheList:
    def test_it_shows_every_figure_and_what_an_hour_earned(self, cases, member, signed_in):
        page = ask(signed_in(member))
        for words in ("38 days", "34 hours", "2,462\u00a0EUR", "72\u00a0EUR", "118 people", "not told"):
            assert words in page

    @pytest.mark.parametrize(
        ("sort", "order"),
        [
            ("", ["Nine bakeries", "A dental clinic", "A courier firm", "A quiet one"]),
            ("days", ["A courier firm", "Nine bakeries", "A dental clinic", "A quiet one"]),
            ("-days", ["A dental clinic", "Nine bakeries", "A courier firm", "A quiet one"]),
            ("hours", ["A courier firm", "Nine bakeries", "A dental clinic", "A quiet one"]),
            ("-people", ["Nine bakeries", "A courier firm", "A dental clinic", "A quiet one"]),
            ("-earned", ["Nine bakeries", "A dental clinic", "A courier firm", "A quiet one"]),
            ("hourly", ["A dental clinic", "Nine bakeries", "A courier firm", "A quiet one"]),
            ("nonsense", ["Nine bakeries", "A dental clinic", "A courier firm", "A quiet one"]),
        ],
    )
    def test_it_is_sorted_by_each_figure_both_ways_and_silence_is_never_first(
        self, cases, member, signed_in, sort, order
    ):
        assert titles(ask(signed_in(member), sort=sort)) == order

    def test_sums_in_two_currencies_are_sorted_apart_and_it_says_so(self, cases, member, signed_in):
        page = ask(signed_in(member), sort="-earned")
        assert "Sums in different currencies are not compared" in page
        assert page.index("In EUR") < page.index("In RUB") < page.index("Without a sum")
        assert "In EUR" not in ask(signed_in(member), sort="days")

    def test_the_head_of_a_column_turns_the_order_round_and_says_which_it_is(self, cases, member, signed_in):
        page = ask(signed_in(member), sort="days", industry="food")
        assert 'aria-sort="ascending"' in page
        assert "?sort=-days&amp;industry=food" in page

    def test_it_is_narrowed_by_industry_size_and_product(self, cases, member, signed_in):
        product = Product.objects.create(slug="voice", name={"en": "Voice"})
        cases["clinic"].products.add(product)
        publish(cases["clinic"])
        browser = signed_in(member)
        assert titles(ask(browser, industry="food")) == ["Nine bakeries"]
        assert titles(ask(browser, size="small")) == ["A dental clinic"]
        assert titles(ask(browser, size="medium")) == ["A courier firm"]
        assert titles(ask(browser, size="large")) == ["Nine bakeries"]
        assert titles(ask(browser, product="voice")) == ["A dental clinic"]
        assert "No case fits all of that" in ask(browser, product="voice", size="large")

    def test_only_what_the_reader_may_read_is_listed_offered_or_compared(
        self, tree, cases, industries, member, signed_in, owners_only
    ):
        cases["clinic"].audience = owners_only
        publish(cases["clinic"])
        keys = [str(cases[name].translation_key) for name in ("clinic", "bakery")]
        page = ask(signed_in(member), case=keys)
        assert "dental" not in page
        assert "Health" not in page
        assert "Side by side" not in page

    def test_a_reader_sees_the_cases_of_their_language(self, tree, cases, member, signed_in):
        tree.add_case("Девять пекарен", language="ru", slug="ru-bakeries", translation_of=cases["bakery"])
        page = signed_in(member).get("/ru/study/cases/").content.decode()
        assert "Девять пекарен" in page
        assert "Nine bakeries" not in page

    def test_a_case_without_a_translation_is_shown_in_the_sites_own_language_and_says_so(
        self, cases, member, signed_in
    ):
        page = signed_in(member).get("/ru/study/cases/").content.decode()
        assert '<a href="/ru/library/nine-bakeries/" lang="en">Nine bakeries</a>' in page

    def test_it_is_reached_from_the_library_when_cases_are_chosen(self, cases, member, signed_in):
        assert ADDRESS in signed_in(member).get("/en/library/?kind=cases").content.decode()
        assert ADDRESS not in signed_in(member).get("/en/library/").content.decode()

    def test_without_cases_it_says_what_will_stand_here(self, tree, member, signed_in):
        assert "No case studies yet" in ask(signed_in(member))

    def test_it_costs_the_same_for_few_cases_and_for_many(
        self, tree, cases, industries, member, signed_in, django_assert_num_queries
    ):
        browser = signed_in(member)
        keys = [str(case.translation_key) for case in cases.values()][:3]
        ask(browser, case=keys)
        with django_assert_num_queries(40, exact=False) as few:
            ask(browser, case=keys)
        cost = len(few.captured_queries)
        for number in range(9):
            tree.add_case(f"More {number}", industry=industries["food"], employees=number)
        ask(browser, case=keys)
        with django_assert_num_queries(cost):
            ask(browser, case=keys)


class TestSideBySide:
    def compare(self, browser, cases, *names, **query):
        return ask(browser, case=[str(cases[name].translation_key) for name in names], **query)

    def test_two_to_four_stand_side_by_side_with_the_best_in_words(self, cases, member, signed_in):
        page = self.compare(signed_in(member), cases, "bakery", "clinic")
        beside = page[page.index("Side by side") : page.index("cases-table")]
        for words in ("Nine bakeries", "A dental clinic", "quickest", "least effort", "most earned", "best hour"):
            assert words in beside
        assert "different currencies" not in beside

    def test_of_sums_in_two_currencies_none_is_called_the_best(self, cases, member, signed_in):
        page = self.compare(signed_in(member), cases, "bakery", "courier")
        beside = page[page.index("Side by side") : page.index("cases-table")]
        assert "most earned" not in beside
        assert "best hour" not in beside
        assert "quickest" in beside
        assert "different currencies" in beside

    def test_one_alone_and_five_are_answered_with_what_to_do(self, tree, cases, member, signed_in):
        browser = signed_in(member)
        assert "Choose one more case" in self.compare(browser, cases, "bakery")
        cases["fifth"] = tree.add_case("Fifth")
        assert "At most 4 cases" in self.compare(browser, cases, *cases)

    def test_what_is_chosen_stays_chosen_when_the_list_is_narrowed(self, cases, member, signed_in):
        page = self.compare(signed_in(member), cases, "bakery", "clinic", industry="food")
        assert "Side by side" in page
        assert f'<input type="hidden" name="case" value="{cases["clinic"].translation_key}">' in page

    def test_a_key_that_is_none_is_passed_over(self, cases, member, signed_in):
        assert signed_in(member).get(ADDRESS, {"case": ["drop", "1", ""]}).status_code == 200


class TestThePage:
    def test_the_figures_stand_as_a_band_above_the_story(self, cases, member, signed_in):
        page = signed_in(member).get("/en/library/nine-bakeries/").content.decode()
        for words in ("38 days", "earned per hour of effort", "Sold by Severny Most", "Food", "Kvasovo"):
            assert words in page

    def test_what_is_not_told_is_left_out_of_the_band(self, cases, member, signed_in):
        page = signed_in(member).get("/en/library/a-quiet-one/").content.decode()
        assert "figure-band" not in page


class TestTheEditor:
    @pytest.fixture
    def editor(self, django_user_model, client):
        client.force_login(django_user_model.objects.create_superuser("root@example.com", "a long password"))
        return client

    def send(self, tree, editor, **fields):
        figures = {
            "customer": "Kvasovo", "partner_name": "", "industry": "", "employees": "", "days_to_first_sale": "",
            "effort_hours": "", "earned_minor": "", "currency": "",
        }  # fmt: skip
        form = page_form("Nine bakeries", **{**figures, **fields}, body=streamfield([]))
        address = reverse("wagtailadmin_pages:add", args=["training", "casestudypage", tree.libraries["en"].pk])
        return editor.post(address, nested_form_data(form))

    @pytest.mark.parametrize(
        ("typed", "currency", "minor"),
        [("12 400,00", "EUR", 1240000), ("12,400.5", "EUR", 1240050), ("12400", "JPY", 12400), ("0", "RUB", 0)],
    )
    def test_what_was_earned_is_typed_as_a_sum_and_kept_in_minor_units(self, tree, editor, typed, currency, minor):
        response = self.send(tree, editor, earned_minor=typed, currency=currency)
        assert response.status_code == 302, response.context["form"].errors
        case = CaseStudyPage.objects.get()
        assert (case.earned_minor, case.currency) == (minor, currency)
        edited = editor.get(reverse("wagtailadmin_pages:edit", args=[case.pk]))
        shown = edited.context["form"]["earned_minor"].value()
        assert self.read(shown, currency) == minor

    def read(self, shown, currency):
        return int(shown.replace(",", "").replace(".", "")) if currency != "JPY" else int(shown.replace(",", ""))

    @pytest.mark.parametrize(
        ("fields", "place", "message"),
        [
            ({"earned_minor": "12400"}, "currency", "Choose the currency"),
            ({"currency": "EUR"}, "earned_minor", "no sum"),
            ({"earned_minor": "-5", "currency": "EUR"}, "earned_minor", "less than nothing"),
            ({"earned_minor": "lots", "currency": "EUR"}, "earned_minor", "Type a sum"),
            ({"earned_minor": "1,5", "currency": "JPY"}, "earned_minor", "at most 0 decimals"),
            ({"days_to_first_sale": "-1"}, "days_to_first_sale", "greater than or equal to 0"),
            ({"effort_hours": "-1"}, "effort_hours", "greater than or equal to 0"),
        ],
    )
    def test_figures_that_cannot_be_are_refused_at_their_field_and_kept_as_typed(
        self, tree, editor, fields, place, message
    ):
        response = self.send(tree, editor, **fields)
        assert message in str(response.context["form"].errors[place])
        assert not CaseStudyPage.objects.exists()
        for name, value in fields.items():
            assert response.context["form"][name].value() == value

    def test_the_model_itself_keeps_a_sum_and_its_currency_together(self, tree):
        case = tree.add_case()
        case.earned_minor, case.currency = 100, "XXX"
        with pytest.raises(ValidationError, match="not a currency"):
            case.full_clean()

    def test_industries_are_kept_in_the_admin_and_one_in_use_stays(self, tree, editor):
        form = {"name_0": "Food", "name_1": "Еда", "name_en": "Food", "name_ru": "Еда", "slug": "food", "order": "1"}
        response = editor.post(reverse("industries:add"), form)
        assert response.status_code == 302, response.context["form"].errors
        industry = Industry.objects.get()
        tree.add_case(industry=industry)
        editor.post(reverse("industries:delete", args=[industry.pk]))
        assert Industry.objects.filter(pk=industry.pk).exists()
        assert editor.get(reverse("industries:index")).status_code == 200
