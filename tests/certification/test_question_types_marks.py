"""Responses and what they are worth, type by type, in tables."""

from decimal import Decimal
from fractions import Fraction
from itertools import combinations, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certification.question_types import get_type
from certification.question_types.essay import count_words
from certification.question_types.numbers import read_number
from certification.question_types.numeric import interval
from certification.question_types.ordering import longest_row
from certification.question_types.parts import parse_share, read_share, write_share
from certification.question_types.wildcards import fits
from certification.rubrics import award, differ
from tests.certification.samples import SAMPLES, some_text

F = Fraction


def mark(kind, content, response):
    return get_type(kind).mark(content, response)


def mark_text(kind, content, text, language="en"):
    found = get_type(kind)
    return found.mark(content, found.read((), {"": [text]}, language=language))


# --- Choices ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "chosen", "worth"),
    [
        ("single", "a", 1),
        ("single", "b", F(1, 3)),
        ("single", "c", F(-1, 4)),
        ("single", "", 0),
        ("multiple", "ab", 1),
        ("multiple", "a", 0),
        ("multiple", "abc", 0),
        ("multiple", "abcde", 0),
        ("multiple, in parts", "ab", 1),
        ("multiple, in parts", "a", F(1, 2)),
        ("multiple, in parts", "ac", F(1, 4)),
        ("multiple, in parts", "abc", F(3, 4)),
        ("multiple, in parts", "c", F(-1, 4)),
        # GIFT's colours: %50%yellow, %-100%red, %50%off-beige, %-100%blue; the floor is 0.
        ("multiple, with shares", "ac", 1),
        ("multiple, with shares", "a", F(1, 2)),
        ("multiple, with shares", "ab", 0),
        ("multiple, with shares", "abc", 0),
        ("multiple, with shares", "abcd", 0),
        ("situational", "a", 1),
        ("situational", "b", F(-1, 2)),
        ("situational", "c", F(1, 3)),
        ("areas", "a", 1),
        ("areas", "b", 0),
        ("areas", "ab", 0),
        ("areas, several", "ab", 1),
        ("areas, several", "a", F(1, 2)),
        ("areas, several", "abc", 0),
    ],
)
def test_what_choices_are_worth(name, chosen, worth):
    assert mark(name.partition(",")[0], SAMPLES[name], [f"KEY{key}" for key in chosen]) == worth


@pytest.mark.parametrize(
    ("scoring", "right", "wrong"),
    [
        ({}, 1, 0),
        ({"penalty": "1/3"}, 1, 0),
        ({"penalty": "1/3", "floor": "-1"}, 1, F(-1, 3)),
        ({"penalty": "1/3", "floor": "-1/4"}, 1, F(-1, 4)),
        ({"penalty": "1", "floor": "-1"}, 1, -1),
    ],
)
def test_a_wrong_answer_costs_its_penalty_down_to_the_floor(scoring, right, wrong):
    content = {"stem": {"en": "So."}, "answer": True, "scoring": scoring}
    assert mark("true_false", content, ["true"]) == right
    assert mark("true_false", content, ["false"]) == wrong
    assert mark("true_false", content, []) == 0


@given(right=st.integers(1, 4), wrong=st.integers(1, 4))
def test_in_parts_guessing_all_is_worth_nothing_and_each_right_choice_adds_the_same(right, wrong):
    options = [{"id": f"r{n}", "correct": True} for n in range(right)] + [
        {"id": f"w{n}", "correct": False} for n in range(wrong)
    ]
    content = {"options": options, "scoring": {"partial": True, "floor": "-1"}}
    for chosen in combinations(options, 2):
        good = sum(one["correct"] for one in chosen)
        expected = F(good, right) - F(len(chosen) - good, wrong)
        assert mark("multiple", content, sorted(one["id"] for one in chosen)) == max(min(expected, 1), -1)
    assert mark("multiple", content, sorted(one["id"] for one in options)) == 0


