"""Hypothesis strategies for papers, banks and holdings."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from hypothesis import strategies as st

from certification.drawing import BankItem, Blueprint, Quota, SectionRule
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
        SectionRule(
            number,
            {"en": f"S{number}"},
            draw(st.integers(0, 100)),
            (Quota(draw(st.integers(1, 4)), frozenset({topic})),),
        )
        for number, topic in enumerate(topics, 1)
    )
    wanted = {topic: sum(rule.count for rule in rules if topic in rule.quotas[0].topics) for topic in topics}
    short = None if fillable else draw(st.sampled_from(sorted(wanted)))
    bank, number = [], 0
    for topic, count in sorted(wanted.items()):
        size = count - draw(st.integers(1, count)) if topic == short else count + draw(st.integers(0, 5))
        for _ in range(size):
            number += 1
            options = tuple("abcdef"[: draw(st.integers(2, 6))])
            bank.append(BankItem(number, number + 1000, topic, "single", options, draw(st.booleans())))
    return Blueprint(rules, draw(st.integers(0, 100))), bank


@st.composite
def small_blueprints_with_banks(draw, *, items: int = 7, places: int = 4):
    """Overlapping quotas, fixed questions and a bank, fillable or not, small enough to try everything."""
    quotas = st.builds(
        Quota,
        count=st.integers(1, 3),
        topics=st.sampled_from([None, frozenset({1}), frozenset({2}), frozenset({1, 2})]),
        tags=st.sampled_from([frozenset(), frozenset({7}), frozenset({7, 8})]),
        difficulty=st.sampled_from([None, None, 1, 2]),
    )
    rules: list[SectionRule] = []
    left = draw(st.integers(1, places))
    while left:
        fixed = tuple(draw(st.lists(st.integers(1, items), max_size=min(1, left - 1))))
        quota = draw(quotas)
        quota = replace(quota, count=min(quota.count, left - len(fixed)))
        rules.append(SectionRule(len(rules) + 1, {}, 50, (quota,), fixed))
        left -= rules[-1].count
    bank = [
        BankItem(
            number,
            number + 100,
            draw(st.integers(1, 2)),
            "single",
            ("a", "b"),
            tags=draw(st.sampled_from([frozenset(), frozenset({7}), frozenset({7, 8})])),
            difficulty=draw(st.sampled_from([None, 1, 2])),
            seen=draw(st.integers(0, 2)),
            asked=draw(st.integers(0, 4)),
            under_check=draw(st.booleans()),
        )
        for number in range(1, draw(st.integers(1, items)) + 1)
    ]
    cap = draw(st.sampled_from([None, Fraction(1, 4), Fraction(1, 2), Fraction(1)]))
    return Blueprint(tuple(rules), 50, draw(st.booleans()), draw(st.booleans()), cap), bank


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
