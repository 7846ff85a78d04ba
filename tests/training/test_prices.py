"""Price lists: what the editor may write, and what a reader sees and copies."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation
from wagtail.blocks import StreamBlockValidationError, StructBlockValidationError
from wagtail.test.utils.form_data import inline_formset, nested_form_data, streamfield
from wagtail_localize.segments.extract import extract_segments

from tests.factories.training import price, publish
from training.blocks import PriceBlock, PricesBlock
from training.models import Market, PriceListDiscount, PriceListPage
from training.templatetags.prices import percent
from training.templatetags.prices import price as write_price

DAY = date(2026, 11, 24)


@pytest.fixture
def markets(db) -> dict[str, Market]:
    rows = (("eu", "", "Europe"), ("uk", "GB IE", "United Kingdom"), ("kz", "KZ", "Kazakhstan"))
    return {
        slug: Market.objects.create(slug=slug, countries=countries, name={"en": name}, order=number)
        for number, (slug, countries, name) in enumerate(rows)
    }


def clean(*rows: dict) -> None:
    block = PricesBlock()
    block.clean(block.to_python(list(rows)))


def errors_of(*rows: dict) -> dict[int, dict[str, ValidationError]]:
    """The mistakes by the number of the row and the name of the field."""
    with pytest.raises(StreamBlockValidationError) as refused:
        clean(*rows)
    return {index: error.block_errors for index, error in refused.value.block_errors.items()}


@pytest.mark.django_db
class TestWhatTheEditorWrites:
    def test_passes_when_it_is_whole(self, markets):
        clean(
            price("CRM", "24.00", breaks=((10, "22.00"), (50, "19.50")), market="eu", valid_until="2026-12-31"),
            price("CRM", "26.00", market="eu", valid_from="2027-01-01"),
            price("CRM", "20.00", market="uk", currency="gbp"),
            price("Box", "1.234", currency="KWD"),
        )

    def test_a_price_that_ends_before_it_begins_is_refused_at_its_end(self):
        errors = errors_of(price("CRM", "24.00", valid_from="2026-06-01", valid_until="2026-05-31"))
        assert "ends on 31 May 2026, before it begins on 1 June 2026" in str(errors[0]["valid_until"])

    @pytest.mark.parametrize("currency", ["EUX", "eu", "€"])
    def test_a_currency_that_does_not_exist_is_named(self, currency):
        errors = errors_of(price("CRM", "24.00", currency=currency))
        assert f"“{currency.upper()}” is not a currency" in str(errors[0]["currency"])

    @pytest.mark.parametrize(
        ("currency", "amount", "words"), [("JPY", "0.5", "JPY has 0 decimals"), ("EUR", "1.005", "EUR has 2 decimals")]
    )
    def test_more_decimals_than_the_currency_has_are_refused_at_the_price(self, currency, amount, words):
        assert words in str(errors_of(price("CRM", amount, currency=currency))[0]["price"])

    def test_also_at_a_break(self):
        errors = errors_of(price("CRM", "24.00", breaks=((10, "22.00"), (20, "19.999"))))
        assert "EUR has 2 decimals" in str(errors[0]["breaks"].block_errors[1].block_errors["price"])

    @pytest.mark.parametrize(
        ("breaks", "index", "field", "words"),
        [
            (((10, "22.00"), (10, "21.00")), 1, "from_quantity", "Breaks ascend"),
            (((10, "22.00"), (5, "21.00")), 1, "from_quantity", "Breaks ascend"),
            (((10, "22.00"), (50, "23.00")), 1, "price", "never costs more"),
            (((10, "25.00"),), 0, "price", "never costs more"),
        ],
    )
    def test_breaks_that_do_not_ascend_or_grow_dearer_are_refused_at_their_field(self, breaks, index, field, words):
        errors = errors_of(price("CRM", "24.00", breaks=breaks))
        assert words in str(errors[0]["breaks"].block_errors[index].block_errors[field])

    def test_two_prices_of_one_thing_on_one_day_are_refused_and_both_are_named(self, markets):
        errors = errors_of(
            price("Voice", "9.00"),
            price("CRM", "24.00", market="eu", valid_until="2026-06-30"),
            price("crm ", "25.00", key="other", market="eu", valid_from="2026-06-30"),
        )
        message = str(errors[2]["valid_from"])
        assert "in rows 2 and 3" in message
        assert "row 2 holds from 1 January 2026 to 30 June 2026, row 3 holds from 30 June 2026 on" in message

    def test_a_draft_may_lack_what_is_not_known_yet(self):
        block = PriceBlock()
        unfinished = price("CRM", "24.00")["value"] | {"price": None, "currency": "", "valid_from": None}
        block.clean_deferred(block.to_python(unfinished))
        with pytest.raises(StructBlockValidationError):
            block.clean(block.to_python(unfinished))

    def test_a_price_that_came_past_the_form_is_refused_with_its_row(self, tree):
        with pytest.raises(ValidationError, match="Row 2, “Box”"):
            tree.add_prices(rows=[price("CRM", "24.00"), price("Box", "1.005")])

    def test_markets_are_chosen_by_slug_and_one_no_longer_in_use_is_still_shown(self, markets):
        Market.objects.filter(slug="eu").update(is_retired=True)
        choices = list(PriceBlock().child_blocks["market"].field.choices)
        assert [slug for slug, _label in choices] == ["", "uk", "kz", "eu"]
        assert choices[-1][1] == "Europe (no longer in use)"
        clean(price("CRM", "24.00", market="eu"))

    def test_translators_are_handed_words_and_no_currency(self, tree):
        page = tree.add_prices(rows=[price("CRM", "24.00", market="eu", note="3 to 50 users")])
        handed = {segment.string for segment in extract_segments(page) if segment.path.startswith("rows.")}
        assert {str(string.data if hasattr(string, "data") else string) for string in handed} == {
            "CRM", "user a month", "3 to 50 users",
        }  # fmt: skip


@pytest.mark.django_db
class TestMarkets:
    def test_a_country_belongs_to_one_market(self, markets):
        with pytest.raises(ValidationError, match="GB belongs to the market “United Kingdom” already"):
            Market(slug="isles", countries="FR GB", name={"en": "Isles"}).clean()
        Market(slug="isles", countries="FR GB", name={"en": "Isles"}, is_retired=True).clean()

    @pytest.mark.parametrize("countries", ["de", "DE,AT", "DEU", "DE  AT", "DE\nAT "])
    def test_countries_are_two_capital_letters_each(self, countries):
        with pytest.raises(ValidationError, match="Two capital letters"):
            Market(slug="x", countries=countries, name={"en": "X"}).full_clean()

    def test_are_kept_by_editors_and_never_deleted(self, markets, staff, client):
        for codename in ("add_market", "change_market", "view_market", "delete_market"):
            staff.groups.get().permissions.add(Permission.objects.get(codename=codename))
        client.force_login(staff)
        assert "Kazakhstan" in client.get(reverse("markets:index")).content.decode()
        address = reverse("markets:edit", args=[markets["kz"].pk])
        form = {
            "name_en": "Kazakhstan", "name_ru": "Казахстан", "slug": "kz", "order": "2", "countries": "KZ",
            "is_retired": "on",
        }  # fmt: skip
        assert client.post(address, form).status_code == 302
        assert Market.objects.get(slug="kz").is_retired
        assert client.post(reverse("markets:delete", args=[markets["kz"].pk])).status_code == 302
        assert Market.objects.filter(slug="kz").exists()


@pytest.fixture
def prices(tree, rows, markets) -> PriceListPage:
    page = tree.add_prices(
        "Prices",
        slug="prices",
        rows=[
            price("Everywhere", "5.00", key="all"),
            price("Team", "24.00", key="team-eu", market="eu", breaks=((10, "22.00"),), valid_until="2026-12-31"),
            price("Team", "26.00", key="team-next", market="eu", valid_from="2027-01-01"),
            price("Team", "21.00", key="team-past", market="eu", valid_from="2025-01-01", valid_until="2025-12-31"),
            price("Team", "20.00", key="team-uk", market="uk", currency="GBP"),
        ],
    )
    for tier, share in ((rows.silver, "15.00"), (rows.gold, "33.33")):
        page.discounts.add(PriceListDiscount(tier=tier, percent=Decimal(share)))
    return publish(page)


@pytest.fixture
def read(prices, signed_in):
    """``read(person, market="uk")``: the page's text with single spaces."""

    def do(person, **asked: str) -> str:
        with time_machine.travel(DAY, tick=False):
            response = signed_in(person).get("/en/library/prices/", asked)
        assert response.status_code == 200
        return " ".join(response.content.decode().replace("\xa0", " ").split())

    return do