# --- Short text ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "text", "same"),
    [
        ("frog", "Frog", True),
        ("frog", "  frog\u00a0 ", True),
        ("tree frog", "tree \u2003 frog", True),
        ("frog", "frogs", False),
        ("frog*", "frogs", True),
        ("frog*", "frog", True),
        ("*frog", "tree frog", True),
        ("*frog*", "the frogs", True),
        ("f*g", "fg", True),
        ("f*g", "f", False),
        ("ab*ba", "aba", False),
        ("ab*ba", "abba", True),
        ("a*b*c", "a c b c", True),
        ("a*b*c", "acb", False),
        ("*", "anything", True),
        ("**", "x", True),
        ("\\*", "*", True),
        ("\\*", "x", False),
        ("2 \\* 3", "2 * 3", True),
        ("2 \\* 3", "2 x 3", False),
        ("5\\**", "5* hotel", True),
        ("C:\\dir", "c:\\DIR", True),
        ("[a-z]", "b", False),
        ("a.c", "abc", False),
        ("(", "(", True),
        ("caf\u00e9", "cafe\u0301", True),
        ("cafe\u0301", "CAF\u00c9", True),
        ("cafe", "caf\u00e9", False),
        ("stra\u00dfe", "STRASSE", True),
        ("don't", "don\u2019t", True),
        ("re-call", "re\u2011call", True),
        ("call", "ca\u00adll\u200b", True),
        ("перезвон*", "Перезвоню завтра", True),
        ("0", "0", True),
        ("a" * 200 + "*b", "a" * 300, False),
    ],
)
def test_whether_a_text_is_what_a_pattern_says(pattern, text, same):
    assert fits(pattern, text) is same


def test_capitals_matter_where_the_author_says_so():
    assert not fits("Guildhall", "guildhall", case=True)
    assert fits("Guild*", "Guildhall", case=True)


@given(st.text("ab* ", max_size=8), st.text("ab ", max_size=10))
def test_a_pattern_fits_what_an_independent_matcher_says_it_fits(pattern, text):
    """The oracle tries every way to cut the text (exponential, and so only for short ones)."""
    shape, given_text = " ".join(pattern.split()), " ".join(text.split())

    def match(one, other):
        if not one:
            return not other
        if one[0] == "*":
            return any(match(one[1:], other[cut:]) for cut in range(len(other) + 1))
        return bool(other) and one[0] == other[0] and match(one[1:], other[1:])

    assert fits(pattern, text) == match(shape, given_text)


def test_a_cruel_pattern_costs_no_time():
    assert not fits("*a" * 100 + "*b", "a" * 300)


@pytest.mark.parametrize(
    ("text", "worth"),
    [
        ("Call me back", 1),
        ("call back", 1),
        ("перезвоню", 1),
        ("call", F(1, 2)),
        ("wait a little", 0),
        ("write", 0),
        ("  ", 0),
    ],
)
def test_what_a_short_text_is_worth(text, worth):
    assert mark_text("short", SAMPLES["short"], text) == worth


def test_the_first_answer_that_fits_counts():
    answers = [{"id": "a", "text": "not *", "share": "0"}, {"id": "b", "text": "*ring*"}]
    assert mark_text("short", {"answers": answers}, "not ring") == 0
    assert mark_text("short", {"answers": answers}, "ring") == 1


