import pytest

from portal.leads.discretion import MASK, mask_contacts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Write to anna@firm.example today.", f"Write to {MASK} today."),
        ("petra(at)larkspur", MASK),
        ("Call +49 30 5550-0115, or (030) 555 01 15!", f"Call {MASK}, or {MASK}!"),
        ("see https://firm.example/x?y=1 or firm.example/shop", f"see {MASK} or {MASK}"),
        ("telegram @annafirm", f"telegram {MASK}"),
        ("a 9,000 euro roof, 18 000 contacts, 12 sellers, from 8 to 9", None),
        ("24/7 line. Please call after 14:00.", None),
        ("Нужна воронка. Звоните: 8 (495) 555-01-04", f"Нужна воронка. Звоните: {MASK}"),
    ],
)
def test_ways_round_the_portal_are_masked_and_the_need_stays_readable(text, expected):
    assert mask_contacts(text) == (text if expected is None else expected)


def test_the_company_and_the_person_are_masked_by_name():
    masked = mask_contacts("Tulip & Tar needs a CRM; ask for hendrik voss.", names=["Tulip & Tar", "Hendrik Voss", ""])
    assert masked == f"{MASK} needs a CRM; ask for {MASK}."
