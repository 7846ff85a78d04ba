"""What every type has in common; what each is worth for which response stands in ``test_question_types_marks``."""

import unicodedata
from dataclasses import fields, is_dataclass
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certification.question_types import BadResponse, get_type
from certification.question_types.base import bounded
from certification.question_types.outlines import Outline
from tests.certification.samples import SAMPLES, TYPES, posted, say_english, some_text, type_of
from tests.certification.strategies import asked_versions, choice_contents

every_sample = pytest.mark.parametrize("name", SAMPLES)


def test_there_are_eleven_types_in_the_order_an_author_tries_them():
    assert TYPES == [
        "single", "multiple", "true_false", "short", "numeric", "matching", "ordering", "cloze", "areas", "situational",
        "essay",
    ]  # fmt: skip
    assert {name.partition(",")[0] for name in SAMPLES} == set(TYPES)


@every_sample
def test_a_sound_question_has_no_problems_and_says_its_languages(name):
    kind, content = type_of(name), SAMPLES[name]
    assert kind.problems(content) == ()
    assert kind.languages(content) == {"en", "ru"}


@every_sample
def test_the_key_earns_the_whole_mark(name):
    kind, content = type_of(name), SAMPLES[name]
    right = kind.right(content)
    if name == "essay":
        assert right is None
        assert kind.mark(content, {"text": "Well."}) is None
    else:
        assert kind.mark(content, right) == 1


@every_sample
@settings(max_examples=30)
@given(data=st.data())
def test_what_a_page_posts_is_read_and_posted_again_the_same(name, data):
    kind, content = type_of(name), SAMPLES[name]
    order, posts = data.draw(posted(name))
    response = kind.read(order, posts)
    assert kind.is_answered(response) == any(value.strip() for values in posts.values() for value in values)
    again = kind.give(order, response)
    assert kind.read(order, again) == response
    shown = kind.show(content, order, response, say_english)
    seen = {blank.part: [blank.value] if not blank.options else chosen(blank.options) for blank in shown.blanks}
    if not seen:
        seen = {"": chosen(shown.options) if shown.options else [shown.value]}
    assert filled(again) == filled(seen)


def filled(posts):
    """What was given, whatever the order in which the page has it."""
    return {part: sorted(one for one in values if one) for part, values in posts.items()}


def chosen(options):
    return [option.value for option in options if option.chosen]


@every_sample
@settings(max_examples=30)
@given(data=st.data())
def test_a_mark_is_between_the_floor_and_one_and_the_order_of_the_options_changes_nothing(name, data):
    kind, content = type_of(name), SAMPLES[name]
    order, posts = data.draw(posted(name))
    response = kind.read(order, posts)
    mark = kind.mark(content, response)
    if mark is not None:
        assert bounded(content, Fraction(-99)) <= mark <= 1
        assert isinstance(mark, Fraction)
    other = tuple(data.draw(st.permutations(order)))
    assert kind.read(other, kind.give(other, response)) == response


@every_sample
def test_nothing_given_earns_nothing_and_costs_nothing(name):
    kind, content = type_of(name), SAMPLES[name]
    order = kind.options(content)
    for posts in ({}, kind.give(order, [])):
        response = kind.read(order, posts)
        assert response == []
        assert kind.mark(content, response) == 0
        assert kind.categories(content, response) == ()


@every_sample
@settings(max_examples=30)
@given(data=st.data())
def test_what_no_page_could_have_sent_is_refused_or_read_as_text_and_never_breaks(name, data):
    kind, content = type_of(name), SAMPLES[name]
    order = kind.options(content)
    parts = st.sampled_from(["", "1", "2", "3", "0", "99", "x", "1-1", "-1", "²"])
    values = st.lists(
        st.sampled_from(["", "1", "2", "0", "-1", "99", "01", " 1", "²", "1.0", "\x00", "a" * 99_999]) | some_text
    )
    posts = data.draw(st.dictionaries(parts, values, max_size=4))
    try:
        response = kind.read(order, posts)
    except BadResponse:
        return
    mark = kind.mark(content, response)
    assert mark is None or bounded(content, Fraction(-99)) <= mark <= 1
    kind.show(content, order, response, say_english)
    kind.tell(content, order, response, say_english)
    kind.categories(content, response)


