"""What an exam draws from, read for the pure rules: its blueprint, and the bank as one candidate stands to it."""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from certification.drawing import BankItem, Blueprint, Paper, Pick, Quota, SectionRule, compose, pick
from certification.models import Attempt, Exam, QuestionTag, QuestionVersion, find_subtrees
from certification.question_types import get_type
from certification.services.asking import ask_bank, recall_contents
from portal.core.memory import Memory

#: An exam's exposure is reckoned over its latest papers, and may be as old as this many seconds: it is a preference.
EXPOSURE_PAPERS = 200
EXPOSURE_KEPT = 60
_exposure = Memory(size=500)

Subtrees = Mapping[int, frozenset[int]]


def plan_exam(exam: Exam, subtrees: Subtrees) -> Blueprint:
    """What the exam draws, from its sections as they are in memory (also in a form that is not saved yet).

    A section with questions that are always asked asks these and draws nothing.
    """
    return Blueprint(
        sections=tuple(
            SectionRule(
                # An unsaved section has no id; its place is as good a name for one draw.
                section=section.pk or -number,
                title=dict(section.title),
                pass_percent=section.pass_percent,
                quotas=()
                if (fixed := tuple(row.question_id for row in section.fixed_questions.all()))
                else tuple(
                    Quota(
                        count=quota.count,
                        topics=subtrees.get(quota.topic_id, frozenset({quota.topic_id})) if quota.topic_id else None,
                        tags=frozenset({quota.tag_id} if quota.tag_id else ()),
                        difficulty=quota.difficulty,
                    )
                    for quota in section.quotas.all()
                ),
                fixed=fixed,
            )
            for number, section in enumerate(exam.sections.all(), 1)
        ),
        pass_percent=exam.pass_percent,
        shuffle_questions=exam.shuffle_questions,
        shuffle_options=exam.shuffle_options,
        exposure_cap=Fraction(exam.exposure_cap_percent, 100) if exam.exposure_cap_percent else None,
    )


def find_exam_subtrees(exams: Iterable[Exam]) -> Subtrees:
    """The subtrees of the topics that these exams draw; one query, none where they draw by no topic."""
    topics = {
        quota.topic_id
        for exam in exams
        for section in exam.sections.all()
        for quota in section.quotas.all()
        if quota.topic_id
    }
    return find_subtrees(topics) if topics else {}


def load_bank(blueprints: Iterable[Blueprint], *, language: str = "") -> list[BankItem]:
    """What may be drawn for these blueprints, without options: one query, one more where a tag is asked for.

    Args:
        language: only versions that are written in it; empty for any.
    """
    rules = [rule for blueprint in blueprints for rule in blueprint.sections]
    quotas = [quota for rule in rules for quota in rule.quotas]
    topics = None
    if all(quota.topics is not None for quota in quotas):
        topics = {topic for quota in quotas for topic in quota.topics or ()}
    written_in = f'"{language}"' if language else ""  # which is in any text
    rows = ask_bank(topics=topics, fixed={question for rule in rules for question in rule.fixed})
    tags = _find_tags(row[0] for row in rows) if any(quota.tags for quota in quotas) else {}
    return [
        BankItem(
            question, version, topic, kind, tags=tags.get(question, frozenset()), difficulty=difficulty,
            under_check=is_doubted, first_asked=first_asked,
        )
        for question, version, topic, kind, difficulty, languages, is_doubted, first_asked in rows
        if written_in in languages
    ]  # fmt: skip


def _find_tags(question_ids: Iterable[int]) -> dict[int, frozenset[int]]:
    found: dict[int, set[int]] = {}
    rows = QuestionTag.objects.filter(content_object__in=set(question_ids))
    for question, tag in rows.values_list("content_object_id", "tag_id"):
        found.setdefault(question, set()).add(tag)
    return {question: frozenset(tags) for question, tags in found.items()}


def draw_paper(
    exam: Exam,
    blueprint: Blueprint,
    bank: Sequence[BankItem],
    *,
    own_papers: Iterable[Mapping[str, Any]],
    language: str,
    seed: int,
) -> Paper:
    """Draw a paper from the bank, preferring what this candidate has seen least and what the exam has shown least.

    Only the questions that are drawn have their contents read. Three queries at most, two about what was seen before.

    Args:
        bank: as :func:`load_bank` answers it.
        own_papers: the stored papers of the candidate's earlier attempts.

    Raises:
        Unfillable: the bank cannot fill the blueprint.
    """
    seen = count_questions(own_papers)
    papers, asked = measure_exposure(exam)
    weighed = [
        item._replace(seen=seen.get(item.question, 0), asked=asked.get(item.question, 0))
        if item.question in seen or item.question in asked
        else item
        for item in bank
    ]
    picks = pick(blueprint, weighed, seed, papers=papers)
    contents = recall_contents((one.item.version, one.item.first_asked) for one in picks)
    loaded = []
    for one in picks:
        kind, content = get_type(one.item.type), contents[one.item.version]
        item = one.item._replace(
            options=kind.options(content), shuffled=kind.shuffled, pinned=frozenset(kind.pinned(content))
        )
        loaded.append(Pick(one.section, item, over_cap=one.over_cap))
    return compose(blueprint, loaded, seed, language=language)


def count_questions(papers: Iterable[Mapping[str, Any]]) -> dict[int, int]:
    """In how many of these stored papers each question stood, in whichever version: one query, none without papers."""
    asked: dict[int, int] = {}
    for paper in papers:
        for item in Paper.from_json(paper).questions:
            asked[item.version] = asked.get(item.version, 0) + 1
    questions: dict[int, int] = {}
    if asked:
        for version, question in QuestionVersion.objects.filter(pk__in=asked).values_list("pk", "question_id"):
            questions[question] = questions.get(question, 0) + asked[version]
    return questions


def measure_exposure(exam: Exam) -> tuple[int, dict[int, int]]:
    """How many of the exam's latest papers are looked at, and in how many of them each question stood."""
    found: tuple[int, dict[int, int]] | None = _exposure.get(exam.pk)
    if found is None:
        latest = Attempt.objects.counted().filter(exam=exam).order_by("-started_at").values_list("paper", flat=True)
        papers = list(latest[:EXPOSURE_PAPERS])
        found = (len(papers), count_questions(papers))
        _exposure.set(exam.pk, found, EXPOSURE_KEPT)
    return found
