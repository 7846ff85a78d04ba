"""Importing files: the dry run says everything and writes nothing; the import stores every row, once."""

import csv
import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from portal.core.errors import Refusal
from portal.core.models import Fact
from portal.leads.models import HeldReason, ImportFile, Lead, LeadStatus
from portal.leads.rows import Field
from portal.leads.services.imports import KEEP, import_leads, import_upload, keep_upload
from tests.factories.accounts import UserFactory
from tests.factories.content import ProductFactory
from tests.factories.leads import RouteFactory, SourceFactory
from tests.factories.partners import RegionFactory

pytestmark = pytest.mark.django_db

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.fixture
def now():
    """The commands take the clock's own time, and a partner must be qualified by then."""
    return timezone.now()


@pytest.fixture
def source(market):
    return SourceFactory(
        slug="shop",
        columns={
            "Number": Field.EXTERNAL_ID, "Date": Field.RECEIVED_ON, "Company": Field.COMPANY, "Product": Field.PRODUCT,
            "Region": Field.REGION, "Name": Field.CONTACT_NAME, "Email": Field.CONTACT_EMAIL,
            "Phone": Field.CONTACT_PHONE, "Stage": Field.EVIDENCE,
        },
        products={"GTX": market.product},
        regions={"West": market.region},
    )  # fmt: skip


MIXED = b"""Number,Date,Company,Product,Region,Name,Email,Phone,Stage
A1,2026-11-01,Firm,GTX,West,Ann,ann@firm.example,+4721550102,Won
A2,not a day,Firm,GTX,West,,,,
A3,2026-11-01,,GTX,West,,,,Lost
A4,2026-11-01,Other,GTK 500,West,,,,
A5,2026-11-01,Third,GTX,West,Bo,bo(at)third,12,
A1,2026-11-01,Firm,GTX,West,,,,
"""


def read(source, now, data=MIXED, *, dry_run=False):
    return import_leads(data, source=source, dry_run=dry_run, by=None, now=now)


def test_a_dry_run_names_every_problem_by_row_field_and_reason_and_writes_nothing(source, now):
    report = read(source, now, dry_run=True)
    assert (report.rows, len(report.new), report.known, report.repeated) == (6, 5, 0, 1)
    assert [(one.row, one.field, str(one.reason), one.value) for one in report.problems] == [
        (3, "received_on", "bad_date", "not a day"),
        (4, "company", "missing", ""),
        (5, "product", "unknown", "GTK 500"),
        (6, "contact_email", "bad_email", ""),
        (6, "contact_phone", "bad_phone", ""),
        (7, "external_id", "repeated", "A1 (2)"),
    ]
    assert report.held == {HeldReason.NO_CONTACT: 1, HeldReason.UNKNOWN_PRODUCT: 1}
    assert sum(report.routed.values()) == 3
    assert not Lead.objects.exists()
    assert not Fact.objects.filter(name="leads_received").exists()


@pytest.mark.embedded
def test_the_import_does_what_its_dry_run_said(source, now):
    foretold = read(source, now, dry_run=True)
    report = read(source, now)
    assert (report.new, report.problems) == (foretold.new, foretold.problems)
    leads = {lead.external_id: lead for lead in Lead.objects.all()}
    assert set(leads) == {"A1", "A2", "A3", "A4", "A5"}
    assert leads["A2"].status == LeadStatus.NEW
    assert leads["A2"].received_at == now
    assert leads["A1"].evidence["Stage"] == "Won"
    assert leads["A5"].contact.email == "bo(at)third"
    assert leads["A5"].problems == [
        {"field": "contact_email", "reason": "bad_email", "value": ""},
        {"field": "contact_phone", "reason": "bad_phone", "value": ""},
    ]


@pytest.mark.embedded
def test_a_second_import_creates_nothing(source, now):
    read(source, now)
    again = read(source, now)
    assert (len(again.new), again.known) == (0, 5)
    assert Lead.objects.count() == 5
    assert Fact.objects.filter(name="leads_received").count() == 1


def test_a_file_without_the_identity_column_is_refused_whole(source, now):
    with pytest.raises(Refusal, match="Company, Stage") as refused:
        read(source, now, b"Company,Stage\nFirm,Won\n")
    assert "number" in str(refused.value.remedy)
    assert not Lead.objects.exists()


def test_formulas_and_markup_are_stored_as_text(source, now):
    read(
        source,
        now,
        b'Number,Company,Product,Region\n1,"=HYPERLINK(""http://x"")",GTX,West\n2,<script>1</script>,GTX,West\n',
    )
    assert set(Lead.objects.values_list("company", flat=True)) == {'=HYPERLINK("http://x")', "<script>1</script>"}