@pytest.mark.parametrize("name", ["short", "numeric", "essay", "cloze"])
def test_text_that_cannot_be_stored_is_refused(name):
    kind = type_of(name)
    order = kind.options(SAMPLES[name])
    part = "1" if name == "cloze" else ""
    for text in ("a\x00b", "\ud800", "a" * 20_001, "e\u0301" * 20_001):
        with pytest.raises(BadResponse):
            kind.read(order, {part: [text]})
    with pytest.raises(BadResponse):
        kind.read(order, {part: ["a", "b"]})
    response = kind.read(order, {part: ["e\u0301\r\nf"]})
    kept = response["KEYg"]["text"] if name == "cloze" else response["text"]
    assert kept == unicodedata.normalize("NFC", "e\u0301\nf")


def leaves(value):
    """Everything that a page's data hold, however deep."""
    if is_dataclass(value):
        for field in fields(value):
            yield from leaves(getattr(value, field.name))
    elif isinstance(value, tuple | list):
        for one in value:
            yield from leaves(one)
    else:
        yield value


@every_sample
@settings(max_examples=30)
@given(data=st.data())
def test_what_a_candidate_is_shown_is_texts_and_places_alone(name, data):
    kind, content = type_of(name), SAMPLES[name]
    order, posts = data.draw(posted(name))
    shown = kind.show(content, order, kind.read(order, posts), say_english)
    geometry = {point for outline in shown.outlines for point in outline.points}
    typed = {value for values in posts.values() for value in values}
    for leaf in leaves(shown):
        assert leaf is None or isinstance(leaf, str | int | bool) or leaf in geometry
        if isinstance(leaf, str) and unicodedata.normalize("NFC", leaf) not in {
            unicodedata.normalize("NFC", one) for one in typed
        }:
            assert "KEY" not in leaf
            assert "FEEDBACK" not in leaf


@every_sample
def test_what_is_shown_does_not_depend_on_the_key(name):
    """The same question with another key, other shares, feedback and scoring looks the same to a candidate."""
    kind, content = type_of(name), SAMPLES[name]
    order = kind.options(content)

    def turned(value):
        if isinstance(value, list):
            return [turned(one) for one in value]
        if not isinstance(value, dict):
            return value
        changed = {key: turned(one) for key, one in value.items() if key not in {"feedback", "rubric", "unit_penalty"}}
        if "correct" in changed and name != "areas, several":
            changed["correct"] = not changed["correct"] if name != "areas" else changed["correct"]
        if "share" in changed:
            changed["share"] = {"1": "0", "0": "1"}.get(changed["share"], "1/7")
        if "accepted" in changed:
            changed["accepted"] = [{"id": "1", "text": "12", "share": "1"}]
        return changed

    other = turned(content) | ({"answer": True} if name == "true_false" else {})
    if name in {"short", "numeric"}:
        other["answers"] = []
    assert kind.show(other, order, None, say_english) == kind.show(content, order, None, say_english)


@every_sample
@settings(max_examples=30)
@given(data=st.data())
def test_a_review_tells_the_answer_and_the_key_in_words(name, data):
    kind, content = type_of(name), SAMPLES[name]
    order, posts = data.draw(posted(name))
    response = kind.read(order, posts)
    told = kind.tell(content, order, response, say_english)
    assert bool(told.given) == kind.is_answered(response)
    assert bool(told.right) == (name != "essay")
    for text in (told.given, told.right):
        if not any("KEY" in value for values in posts.values() for value in values):
            assert "KEY" not in text
    for blank in told.blanks:
        assert 0 <= blank.share <= 1
    assert told.feedback == content.get("feedback", {}).get("en", "")


@every_sample
def test_the_key_reviewed_is_right_throughout(name):
    kind, content = type_of(name), SAMPLES[name]
    told = kind.tell(content, kind.options(content), kind.right(content) or [], say_english)
    if name != "essay":
        assert told.given == told.right or name == "numeric"
    assert all(option.chosen == option.right for option in told.options)
    assert all(blank.share == 1 for blank in told.blanks)


@every_sample
def test_examiners_read_the_content_with_its_key_in_lines(name):
    kind, content = type_of(name), SAMPLES[name]
    lines = kind.describe(content, say_english)
    assert lines[0] == ("Question or statement", "What do you do?")
    assert all(label and text for label, text in lines)
    changed = {**content, "feedback": {"en": "Another"}}
    assert set(kind.describe(changed, say_english)) - set(lines) == {("Feedback", "Another")}


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("single", ("Option 2", "Write; Share of the mark, %: 1/3; Feedback: FEEDBACK b")),
        ("short", ("Accepted answer 3", "call; Share of the mark, %: 50 %")),
        ("cloze", ("Gap 3", "by choosing; Choices: =write; ~wait; %1/3%ask")),
        ("numeric", ("The unit is", "asked for: without it the mark is less")),
        ("ordering", ("Step 1", "Step c")),
        ("true_false", ("The statement is", "False")),
        ("essay", ("Criterion 1", "FEEDBACK structure; Levels: 0: FEEDBACK none; 2: FEEDBACK clear")),
    ],
)
def test_a_line_of_the_description(name, line):
    assert line in type_of(name).describe(SAMPLES[name], say_english)