@pytest.fixture(autouse=True)
def long_since_a_member(add_member, monkeypatch):
    """Members of these tests joined before the day at which the page is read."""
    moment = "training.access.in_force_now"
    monkeypatch.setattr(moment, lambda membership, now: True)


@pytest.mark.django_db
class TestThePage:
    def test_shows_the_prices_of_the_partners_market_with_those_that_hold_everywhere_after_them(self, read, member):
        page = read(member)
        today = page[page.index("Prices today") : page.index("From 1 January 2027")]
        assert today.index("24.00 EUR") < today.index("5.00 EUR")
        assert "20.00 GBP" not in page
        assert '<a href="?market=eu" aria-current="page">Europe</a>' in page

    def test_opens_at_the_market_of_another_country_for_its_partner(self, read, add_member):
        british = add_member()
        british.partner.country = "GB"
        british.partner.save()
        assert "20.00 GBP" in read(british)
        assert "24.00 EUR" in read(british, market="eu")

    def test_says_when_the_list_has_nothing_for_the_partners_market(self, read, add_member):
        distant = add_member()
        distant.partner.country = "KZ"
        distant.partner.save()
        page = read(distant)
        assert "no prices for your market, Kazakhstan" in page
        assert "24.00 EUR" in page

    @pytest.mark.parametrize("market", ["mars", "", "x" * 500])
    def test_a_market_that_the_list_does_not_know_is_passed_over(self, read, member, market):
        assert "24.00 EUR" in read(member, market=market)

    def test_a_market_that_is_gone_is_still_shown_by_its_slug(self, read, member, markets):
        markets["uk"].delete()
        assert '<a href="?market=uk">uk</a>' in read(member)

    def test_what_is_to_come_and_what_is_over_stand_apart(self, read, member):
        page = read(member)
        now, ahead = page.index("Prices today"), page.index("From 1 January 2027")
        past = page.index("Earlier prices")
        assert (
            now
            < page.index('id="team-eu"')
            < ahead
            < page.index('id="team-next"')
            < past
            < page.index('id="team-past"')
        )
        assert page.index("not yet in force") < past

    def test_a_list_without_a_price_of_today_says_so(self, tree, member, signed_in):
        tree.add_prices(
            "Old", slug="old", rows=[price("Team", "1.00", valid_from="2020-01-01", valid_until="2020-02-01")]
        )
        page = signed_in(member).get("/en/library/old/").content.decode()
        assert "No price holds today" in page
        assert "<price-line" not in page

    def test_costs_the_same_for_few_rows_and_for_many(self, tree, member, signed_in, markets):
        few = tree.add_prices("Few", slug="few", rows=[price("A", "1.00", market="eu")])
        rows = [price(f"Item {number}", "1.00", market="eu", breaks=((5, "0.90"),)) for number in range(60)]
        many = tree.add_prices("Many", slug="many", rows=rows)
        counts = []
        for page in (few, many):
            client = signed_in(member)
            client.get(f"/en/library/{page.slug}/")
            with CaptureQueriesContext(connection) as queries:
                client.get(f"/en/library/{page.slug}/", {"quantity": "5", "item": page.rows[0].id})
            counts.append(len(queries))
        assert counts[0] == counts[1]


