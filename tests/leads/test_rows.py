"""Files as they come: encodings, delimiters, bad cells; nothing is lost and everything wrong is named."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.leads.rows import (
    Columns,
    Field,
    Problem,
    Reason,
    UnreadableFile,
    decode,
    read_date,
    read_submissions,
    read_table,
    short,
    write_phone,
)

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
COLUMNS = Columns.of(
    {
        "Number": Field.EXTERNAL_ID,
        "Date": Field.RECEIVED_ON,
        "Company": Field.COMPANY,
        "Staff": Field.EMPLOYEES,
        "Product": Field.PRODUCT,
        "Name": Field.CONTACT_NAME,
        "Email": Field.CONTACT_EMAIL,
        "Phone": Field.CONTACT_PHONE,
        "Country": Field.COUNTRY,
        "Message": Field.MESSAGE,
        "Stage": Field.EVIDENCE,
    }
)


def read(text: str | bytes):
    data = text.encode() if isinstance(text, str) else text
    return read_submissions(read_table(data, COLUMNS), COLUMNS, now=NOW)


def problems(text: str) -> list[tuple[str, str]]:
    (submission,) = read(text)
    return [(problem.field, problem.reason) for problem in submission.problems]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_usual_encodings_and_delimiters_are_recognised(encoding, delimiter):
    text = delimiter.join(["Number", "Company"]) + "\r\n" + delimiter.join(["A1", "ТеплоДвор"]) + "\r\n"
    (submission,) = read(text.encode(encoding))
    assert (submission.external_id, submission.company) == ("A1", "ТеплоДвор")


def test_a_delimiter_inside_the_header_does_not_win_over_one_that_makes_known_columns():
    (submission,) = read("Number;Company;a,b,c,d,e,f\n1;Firm, and Sons;x")
    assert submission.company == "Firm, and Sons"


def test_column_names_are_compared_without_case_and_outer_space():
    assert read(" NUMBER ,company\n1,Firm")[0].company == "Firm"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        (" \n\n", "empty"),
        ("Company,Stage\nFirm,Won", "no_identity"),
        ("Number,number,Company\n1,2,Firm", "column_twice"),
        ('Number,Company\n1,"Firm\n2,Other', "open_quote"),
    ],
)
def test_a_file_in_which_rows_could_not_be_told_apart_is_refused_whole(text, code):
    with pytest.raises(UnreadableFile) as refused:
        read(text)
    assert refused.value.code == code


def test_the_refusal_names_the_column_that_is_wanted_and_those_that_were_found():
    with pytest.raises(UnreadableFile) as refused:
        read("Company,Stage\nFirm,Won")
    assert refused.value.details == {"wanted": "number", "found": "Company, Stage"}


def test_rows_are_numbered_as_a_spreadsheet_shows_them():
    submissions = read('Number,Message\n1,"two\nlines"\n\n2,x')
    assert [one.number for one in submissions] == [2, 4]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("1,2026-11-01,Firm,10,CRM,,,,", []),
        ("1,,Firm,10,CRM,,,,", [("received_on", "missing")]),
        ("1,31.02.2026,Firm,10,CRM,,,,", [("received_on", "bad_date")]),
        ("1,03/04/2026,Firm,10,CRM,,,,", [("received_on", "bad_date")]),
        ("1,0001-01-01,Firm,10,CRM,,,,", [("received_on", "bad_date")]),
        ("1,2030-01-01,Firm,10,CRM,,,,", [("received_on", "future_date")]),
        ("1,2026-11-01,,10,CRM,,,,", [("company", "missing")]),
        ("1,2026-11-01,Firm,ten,CRM,,,,", [("employees", "bad_number")]),
        ("1,2026-11-01,Firm,-3,CRM,,,,", [("employees", "bad_number")]),
        ("1,2026-11-01,Firm,10,CRM,Ann,ann(at)firm,,", [("contact_email", "bad_email")]),
        ("1,2026-11-01,Firm,10,CRM,Ann,,call me,", [("contact_phone", "bad_phone")]),
        ("1,2026-11-01,Firm,10,CRM,Ann,,5550101,", [("contact_phone", "bad_phone")]),
        (",2026-11-01,Firm,10,CRM,,,,", [("external_id", "missing")]),
        ("1,2026-11-01,Firm", [("row", "fewer_cells")]),
        ("1,2026-11-01,Firm,10,CRM,,,,,,x", [("row", "extra_cells")]),
        (f"{'9' * 300},2026-11-01,Firm,10,CRM,,,,", [("external_id", "too_long")]),
    ],
)
def test_each_problem_is_named_by_field_and_reason(row, expected):
    assert problems("Number,Date,Company,Staff,Product,Name,Email,Phone,Country\n" + row) == expected


def test_what_cannot_be_read_is_kept_as_it_came():
    (submission,) = read("Number,Date,Email,Phone,Staff\n1,soon,petra(at)larkspur,after two,many")
    assert (submission.contact_email, submission.contact_phone) == ("petra(at)larkspur", "after two")
    assert submission.evidence == {"Number": "1", "Date": "soon", "Staff": "many"}
    assert submission.contact_evidence == {"Email": "petra(at)larkspur", "Phone": "after two"}


def test_personal_cells_are_in_no_problem_and_in_no_evidence_but_the_contact_s():
    (submission,) = read("Number,Company,Name,Email,Message,Secret\n1,Firm,Ann,ann(at)firm,call Ann,Ann's diary")
    shown = f"{submission.problems} {submission.evidence}"
    assert "ann" not in shown.lower()
    assert submission.contact_evidence["Secret"] == "Ann's diary"


def test_a_number_is_kept_in_its_international_form_and_an_address_in_its_normal_one():
    (submission,) = read("Number,Country,Phone,Email\n1,DE,030 5550 0115,Ann@FIRM.example")
    assert (submission.contact_phone, submission.contact_email) == ("+493055500115", "Ann@firm.example")


@pytest.mark.parametrize(
    ("text", "count"),
    [("1,500", 1500), ("16 499", 16499), ("1\u00a0200", 1200), ("12.0", 12), ("0", 0), ("1,5", None), ("1e3", None)],
)
def test_numbers_of_employees_are_read_as_people_write_them(text, count):
    assert read(f'Number,Staff\n1,"{text}"')[0].employees == count


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2016-10-20", datetime(2016, 10, 20, tzinfo=UTC)),
        ("20.10.2016", datetime(2016, 10, 20, tzinfo=UTC)),
        ("20.10.2016 14:05", datetime(2016, 10, 20, 14, 5, tzinfo=UTC)),
        ("2016-10-20T10:00:00+03:00", datetime(2016, 10, 20, 7, tzinfo=UTC)),
        ("2016-10-20T10:00:00Z", datetime(2016, 10, 20, 10, tzinfo=UTC)),
        ("10/20/2016", None),
        ("2016-13-01", None),
        ("9999-12-31T23:59:59-23:00", None),
        ("٢٠١٦-١٠-٢٠", None),
    ],
)
def test_dates_are_read_where_they_have_one_meaning(text, expected):
    assert read_date(text) == expected


def test_an_age_in_days_counts_back_from_now():
    columns = Columns.of({"id": Field.EXTERNAL_ID, "Days ago": Field.RECEIVED_DAYS_AGO})
    table = read_table(b"id,Days ago\n1,9\n2,soon", columns)
    first, second = read_submissions(table, columns, now=NOW)
    assert first.received_at == NOW - timedelta(days=9)
    assert second.problems == (Problem(Field.RECEIVED_DAYS_AGO, Reason.BAD_NUMBER, "soon"),)


def test_rows_without_an_identity_get_one_that_the_same_file_yields_again():
    text = "Number,Company\n,Firm\n,Firm\n,Other"
    first = [one.external_id for one in read(text)]
    assert len(set(first)) == 3
    assert first == [one.external_id for one in read(text)]


def test_an_identity_repeated_in_a_file_is_reported_with_the_row_that_had_it_first():
    _first, second = read("Number,Company\nA,Firm\nA,Other")
    assert second.problems == (Problem("external_id", Reason.REPEATED, "A (2)"),)


def test_a_formula_is_text():
    formula = "=cmd|' /C calc'!A0"
    assert read(f'Number,Company\n1,"{formula}"')[0].company == formula


def test_null_characters_never_reach_the_database():
    (submission,) = read(b"Number,Company\n1,Fi\x00rm")
    assert "\x00" not in submission.company + str(dict(submission.evidence))


def test_a_report_shows_nothing_that_a_terminal_would_obey():
    assert short("a\x1b[31mb\nc") == "a\ufffd[31mb\ufffdc"
    assert len(short("x" * 500)) == 60


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data):
    decode(data)
    try:
        submissions = read_submissions(
            read_table(b"Number,Company,Email,Phone,Staff,Date\n" + data, COLUMNS), COLUMNS, now=NOW
        )
    except UnreadableFile:
        return
    identities = [one.external_id for one in submissions if not any(p.reason == Reason.REPEATED for p in one.problems)]
    assert len(identities) == len(set(identities))


@given(st.lists(st.text(max_size=30), min_size=6, max_size=6))
def test_any_cells_become_a_submission(cells):
    text = "Number\tCompany\tEmail\tPhone\tStaff\tDate\n" + "\t".join(
        '"' + cell.replace('"', '""') + '"' for cell in cells
    )
    data = text.encode("utf-8", errors="replace")
    assert len(read_submissions(read_table(data, COLUMNS), COLUMNS, now=NOW)) <= 1


@pytest.mark.parametrize(
    ("number", "written"), [("+442055500106", "+44 20 5550 0106"), ("call me", "call me"), ("", "")]
)
def test_a_number_is_shown_as_people_write_it(number, written):
    assert write_phone(number) == written