@every_sample
@settings(max_examples=30)
@given(data=st.data())
def test_broken_content_is_told_and_never_breaks_the_check(name, data):
    """Whatever one value of the content is replaced by, or if it is missing."""
    kind, content = type_of(name), SAMPLES[name]
    broken = data.draw(breakages(content))
    for problem in kind.problems(broken):
        assert isinstance(problem, str)
        assert problem
        assert "%(" not in problem


@st.composite
def breakages(draw, value=None, depth=0):
    if not isinstance(value, dict | list) or not value or (depth and draw(st.booleans())):
        return draw(
            st.sampled_from([None, "", "x", 0, -1, 10**9, 1.5, True, [], {}, [{}], {"en": ""}, "1/0", ["a"], {"id": 1}])
        )
    if isinstance(value, list):
        place = draw(st.integers(0, len(value) - 1))
        return [draw(breakages(one, depth + 1)) if number == place else one for number, one in enumerate(value)]
    key = draw(st.sampled_from(sorted(value)))
    if draw(st.booleans()):
        return {name: one for name, one in value.items() if name != key}
    return {name: draw(breakages(one, depth + 1)) if name == key else one for name, one in value.items()}


def test_a_missing_translation_is_seen_wherever_it_is():
    content = SAMPLES["cloze"]
    gap = {
        **content["gaps"][2],
        "choices": [{**one, "text": {"en": one["text"]["en"]}} for one in content["gaps"][2]["choices"]],
    }
    assert type_of("cloze").languages({**content, "gaps": [*content["gaps"][:2], gap]}) == {"en"}
    content = SAMPLES["single"]
    assert type_of("single").languages({**content, "feedback": {"ru": "Так"}}) == {"ru"}


def test_options_that_are_pinned_are_named_and_gaps_and_areas_keep_their_numbers():
    assert type_of("single").pinned(SAMPLES["single"]) == {"KEYd"}
    assert type_of("areas").pinned(SAMPLES["areas, named"]) == {"KEYa", "KEYb"}
    assert type_of("cloze").pinned(SAMPLES["cloze"]) == {"KEYg:number", "KEYh:text", "KEYf:choice"}
    for name, content in SAMPLES.items():
        assert type_of(name).pinned(content) <= set(type_of(name).options(content))


# --- Choices ---------------------------------------------------------------------------------------------------------


@given(asked_versions())
def test_the_key_of_any_choice_earns_the_whole_mark(asked):
    name, content = asked
    kind = get_type(name)
    assert kind.problems(content) == ()
    assert kind.mark(content, kind.right(content)) == 1


@given(choice_contents(many=True), st.data())
def test_anything_but_the_key_of_a_multiple_response_earns_nothing(content, data):
    kind = get_type("multiple")
    given_ids = data.draw(st.lists(st.sampled_from(kind.options(content)), unique=True))
    assert kind.mark(content, given_ids) == Fraction(set(given_ids) == kind.key(content))


@given(choice_contents(many=True))
def test_ticking_everything_in_a_multiple_response_earns_nothing(content):
    kind = get_type("multiple")
    assert kind.mark(content, list(kind.options(content))) == 0
    assert kind.mark({**content, "scoring": {"partial": True}}, list(kind.options(content))) == 0


@pytest.mark.parametrize("given_places", [["0"], ["4"], ["-1"], ["a"], [""], ["1", "2"], ["²"], ["1 "], ["9" * 5000]])
def test_what_the_page_could_not_have_sent_is_refused(given_places):
    with pytest.raises(BadResponse):
        get_type("single").read(("x", "y", "z"), {"": given_places})


def test_several_places_are_read_for_a_multiple_response():
    assert get_type("multiple").read(("z", "y", "x"), {"": ["1", "3", "3"]}) == ["x", "z"]


def option(key, *, correct=False, text=None, **more):
    return {"id": key, "text": {"en": text or f"Option {key}"}, "correct": correct, **more}