@pytest.mark.django_db
@pytest.mark.embedded
class TestTheLine:
    ASKED = {"market": "eu", "item": "team-eu", "quantity": "12 seats"}

    def test_gives_a_line_to_copy_by_the_list_and_the_partners_own_sum_below_it(self, read, member):
        page = read(member, **self.ASKED)
        customer = page[page.index('id="price-line"') : page.index("For you alone")]
        assert "Team: 12 × 22.00 EUR (user a month) = 264.00 EUR. The price holds until 31 December 2026." in customer
        assert 'data-target="price-line"' in customer
        own = page[page.index("For you alone") : page.index("Prices today")]
        assert "List price from 10 on (user a month)" in own
        assert "Less 15%, the discount of your tier, Silver" in own
        assert "−39.60 EUR" in own
        assert "<dt>You pay</dt> <dd>224.40 EUR</dd>" in own

    def test_the_customers_line_holds_nothing_of_the_partners(self, read, member):
        page = read(member, **self.ASKED)
        customer = page[page.index('id="price-line"') : page.index("</section>", page.index('id="price-line"'))]
        for secret in ("15", "Silver", "39.60", "224.40", "discount"):
            assert secret not in customer

    def test_never_shows_another_tiers_discount(self, read, add_member, rows, staff, prices):
        silver, gold = read(add_member(), **self.ASKED), read(add_member(tier=rows.gold), **self.ASKED)
        assert "33.33" not in silver
        assert "176.01 EUR" not in silver
        assert "Less 33.33%" in gold
        assert "You pay</dt> <dd>176.01 EUR" in gold
        assert "15%" not in gold
        for secret in ("33.33", "15%", "Silver", "Gold"):
            assert secret not in read(staff, **self.ASKED)

    def test_tells_a_tier_without_a_discount_that_it_has_none(self, read, member, prices):
        prices.discounts.clear()
        publish(prices)
        page = read(member, **self.ASKED)
        assert "Your tier, Silver, has no discount in this list." in page
        assert "You pay" not in page

    def test_names_the_next_break(self, read, member):
        assert "From 10 on it is 22.00 EUR each." in read(member, **self.ASKED | {"quantity": "9"})

    def test_of_a_price_to_come_says_from_when_it_holds(self, read, member):
        page = read(member, item="team-next", quantity="1")
        assert "= 26.00 EUR. The price holds from 1 January 2027." in page

    @pytest.mark.parametrize(
        ("asked", "words"),
        [
            ({"quantity": "0"}, "Write a whole number from 1 to 1,000,000"),
            ({"quantity": "many"}, "Write a whole number"),
            ({"quantity": "<script>"}, "Write a whole number"),
            ({"item": "nothing"}, "Choose what is sold."),
            ({"item": "team-past"}, "This price no longer holds."),
        ],
    )
    def test_what_cannot_be_answered_is_said_at_its_field_and_kept(self, read, member, asked, words):
        page = read(member, **self.ASKED | asked)
        assert words in page
        assert 'id="price-line"' not in page
        assert "<script>many" not in page
        if asked.get("quantity") == "many":
            assert 'value="many"' in page

    def test_is_not_asked_for_by_merely_opening_the_page(self, read, member):
        page = read(member, item="team-eu")
        assert 'id="price-line"' not in page
        assert "field-error" not in page
        assert '<option value="team-eu" selected>' in page