# --- Numbers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "language", "value"),
    [
        ("1 000,5", "en", "1000.5"),
        ("1,000.5", "ru", "1000.5"),
        ("1.000,5", "en", "1000.5"),
        ("1\u00a0000,5", "en", "1000.5"),
        ("1\u202f000.5", "en", "1000.5"),
        ("1'000.5", "en", "1000.5"),
        ("1\u2019000\u2019000", "en", "1000000"),
        ("1 000 000", "en", "1000000"),
        ("1,000,000", "ru", "1000000"),
        ("1.000.000", "en", "1000000"),
        ("1,000,000.25", "en", "1000000.25"),
        ("1.000.000,25", "en", "1000000.25"),
        ("12345,678", "en", "12345.678"),
        ("1,000", "en", "1000"),
        ("1,000", "zh-hans", "1000"),
        ("1,000", "ru", "1"),
        ("1,000", "fr", "1"),
        ("1.000", "en", "1"),
        ("1.000", "ru", "1"),
        ("1.000", "de", "1000"),
        ("12,345", "en", "12345"),
        ("12,345", "ru", "12.345"),
        ("0,500", "en", "0.5"),
        ("0.500", "de", "0.5"),
        ("1234,567", "en", "1234.567"),
        ("1,5", "en", "1.5"),
        ("1,50", "en", "1.5"),
        (",5", "en", "0.5"),
        (".5", "en", "0.5"),
        ("5.", "en", "5"),
        ("3x10^8", "en", "300000000"),
        ("3 x 10^8", "en", "300000000"),
        ("3\u00d710\u2078", "en", "300000000"),
        ("3\u00b710^-2", "en", "0.03"),
        ("3\u00d710\u207b\u00b2", "en", "0.03"),
        ("3*10^8", "en", "300000000"),
        ("3\u044510^8", "ru", "300000000"),
        ("3e8", "en", "300000000"),
        ("3E-2", "en", "0.03"),
        ("2,5\u04353", "ru", "2500"),
        ("1.5e+3", "en", "1500"),
        ("10^6", "en", "1000000"),
        ("10\u207b\u00b3", "en", "0.001"),
        ("\u22125", "en", "-5"),
        ("-5", "en", "-5"),
        ("\u20135,5", "en", "-5.5"),
        ("- 5", "en", "-5"),
        ("+5", "en", "5"),
        ("1/4", "en", "0.25"),
        ("-1/4", "en", "-0.25"),
        ("2 1/2", "en", "2.5"),
        ("2\u00bd", "en", "2.5"),
        ("\u00bc", "en", "0.25"),
        ("\uff11\uff10", "en", "10"),
        ("\u0663\u066b\u0665", "en", "3.5"),
        ("007", "en", "7"),
        ("0", "en", "0"),
        ("-0", "en", "0"),
    ],
)
def test_how_a_number_is_read(text, language, value):
    reading = read_number(text, language)
    assert reading is not None
    assert (reading.value, reading.unit) == (F(value), "")


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "abc", "five", "1 2", "1 00", "1,00,000", "1,000 000", "1'00", "1.2.3", "192.168.1.1", "1,5,5", "--5",
        "-", "1e", "e5", "1/0", "2 3/2", "5-6", "1e999", "1e-999", "1" * 70, "3^2", "1 000 00", "1..5", "5, 6", "0,000,1",
        "1.000,000.5", "nan", "inf", "0x1f", "1_000", "3x10^", "2+2", "²",
    ],
)  # fmt: skip
def test_what_is_no_number(text):
    reading = read_number(text)
    # What only looks like a number with something behind it has that for its unit: no question knows such a unit.
    assert reading is None or reading.unit not in {"", "m", "%"}


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("5 km", "5", "km"),
        ("5km", "5", "km"),
        ("1 000,5\u00a0km/h", "1000.5", "km/h"),
        ("5 m\u00b2", "5", "m2"),
        ("5 \u33a1", "5", "m2"),
        ("50%", "50", "%"),
        ("50 %", "50", "%"),
        ("\u20ac5", "5", "\u20ac"),
        ("$1,000.50", "1000.5", "$"),
        ("-\u20ac5", "-5", "\u20ac"),
        ("\u20ac -5", "-5", "\u20ac"),
        ("100 000 \u20bd", "100000", "\u20bd"),
        ("12 шт.", "12", "шт"),
        ("3e8 m/s", "300000000", "m/s"),
        ("5 e", "5", "e"),
        ("20 \u00b0C", "20", "\u00b0C"),
    ],
)
def test_how_a_number_with_a_unit_is_read(text, value, unit):
    reading = read_number(text)
    assert (reading.value, reading.unit) == (F(value), unit)


