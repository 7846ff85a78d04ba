"""Countries and scores as sources write them, and rules that ask for them."""

import pytest
from django.urls import reverse

from portal.core.countries import name_countries, read_country
from portal.leads.models import Lead
from portal.leads.rows import Columns, Field, read_submissions, read_table
from portal.leads.services.intake import receive_leads
from portal.leads.staff_forms import CountriesField
from tests.factories.accounts import UserFactory
from tests.factories.leads import RouteFactory, SourceFactory, put_in_force


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Germany", "DE"), ("germany ", "DE"), ("DE", "DE"), ("deu", "DE"), ("Германия", "DE"), ("U.K.", "GB"),
        ("usa", "US"), ("Holland", "NL"), ("Нидерланды", "NL"), ("Kazakhstan", "KZ"), ("Atlantis", ""), ("", ""),
    ],
)  # fmt: skip
def test_a_country_is_read_by_code_and_by_name_in_each_language(text, code):
    assert read_country(text) == code


def test_a_route_s_countries_are_written_one_a_line():
    field = CountriesField(required=False)
    assert field.clean("Germany\n\n no \nGermany") == ["DE", "NO"]
    assert field.clean("") == []
    assert field.prepare_value(["NO", "DE"]) == "Germany\nNorway"
    with pytest.raises(Exception, match="No country is known by this name: Atlantis"):
        field.clean("Germany\nAtlantis")
    assert name_countries(["NO"]) == ["Norway"]


@pytest.mark.parametrize(
    ("text", "score"),
    [("", None), ("0", 0), ("87", 87), ("87%", 87), ("87.4", 87), ("87,5 %", 88), ("100", 100)],
)
def test_a_score_is_a_whole_number_from_0_to_100(text, score, now):
    [found] = _read(text, now)
    assert (found.score, found.problems) == (score, ())


@pytest.mark.parametrize("text", ["101", "-1", "high", "99.9999e3", "1000", "٣"])
def test_what_is_no_score_is_said_and_the_lead_is_kept(text, now):
    [found] = _read(text, now)
    assert found.score is None
    assert [(problem.field, problem.reason) for problem in found.problems] == [("score", "bad_number")]


def _read(score, now):
    columns = Columns.of({"Id": Field.EXTERNAL_ID, "Firm": Field.COMPANY, "Score": Field.SCORE})
    return read_submissions(read_table(f'Id,Firm,Score\n1,Firm,"{score}"'.encode(), columns), columns, now=now)


@pytest.mark.django_db
@pytest.mark.embedded
def test_leads_go_by_country_and_score(market, now):
    north = RouteFactory(programme=market.programme, products=[market.product], countries=["NO", "SE"], order=0)
    good = RouteFactory(programme=market.programme, products=[market.product], least_score=80, order=1)
    market.route.order = 2
    market.route.save()
    put_in_force(market.route)
    source = SourceFactory(
        columns={"Id": Field.EXTERNAL_ID, "Firm": Field.COMPANY, "Land": Field.COUNTRY, "Score": Field.SCORE,
                 "Need": Field.PRODUCT, "Where": Field.REGION},
        products={"CRM": market.product}, regions={"There": market.region},
    )  # fmt: skip
    columns = Columns.of({column.name: Field(column.field) for column in source.columns.all()})
    text = "Id,Firm,Land,Score,Need,Where\n" + "\n".join(
        f"{number},Firm,{land},{score},CRM,There"
        for number, (land, score) in enumerate([("Norge", ""), ("Norway", ""), ("DE", 80), ("DE", 79), ("", "")])
    )
    receive_leads(read_submissions(read_table(text.encode(), columns), columns, now=now), source=source, now=now)
    routes = [lead.route for lead in Lead.objects.order_by("external_id")]
    assert routes == [market.route, north, good, market.route, market.route]  # "Norge" is not among the names


@pytest.mark.django_db
def test_a_lead_is_tried_with_its_country_and_score(client, market):
    client.force_login(UserFactory(staff=True))
    market.route.countries, market.route.least_score = ["NO"], 50
    market.route.save()
    source = SourceFactory(slug="web")
    url = reverse("lead_routes:try", args=[market.route.pk])
    given = {
        "source": source.pk,
        "product": market.product.pk,
        "region": market.region.pk,
        "language": "",
        "employees": "",
    }
    assert "It would be offered to" in client.get(url, {**given, "country": "NO", "score": 50}).content.decode()
    for other in ({"country": "DE", "score": 50}, {"country": "NO", "score": 49}, {"country": "", "score": ""}):
        assert "does not take this lead" in client.get(url, {**given, **other}).content.decode()