class TestWriting:
    @pytest.mark.parametrize(
        ("minor", "currency", "text"),
        [(126_400, "EUR", "1,264.00\xa0EUR"), (1_234, "KWD", "1.234\xa0KWD"), (1_264, "JPY", "1,264\xa0JPY")],
    )
    def test_prices_have_all_decimals_of_their_currency(self, minor, currency, text):
        assert write_price(minor, currency) == text

    def test_prices_are_written_as_the_readers_language_does(self):
        with translation.override("ru"):
            assert write_price(126_400, "EUR") == "1\xa0264,00\xa0EUR"

    @pytest.mark.parametrize(
        ("points", "text"), [(1500, "15%"), (1250, "12.5%"), (3333, "33.33%"), (0, "0%"), (10_000, "100%")]
    )
    def test_shares_have_only_the_decimals_that_they_need(self, points, text):
        assert percent(points) == text


@pytest.mark.django_db
def test_a_price_is_corrected_in_the_form_and_a_mistake_keeps_what_was_typed(
    tree, rows, markets, django_user_model, client
):
    page = tree.add_prices("Prices", slug="prices", rows=[price("Team", "24.00", key="team-eu", market="eu")])
    client.force_login(django_user_model.objects.create_superuser("root@example.com", "a long password"))

    def form(amount: str, until: str = "") -> dict:
        value = {
            "item": "Team", "unit": "user a month", "price": amount, "currency": "EUR", "market": "eu",
            "valid_from": "2026-01-01", "valid_until": until, "note": "", "breaks-count": "0",
        }  # fmt: skip
        stream = streamfield([("price", value)])
        stream["0"]["id"] = "team-eu"
        return nested_form_data(
            {
                "title": "Prices", "slug": "prices", "rows": stream, "terms": streamfield([]),
                "discounts": inline_formset([{"tier": str(rows.silver.pk), "percent": "15"}]), "audience": "",
                "review_interval_days": "90", "tags": "", "seo_title": "", "search_description": "", "intro": "",
                "change_line": "", "may_be_saved": "on", "owner": "", "action-publish": "1", "comments": inline_formset([]),
            }
        )  # fmt: skip

    address = reverse("wagtailadmin_pages:edit", args=[page.pk])
    refused = client.post(address, form("26.00", until="2025-12-31"))
    assert refused.status_code == 200
    assert "before it begins" in refused.content.decode()
    assert "26.00" in refused.content.decode()
    page.refresh_from_db()
    assert page.rows[0].value["price"] == Decimal("24.00")
    accepted = client.post(address, form("26.00", until=str(date(2026, 1, 1) + timedelta(days=400))))
    assert accepted.status_code == 302, accepted.context["form"].errors
    page = PriceListPage.objects.get(pk=page.pk)
    assert page.rows[0].value["price"] == Decimal("26.00")
    assert page.rows[0].id == "team-eu"
    assert page.discounts.get().percent == 15