def test_a_kept_file_goes_with_its_import_and_is_not_kept_for_ever(source, now):
    by = UserFactory(staff=True)
    old = keep_upload(MIXED, name="a.csv", source=source, by=by, now=now - 2 * KEEP)
    kept = keep_upload(MIXED, name="b.csv", source=source, by=by, now=now)
    assert not ImportFile.objects.filter(pk=old.pk).exists()
    assert not Lead.objects.exists()
    assert len(import_upload(kept, by=by, now=now).new) == 5
    assert not ImportFile.objects.exists()


# --- The commands -----------------------------------------------------------------------------------------------------


def test_the_commands_import_and_distribute_until_no_lead_is_new(market, source, tmp_path, capsys):
    path = tmp_path / "leads.csv"
    path.write_bytes(MIXED)
    call_command("import_leads", str(path), "--source", "shop", "--dry-run")
    said = capsys.readouterr().out
    assert "row 5: product (Product) is not known to the portal: GTK 500" in said
    assert "5 leads would be created" in said
    assert "bo(at)third" not in said
    assert not Lead.objects.exists()
    call_command("import_leads", str(path), "--source", "shop", verbosity=2)
    assert "5 leads created" in capsys.readouterr().out
    call_command("distribute_leads")
    assert not Lead.objects.new().exists()
    assert not Lead.objects.held().filter(held_reason="").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["import_leads", "nowhere.csv", "--source", "shop"], "cannot be read"),
        (["import_leads", "nowhere.csv", "--source", "none"], "There is no source “none”"),
        (["distribute_leads", "--route", "none"], "There is no route “none”"),
    ],
)
def test_a_mistake_on_the_command_line_gets_a_clear_answer(source, arguments, message):
    with pytest.raises(CommandError, match=message):
        call_command(*arguments)


# --- Input that nobody here wrote -------------------------------------------------------------------------------------


@pytest.mark.skipif(not SHARED.exists(), reason="the shared data is not here")
def test_the_8800_real_opportunities_are_stored_once_and_each_is_offered_or_held_with_its_reason(market, now):
    regions = {name: RegionFactory() for name in ("Central", "East", "West")}
    products = {
        name: ProductFactory()
        for name in ("GTX Basic", "GTX Plus Basic", "GTX Pro", "GTX Plus Pro", "MG Special", "MG Advanced")
    }
    RouteFactory(programme=market.programme, products=list(products.values()))
    for partner in market.partners:
        partner.regions.set(regions.values())
        partner.products.set(products.values())
    columns = {
        "external_id": Field.EXTERNAL_ID, "received_on": Field.RECEIVED_ON, "company": Field.COMPANY,
        "sector": Field.SECTOR, "country": Field.COUNTRY, "employees": Field.EMPLOYEES, "product": Field.PRODUCT,
        "region": Field.REGION, "stage": Field.EVIDENCE, "agent": Field.EVIDENCE,
    }  # fmt: skip
    source = SourceFactory(slug="crm", columns=columns, products=products, regions=regions)
    data = (SHARED / "leads" / "crm_opportunities.csv").read_bytes()
    report = read(source, now, data, dry_run=True)
    assert (report.rows, len(report.new)) == (8800, 8800)
    assert report.held == {HeldReason.UNKNOWN_PRODUCT: 40, HeldReason.NO_CONTACT: 1417}
    assert sum(one.field == "received_on" for one in report.problems) == 500
    read(source, now, data)
    assert len(read(source, now, data).new) == 0
    assert Lead.objects.count() == 8800
    call_command("distribute_leads")
    assert not Lead.objects.new().exists()
    assert Lead.objects.filter(status=LeadStatus.OFFERED).count() == 45
    assert not Lead.objects.held().filter(held_reason="").exists()


@pytest.mark.skipif(not SHARED.exists(), reason="the shared data is not here")
def test_strings_that_break_software_break_nothing(source, now):
    naughty = json.loads((SHARED / "text" / "naughty_strings.json").read_text())
    formulas = (SHARED / "text" / "csv_formulas.txt").read_text().splitlines()
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(["Number", "Date", "Company", "Product", "Region", "Name", "Email", "Phone"])
    for number, text in enumerate([*naughty, *formulas]):
        writer.writerow([f"N{number}", text, text, "GTX", "West", text, text, text])
    report = read(source, now, buffer.getvalue().encode("utf-8", errors="replace"))
    assert len(report.new) == len(naughty) + len(formulas)
    assert Lead.objects.count() == len(report.new)
    assert len(read(source, now, buffer.getvalue().encode("utf-8", errors="replace")).new) == 0
