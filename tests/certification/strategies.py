"""Hypothesis strategies for papers, banks and holdings."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from certification.drawing import BankItem, Blueprint, SectionRule
from certification.standing import Holding, Requirement

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)

texts = st.fixed_dictionaries({"en": st.text(min_size=1, max_size=8)})


@st.composite
def choice_contents(draw, *, many: bool = False):
    """Content of a sound choice question: single where not ``many``."""
    ids = draw(st.lists(st.sampled_from("abcdefgh"), min_size=3, max_size=6, unique=True))
    right = (
        draw(st.sets(st.sampled_from(ids), min_size=1, max_size=len(ids) - 1)) if many else {draw(st.sampled_from(ids))}
    )
    return {
        "stem": {"en": "Why?"},
        "options": [{"id": key, "text": {"en": f"Option {key}"}, "correct": key in right} for key in ids],
    }


@st.composite
def asked_versions(draw):
    """A (type, content) pair of any type."""
    kind = draw(st.sampled_from(["single", "multiple", "true_false"]))
    if kind == "true_false":
        return kind, {"stem": {"en": "So."}, "answer": draw(st.booleans())}
    return kind, draw(choice_contents(many=kind == "multiple"))


@st.composite
def blueprints_with_banks(draw, *, fillable: bool = True):
    """Sections that may share topics, and a bank that can fill them (or is one question short somewhere)."""
    topics = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    rules = tuple(
        SectionRule(number, topic, draw(st.integers(1, 4)), draw(st.integers(0, 100)), {"en": f"S{number}"})
        for number, topic in enumerate(topics, 1)
    )
    wanted = {topic: sum(rule.count for rule in rules if rule.topic == topic) for topic in topics}
    short = None if fillable else draw(st.sampled_from(sorted(wanted)))
    bank, number = [], 0
    for topic, count in sorted(wanted.items()):
        size = count - draw(st.integers(1, count)) if topic == short else count + draw(st.integers(0, 5))
        for _ in range(size):
            number += 1
            options = tuple("abcdef"[: draw(st.integers(2, 6))])
            bank.append(BankItem(number, number + 1000, topic, "single", options, draw(st.booleans())))
    return Blueprint(rules, draw(st.integers(0, 100))), bank


moments = st.integers(-300, 300).map(lambda hours: NOW + timedelta(hours=hours))


@st.composite
def requirements_with_holdings(draw):
    exams = tuple(draw(st.lists(st.integers(1, 3), min_size=1, max_size=3, unique=True)))
    requirement = Requirement(exams, draw(st.integers(1, 3)))
    holdings = draw(
        st.lists(
            st.builds(
                Holding,
                person=st.integers(1, 4),
                exam=st.integers(1, 4),
                since=st.integers(-300, 2).map(lambda hours: NOW + timedelta(hours=hours)),
                until=moments,
                withdrawn=st.sampled_from([False, False, False, True]),
            ),
            max_size=14,
        )
    )
    return requirement, holdings