@given(
    st.decimals(min_value=-(10**12), max_value=10**12, places=4),
    st.sampled_from([" ", "\u00a0", "\u202f", "'", "\u2019"]),
)
def test_a_number_is_read_however_it_is_grouped(value, space):
    plain = f"{value:,}"
    american, spaced = plain, plain.replace(",", space)
    german = plain.translate({ord(","): ".", ord("."): ","})
    for written in (american, spaced, spaced.replace(".", ","), german, spaced.replace("-", "\u2212")):
        assert read_number(written).value == F(Decimal(value)), written


@given(some_text)
def test_any_text_is_a_number_or_none_and_never_breaks(text):
    for language in ("en", "ru", "de", ""):
        reading = read_number(text, language)
        assert reading is None or isinstance(reading.value, Fraction)


@pytest.mark.parametrize(
    ("nominal", "tolerance", "kind", "least", "most"),
    [
        ("10", "1", "absolute", "9", "11"),
        ("-10", "1", "absolute", "-11", "-9"),
        ("0", "1/2", "absolute", "-1/2", "1/2"),
        ("10", "0", "absolute", "10", "10"),
        ("10", "1/10", "relative", "9", "11"),
        ("-10", "1/10", "relative", "-11", "-9"),
        ("0", "1/10", "relative", "0", "0"),
        ("10", "1", "geometric", "5", "20"),
        ("-10", "1", "geometric", "-20", "-5"),
        ("0", "1", "geometric", "0", "0"),
        ("11", "1/10", "geometric", "10", "121/10"),
    ],
)
def test_the_tolerances(nominal, tolerance, kind, least, most):
    assert interval(F(nominal), F(tolerance), kind) == (F(least), F(most))


@pytest.mark.parametrize(
    ("text", "worth"),
    [
        ("777.25 m", 1),
        ("0,77725 km", 1),
        ("777,25", F(9, 10)),
        ("777.25 kg", F(9, 10)),
        ("785.0225 m", 1),
        ("785.0226 m", F(1, 2)),
        ("769.4775 m", 1),
        ("740.23809 m", 0),
        ("740.2381 m", F(1, 2)),
        ("816.1125 m", F(1, 2)),
        ("816.1126 m", 0),
        ("-777.25 m", 0),
        ("nothing", 0),
    ],
)
def test_what_a_number_is_worth_with_its_unit_and_tolerance(text, worth):
    assert mark_text("numeric", SAMPLES["numeric"], text) == worth


@pytest.mark.parametrize(
    ("rule", "text", "worth"),
    [
        (None, "5", 1),
        (None, "5 m", 1),
        (None, "0.005 km", 1),
        (None, "5 kg", 0),
        ("required", "5", 0),
        ("required", "5 m", 1),
        ("required", "5 kg", 0),
        ("penalised", "5", F(3, 4)),
        ("penalised", "5 kg", F(3, 4)),
        ("penalised", "5 m", 1),
        ("penalised", "6", 0),
    ],
)
def test_what_a_unit_is_worth(rule, text, worth):
    content = {
        "answers": [{"id": "a", "value": "5"}],
        "units": [{"id": "u", "text": "m", "factor": "1"}, {"id": "v", "text": "km", "factor": "1000"}],
        "unit_penalty": "1/4",
    } | ({"unit": rule} if rule else {})
    assert mark_text("numeric", content, text) == worth


def test_a_thousand_is_what_the_page_s_language_says():
    content = {"answers": [{"id": "a", "value": "1000"}]}
    assert mark_text("numeric", content, "1,000", "en") == 1
    assert mark_text("numeric", content, "1,000", "ru") == 0
    assert mark_text("numeric", content, "1 000", "ru") == 1


def test_no_floating_point_decides():
    content = {"answers": [{"id": "a", "value": "0.3", "tolerance": "0"}]}
    assert mark_text("numeric", content, "0,1e0") == 0
    assert mark_text("numeric", content, "3e-1") == 1
    assert mark_text("numeric", {"answers": [{"id": "a", "value": "1/3"}]}, "0.333333333333333333") == 0
    assert mark_text("numeric", {"answers": [{"id": "a", "value": "1/3"}]}, "1/3") == 1


