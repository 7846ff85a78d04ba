"""One sound question of every type, and what Hypothesis may answer to it."""

from hypothesis import strategies as st

from certification.question_types import get_type, type_names

TYPES = [name for name, _label in type_names()]


def words(text, russian=None):
    return {"en": text, "ru": russian or f"{text} по-русски"}


STEM = words("What do you do?", "Что вы делаете?")
FEEDBACK = words("FEEDBACK in general", "ОТЗЫВ")


def option(key, text, **more):
    return {"id": f"KEY{key}", "text": words(text), "feedback": words(f"FEEDBACK {key}"), **more}


#: By a name that begins with the type's. Ids and feedback hold words that no page of a sitting may hold.
SAMPLES = {
    "single": {
        "stem": STEM,
        "options": [
            option("a", "Ring", correct=True),
            option("b", "Write", correct=False, share="1/3"),
            option("c", "Wait", correct=False),
            option("d", "None of these", correct=False, pinned=True),
        ],
        "feedback": FEEDBACK,
        "scoring": {"penalty": "1/4", "floor": "-1/4"},
    },
    "multiple": {
        "stem": STEM,
        "options": [
            option("a", "Ring", correct=True),
            option("b", "Write", correct=True),
            option("c", "Wait", correct=False),
            option("d", "Leave", correct=False),
            option("e", "All of these", correct=False, pinned=True),
        ],
        "feedback": FEEDBACK,
    },
    "multiple, in parts": {
        "stem": STEM,
        "options": [
            option("a", "Ring", correct=True),
            option("b", "Write", correct=True),
            option("c", "Wait", correct=False),
        ],
        "scoring": {"partial": True, "penalty": "1/2", "floor": "-1"},
    },
    "multiple, with shares": {
        "stem": STEM,
        "options": [
            option("a", "Yellow", correct=False, share="1/2"),
            option("b", "Red", correct=False, share="-1"),
            option("c", "Beige", correct=False, share="1/2"),
            option("d", "Blue", correct=False, share="-1"),
        ],
    },
    "true_false": {"stem": STEM, "answer": False, "feedback": FEEDBACK},
    "short": {
        "stem": STEM,
        "answers": [
            {"id": "KEYa", "text": "call* back", "feedback": words("FEEDBACK a")},
            {"id": "KEYb", "text": "перезвон*"},
            {"id": "KEYc", "text": "call", "share": "1/2"},
            {"id": "KEYd", "text": "wait*", "share": "0", "feedback": words("FEEDBACK d")},
        ],
        "feedback": FEEDBACK,
    },
    "numeric": {
        "stem": STEM,
        "answers": [
            {"id": "KEYa", "value": "777.25", "tolerance": "0.01", "kind": "relative"},
            {"id": "KEYb", "value": "777.25", "tolerance": "0.05000000", "kind": "geometric", "share": "1/2"},
            {"id": "KEYc", "value": "-777.25", "share": "0", "feedback": words("FEEDBACK c")},
        ],
        "units": [{"id": "KEYu", "text": "m", "factor": "1"}, {"id": "KEYv", "text": "km", "factor": "1000"}],
        "unit": "penalised",
        "unit_penalty": "1/10",
        "feedback": FEEDBACK,
    },
    "matching": {
        "stem": STEM,
        "pairs": [
            {"id": "KEYa", "text": words("Too dear"), "match": words("Price")},
            {"id": "KEYb", "text": words("We have one"), "match": words("Need")},
            {"id": "KEYc", "text": words("No money"), "match": words("Price")},
        ],
        "extra": [{"id": "KEYx", "text": words("Trust")}],
        "feedback": FEEDBACK,
        "scoring": {"penalty": "1/2", "floor": "-1/2"},
    },
    "ordering": {
        "stem": STEM,
        "items": [{"id": f"KEY{key}", "text": words(f"Step {key}")} for key in "cadb"],
        "earns": "longest",
        "feedback": FEEDBACK,
    },
    "cloze": {
        "stem": STEM,
        "text": words(
            "Ring within [[1]] hours, then [[3]]; say [[2]] and <b>stop</b>.",
            "[[2]] — скажите через [[1]] часа, потом [[3]].",
        ),
        "gaps": [
            {
                "id": "KEYg",
                "kind": "number",
                "accepted": [{"id": "1", "text": "777.5", "share": "1"}],
                "tolerance": "0.5",
            },
            {
                "id": "KEYh",
                "kind": "text",
                "accepted": [
                    {"id": "1", "text": "hello secretly", "share": "1"},
                    {"id": "2", "text": "hi", "share": "1/2"},
                ],
                "case": True,
                "weight": 2,
            },
            {
                "id": "KEYf",
                "kind": "choice",
                "choices": [
                    {"id": "1", "text": words("write"), "share": "1"},
                    {"id": "2", "text": words("wait"), "share": "0"},
                    {"id": "3", "text": words("ask"), "share": "1/3"},
                ],
            },
        ],
        "feedback": FEEDBACK,
    },
    "areas": {
        "stem": STEM,
        "image": 1,
        "areas": [
            {"id": "KEYa", "shape": "rectangle", "at": "10 20 30 15", "correct": True, "feedback": words("FEEDBACK a")},
            {"id": "KEYb", "shape": "circle", "at": "70 50 12.5", "text": words("Handset"), "correct": False},
            {"id": "KEYc", "shape": "polygon", "at": "5 60 30 60 20 90", "correct": False},
        ],
        "feedback": FEEDBACK,
    },
    "areas, several": {
        "stem": STEM,
        "image": 1,
        "areas": [
            {"id": "KEYa", "shape": "rectangle", "at": "10 20 30 15", "correct": True},
            {"id": "KEYb", "shape": "circle", "at": "70 50 12.5", "correct": True},
            {"id": "KEYc", "shape": "circle", "at": "20 80 5", "correct": False},
        ],
    },
    "areas, named": {
        "stem": STEM,
        "image": 1,
        "task": "name",
        "areas": [
            {"id": "KEYa", "shape": "rectangle", "at": "10 20 30 15", "text": words("Display"), "correct": False},
            {"id": "KEYb", "shape": "circle", "at": "70 50 12.5", "text": words("Handset"), "correct": False},
        ],
        "extra": [{"id": "KEYx", "text": words("Socket")}],
    },
    "situational": {
        "stem": STEM,
        "objection": words("That is too dear."),
        "options": [
            option("a", "Compared with what?", share="1"),
            option("b", "I can ask for a discount.", share="-1/2"),
            option("c", "It pays in a year.", share="1/3"),
        ],
        "scoring": {"floor": "-1"},
    },
    "essay": {
        "stem": STEM,
        "rubric": [
            {
                "id": "KEYa",
                "text": words("FEEDBACK structure"),
                "levels": [
                    {"id": "1", "text": words("FEEDBACK none"), "points": 0},
                    {"id": "2", "text": words("FEEDBACK clear"), "points": 2},
                ],
            }
        ],
        "least": 20,
        "most": 200,
    },
}


def type_of(name):
    return get_type(name.partition(",")[0])


def say_english(text):
    """Words as a page in English has them."""
    return str(text) if isinstance(text, str) else text.get("en", "")


some_text = st.text("aeй0159 .,*\\/^x-\u00a0\u0301\u2212\u2078", max_size=12)
lines = some_text | st.sampled_from(
    ["call me back", "CALL", "wait", "hi", "hello secretly", "777.25 m", "0,77725 km", "-777.25", "778"]
)


@st.composite
def posted(draw, name):
    """(order, what a page could post to the sample)."""
    kind, content = type_of(name), SAMPLES[name]
    order = draw(st.permutations(kind.options(content)))
    shown = kind.show(content, order, None, say_english)
    if shown.blanks:
        given = {
            blank.part: [draw(st.sampled_from(["", *(one.value for one in blank.options)]) if blank.options else lines)]
            for blank in shown.blanks
        }
    elif shown.options:
        most = len(shown.options) if shown.many else 1
        given = {"": draw(st.lists(st.sampled_from([one.value for one in shown.options]), max_size=most, unique=True))}
    else:
        given = {"": [draw(lines)]}
    return tuple(order), given