def with_changes(name, **changes):
    return {**SAMPLES[name], **changes}


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("single", {"stem": {"en": " "}}, "Question or statement: the text in the first language is missing"),
        ("single", {}, "Question or statement: this is needed"),
        ("single", {"stem": {"en": "Q"}, "options": []}, "Option: there are fewer than 2"),
        (
            "single",
            {"stem": {"en": "Q"}, "options": [option("a", correct=True), option("b", correct=True)]},
            "Exactly one option must be right.",
        ),
        (
            "single",
            {"stem": {"en": "Q"}, "options": [option("a", correct=True), option("a", text="B")]},
            "Option: two have the same id",
        ),
        (
            "single",
            {"stem": {"en": "Q"}, "options": [option("a", correct=True, text="Yes"), option("b", text="yes ")]},
            "Option 1 and Option 2 say the same.",
        ),
        (
            "single",
            {"stem": {"en": "Q"}, "options": [option("a", correct=True), {"id": "b", "text": {}, "correct": False}]},
            "Option 2, Text: this is needed",
        ),
        (
            "multiple",
            {"stem": {"en": "Q"}, "options": [option(key, correct=True) for key in "abc"]},
            "At least one option must be right, and at least one wrong.",
        ),
        (
            "multiple",
            {"stem": {"en": "Q"}, "options": [option("a", share="1/2"), option("b"), option("c", share="-1")]},
            "The shares of the right options must add up to 100%.",
        ),
        ("true_false", {"stem": {"en": "Q"}}, "The statement is: this is needed"),
        ("true_false", {"stem": {"en": "Q"}, "answer": "yes"}, "The statement is: this is none of the choices"),
        (
            "true_false",
            {"stem": {"en": "Q"}, "answer": True, "scoring": {"floor": "1/2"}},
            "The least that the question can earn, %: it is not between -100 and 0%",
        ),
        (
            "short",
            with_changes("short", answers=[{"id": "a", "text": "*"}]),
            "Accepted answer 1 fits everything: it cannot earn a mark.",
        ),
        (
            "short",
            with_changes("short", answers=[{"id": "a", "text": "c*", "share": "0"}, {"id": "b", "text": "call"}]),
            "An answer that stands before the right one hides it.",
        ),
        (
            "numeric",
            with_changes("numeric", answers=[{"id": "a", "value": "1,5"}]),
            "Accepted answer 1, Number: this is not a number",
        ),
        ("numeric", with_changes("numeric", units=[]), "A unit is asked for, and none is named."),
        (
            "numeric",
            with_changes(
                "numeric", units=[{"id": "a", "text": "m²", "factor": "1"}, {"id": "b", "text": "m2", "factor": "2"}]
            ),
            "Two units are the same.",
        ),
        ("matching", with_changes("matching", pairs=SAMPLES["matching"]["pairs"][:1]), "Pair: there are fewer than 2"),
        (
            "matching",
            with_changes("matching", extra=[{"id": "x", "text": {"en": "price "}}]),
            "Choice 1 and Choice 3 say the same.",
        ),
        (
            "ordering",
            with_changes("ordering", earns="all"),
            "An order that is not quite right earns: this is none of the choices",
        ),
        (
            "cloze",
            with_changes("cloze", text={"en": "[[1]] and [[1]] and [[2]]"}),
            "The text (en) does not have each of the gaps 1 to 3 once.",
        ),
        (
            "cloze",
            with_changes("cloze", text={"en": "[[1]]"}, gaps=[{"id": "g", "kind": "choice"}]),
            "Gap 1: it needs at least two choices",
        ),
        (
            "areas",
            with_changes("areas", areas=[{**one, "at": "90 90 20 20"} for one in SAMPLES["areas"]["areas"]]),
            "Area 1: its place is not that of a Rectangle on the picture.",
        ),
        (
            "situational",
            with_changes(
                "situational", options=[{"id": "a", "text": {"en": "A"}, "share": "1"}, option("b", share="0")]
            ),
            "Option 1 has no feedback.",
        ),
        (
            "essay",
            with_changes("essay", least=300),
            "It asks for more words than it allows.",
        ),
    ],
)
def test_an_unsound_question_says_what_is_wrong_with_it_and_where(name, content, problem):
    assert problem in get_type(name).problems(content)


@pytest.mark.parametrize(
    ("shape", "at", "sound"),
    [
        ("rectangle", "0 0 100 100", True),
        ("rectangle", "0, 0; 50.5 10", True),
        ("rectangle", "60 0 50 10", False),
        ("rectangle", "0 0 0 10", False),
        ("circle", "50 50 10", True),
        ("circle", "50 50 0", False),
        ("circle", "50 50", False),
        ("polygon", "0 0 10 0 10 10", True),
        ("polygon", "0 0 10 0 10", False),
        ("polygon", "0 0 10 0", False),
        ("rectangle", "-1 0 5 5", False),
        ("rectangle", "1e1 0 5 5", False),
        ("star", "0 0 5 5", False),
    ],
)
def test_a_place_on_a_picture_is_read_or_refused(shape, at, sound):
    assert (Outline.parse(shape, at) is not None) == sound