# --- Matching, ordering, gaps ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("response", "worth"),
    [
        ({"KEYa": "KEYa:m", "KEYb": "KEYb:m", "KEYc": "KEYa:m"}, 1),
        ({"KEYa": "KEYa:m"}, F(1, 3)),
        ({"KEYa": "KEYa:m", "KEYb": "KEYb:m"}, F(2, 3)),
        ({"KEYa": "KEYx:m"}, F(-1, 6)),
        ({"KEYa": "KEYa:m", "KEYb": "KEYx:m"}, F(1, 6)),
        ({"KEYa": "KEYb:m", "KEYb": "KEYa:m", "KEYc": "KEYx:m"}, F(-1, 2)),
    ],
)
def test_what_pairs_are_worth(response, worth):
    assert mark("matching", SAMPLES["matching"], response) == worth


def test_all_or_nothing_where_the_author_wants_it():
    content = {**SAMPLES["matching"], "scoring": {"partial": False}}
    assert mark("matching", content, {"KEYa": "KEYa:m", "KEYb": "KEYb:m", "KEYc": "KEYa:m"}) == 1
    assert mark("matching", content, {"KEYa": "KEYa:m", "KEYb": "KEYb:m"}) == 0


def test_a_choice_that_several_belong_to_is_offered_once():
    assert get_type("matching").options(SAMPLES["matching"]) == (
        "KEYa", "KEYb", "KEYc", "KEYa:m", "KEYb:m", "KEYx:m",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("order", "exact", "places", "neighbours", "longest"),
    [
        ("abcd", 1, 1, 1, 1),
        ("dcba", 0, 0, 0, 0),
        ("bcda", 0, 0, F(2, 3), F(2, 3)),
        ("abdc", 0, F(1, 2), F(1, 3), F(2, 3)),
        ("badc", 0, 0, 0, F(1, 3)),
        ("cdab", 0, 0, F(2, 3), F(1, 3)),
    ],
)
def test_what_an_order_is_worth_by_each_rule(order, exact, places, neighbours, longest):
    items = [{"id": key, "text": {"en": key}} for key in "abcd"]
    response = {key: number for number, key in enumerate(order, 1)}
    worth = {
        rule: mark("ordering", {"items": items, "earns": rule}, response)
        for rule in ("exact", "places", "neighbours", "longest")
    }
    assert worth == {"exact": exact, "places": places, "neighbours": neighbours, "longest": longest}


@pytest.mark.parametrize("response", [{"a": 1, "b": 1, "c": 1, "d": 1}, {"a": 4}, {"b": 1}])
def test_steps_without_numbers_of_their_own_are_in_no_order(response):
    items = [{"id": key, "text": {"en": key}} for key in "abcd"]
    for rule in ("exact", "neighbours", "longest"):
        assert mark("ordering", {"items": items, "earns": rule}, response) == 0


@settings(max_examples=50)
@given(st.permutations(range(6)))
def test_the_longest_row_is_what_trying_all_rows_finds(numbers):
    best = max(size for size in range(1, 7) for row in combinations(numbers, size) if list(row) == sorted(row))
    assert longest_row(numbers) == best


def test_only_the_right_order_is_worth_the_whole_mark():
    items = [{"id": key, "text": {"en": key}} for key in "abcd"]
    for rule in ("exact", "places", "neighbours", "longest"):
        full = [
            order
            for order in permutations("abcd")
            if mark("ordering", {"items": items, "earns": rule}, {key: n for n, key in enumerate(order, 1)}) == 1
        ]
        assert full == [("a", "b", "c", "d")]


@pytest.mark.parametrize(
    ("given_texts", "worth"),
    [
        ({"g": "777.5", "h": "hello secretly", "f": "1"}, 1),
        ({"g": "778", "h": "hi", "f": "3"}, F(1 * 3 + 3 + 1, 12)),
        ({"g": "777"}, F(1, 4)),
        ({"h": "Hello secretly"}, 0),
        ({"f": "2"}, 0),
    ],
)
def test_what_gaps_are_worth_by_their_weights(given_texts, worth):
    response = {
        f"KEY{gap}": f"KEYf.{value}" if gap == "f" else {"text": value, "language": "en"}
        for gap, value in given_texts.items()
    }
    assert mark("cloze", SAMPLES["cloze"], response) == worth


# --- Essays ----------------------------------------------------------------------------------------------------------


def test_people_mark_an_essay_by_its_rubric():
    rubric = [
        {"id": "a", "levels": [{"id": "1", "points": 0}, {"id": "2", "points": 2}, {"id": "3", "points": 3}]},
        {"id": "b", "levels": [{"id": "1", "points": 0}, {"id": "2", "points": 4}]},
    ]
    assert award({"rubric": rubric}, {"a": "2", "b": "2"}) == F(6, 7)
    assert award({"rubric": rubric}, {"a": "3", "b": "2"}) == 1
    for levels in ({"a": "2"}, {"a": "9", "b": "2"}):
        assert award({"rubric": rubric}, levels) is None


@pytest.mark.parametrize(
    ("one", "other", "percent", "apart"),
    [(F(1), F(1), 0, False), (F(1), F(4, 5), 20, True), (F(4, 5), F(1), 20, True), (F(1), F(9, 10), 20, False)],
)
def test_two_marks_disagree_from_so_many_per_cent_on(one, other, percent, apart):
    assert differ(one, other, percent=percent) == apart


@pytest.mark.parametrize(
    ("text", "words"), [("", 0), ("one two", 2), ("one — two", 2), ("Раз,два три\n4", 3), ("...", 0)]
)
def test_how_words_are_counted(text, words):
    assert count_words(text) == words


# --- What is counted afterwards --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "response", "counted"),
    [
        ("multiple", ["KEYa", "KEYc"], ("KEYa", "KEYc")),
        ("short", {"text": "Wait!"}, ("KEYd",)),
        ("short", {"text": "run"}, ("other",)),
        ("numeric", {"text": "-777.25 m"}, ("KEYc",)),
        ("numeric", {"text": "12"}, ("other",)),
        ("numeric", {"text": "much"}, ("unreadable",)),
        ("matching", {"KEYb": "KEYx:m", "KEYa": "KEYa:m"}, ("KEYa>KEYa:m", "KEYb>KEYx:m")),
        ("ordering", {"KEYb": 1, "KEYa": 1}, ("KEYa@1", "KEYb@1")),
        (
            "cloze",
            {"KEYf": "KEYf.2", "KEYg": {"text": "x"}, "KEYh": {"text": "hi"}},
            ("KEYg>unreadable", "KEYh>2", "KEYf>2"),
        ),
        ("areas", ["KEYb"], ("KEYb",)),
        ("areas, named", {"KEYa": "KEYx:m"}, ("KEYa>KEYx:m",)),
        ("essay", {"text": "word " * 19}, ("short",)),
        ("essay", {"text": "word " * 20}, ("fitting",)),
        ("essay", {"text": "word " * 201}, ("long",)),
    ],
)
def test_what_analysis_counts(name, response, counted):
    assert get_type(name.partition(",")[0]).categories(SAMPLES[name], response) == counted


# --- Shares ----------------------------------------------------------------------------------------------------------


@given(st.fractions(min_value=-1, max_value=1, max_denominator=1000))
def test_a_share_is_written_and_read_exactly(share):
    assert read_share(write_share(share)) == share
    assert parse_share(str(share)) == share


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("50", F(1, 2)),
        ("50%", F(1, 2)),
        ("33,5 %", F(67, 200)),
        ("1/3", F(1, 3)),
        ("-1/3", F(-1, 3)),
        ("\u221225", F(-1, 4)),
        ("1", F(1, 100)),
    ],
)
def test_how_authors_write_shares(text, share):
    assert read_share(text) == share


@pytest.mark.parametrize("text", ["", "half", "1/0", "50%%", "1//2", "1e3", "\u00bd", "9" * 30])
def test_what_is_no_share(text):
    assert read_share(text) is None
