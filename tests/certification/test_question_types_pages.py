"""Every type in a sitting and in an examiner's form, without JavaScript: the test client has none."""

import json
from io import BytesIO

import PIL.Image
import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from certification.models import ExamSection, QuestionVersion, SectionQuota
from certification.question_types import get_type
from certification.services.attempts import start_attempt
from certification.services.bank import approve_version, write_version
from certification.services.gradings import read_answers
from tests.certification.controls import read_controls
from tests.certification.samples import SAMPLES, TYPES, type_of
from tests.certification.test_views import post_json, sheet_data
from tests.factories.certification import ExamFactory, QuestionFactory, TopicFactory
from tests.factories.content import ImageFactory
from tests.factories.partners import MembershipFactory, PartnerFactory

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.embedded,
    # Wagtail leaves the file from which it makes a picture's new size to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

#: What may stand in no byte of a sitting: the author's ids, feedback, shares, and answers of texts and numbers.
SECRETS = (
    "KEY", "FEEDBACK", "ОТЗЫВ", "correct", "is_right", "777.", "hello secretly", "call* back", "перезвон", "1/3",
    "0.05000000", "rubric", "unit_penalty", "scoring", "pinned",
)  # fmt: skip


@pytest.fixture
def member():
    return MembershipFactory(partner=PartnerFactory(agreed=True))


def make_picture():
    """A picture that is sent in another size than it was given."""
    file = BytesIO()
    PIL.Image.new("RGB", (1600, 900), "#345").save(file, "PNG")
    return ImageFactory(title="KEY picture", file=ContentFile(file.getvalue(), name="KEY.png"))


def content_with(picture, name):
    return SAMPLES[name] | ({"image": picture.pk} if "image" in SAMPLES[name] else {})


@pytest.fixture
def attempt(member):
    """A sitting with every sample."""
    picture = make_picture()
    exam = ExamFactory(questions=0)
    exam.sections.all().delete()
    topic = TopicFactory()
    section = ExamSection.objects.create(exam=exam, title={"en": "All"}, pass_percent=0)
    SectionQuota.objects.create(section=section, topic=topic, count=len(SAMPLES))
    for name in SAMPLES:
        question = QuestionFactory(topic=topic, type=type_of(name).name)
        version = write_version(question, content=content_with(picture, name), by=None, now=timezone.now())
        approve_version(version, by=None, now=timezone.now())
    return start_attempt(member, exam=exam, seed=5, now=timezone.now())


@pytest.fixture
def visitor(client, member):
    client.force_login(member.user)
    return client


def url(name, attempt, *args):
    return reverse(f"certification:{name}", args=[attempt.public_id, *args])


def find_position(attempt, kind):
    return next(item.position for item in attempt.drawn.questions if item.type == kind)


def give_everything(attempt):
    """A faultless paper, and an essay."""
    contents = dict(QuestionVersion.objects.values_list("pk", "content"))
    given = {}
    for item in attempt.drawn.questions:
        kind = get_type(item.type)
        right = kind.right(contents[item.version])
        given[item.position] = kind.give(item.order, {"text": "It pays.\nIn a year."} if right is None else right)
    return given


def answers_in(data):
    return {name: sorted(values) for name, values in data.items() if name[0] == "q" and any(values)}


def test_answers_of_every_type_are_saved_shown_again_and_worth_the_whole_mark(visitor, attempt):
    everything = give_everything(attempt)
    visitor.post(url("save", attempt), sheet_data(attempt, everything))
    assert len(read_answers(attempt)) == len(SAMPLES)
    page = visitor.get(url("attempt", attempt)).content.decode()
    assert answers_in(read_controls(page)) == answers_in(sheet_data(attempt, everything))
    before = len(read_answers(attempt))
    visitor.post(url("save", attempt), read_controls(page) | {"shown": len(SAMPLES)})
    assert len(read_answers(attempt)) == before
    contents = dict(QuestionVersion.objects.values_list("pk", "content"))
    answers = read_answers(attempt)
    marks = {
        item.type: get_type(item.type).mark(contents[item.version], answers[item.position])
        for item in attempt.drawn.questions
    }
    assert marks == {**dict.fromkeys(TYPES, 1), "essay": None}


def test_each_part_is_saved_as_the_exam_sheet_sends_it(visitor, attempt):
    position = find_position(attempt, "matching")
    order = attempt.drawn.questions[position - 1].order
    response = post_json(visitor, attempt, position=position, seq=1, **{"response-1": "1", "response-3": "2"})
    assert response.status_code == 200
    things = [key for key in order if ":" not in key]
    choices = [key for key in order if ":" in key]
    assert read_answers(attempt)[position] == {things[0]: choices[0], things[2]: choices[1]}
    assert post_json(visitor, attempt, position=position, seq=2, **{"response-9": "1"}).status_code == 409
    position = find_position(attempt, "essay")
    assert post_json(visitor, attempt, position=position, seq=3, response="a\x00b").status_code == 409
    assert post_json(visitor, attempt, position=position, seq=3, response="a" * 20_001).status_code == 409
    assert post_json(visitor, attempt, position=position, seq=3, response="Well.").status_code == 200
    assert post_json(visitor, attempt, position=position, seq=4).status_code == 200
    assert read_answers(attempt)[position] == []


def test_a_question_s_own_button_saves_and_comes_back_to_it(visitor, attempt):
    response = visitor.post(url("save", attempt), sheet_data(attempt, {}) | {"at": "7"})
    assert response.url == url("attempt", attempt) + "#q7"
    response = visitor.post(
        url("save", attempt), sheet_data(attempt, {}) | {"at": "//evil.example", "then": "//evil.example"}
    )
    assert response.url == url("attempt", attempt)


def test_no_key_of_any_type_reaches_the_browser(visitor, attempt):
    wrong = {item.position: get_type(item.type).give(item.order, []) for item in attempt.drawn.questions}
    pictures = [item.position for item in attempt.drawn.questions if item.type == "areas"]
    responses = [
        visitor.get(url("attempt", attempt)),
        visitor.get(url("attempt", attempt).replace("/en/", "/ru/")),
        *(visitor.get(url("picture", attempt, position)) for position in pictures),
        *(
            post_json(visitor, attempt, position=item.position, seq=item.position, **first_choice(item))
            for item in attempt.drawn.questions
        ),
        visitor.get(url("attempt", attempt)),
        visitor.post(url("save", attempt), sheet_data(attempt, wrong, 50), follow=True),
        visitor.get(url("submit", attempt)),
    ]
    assert all(response.status_code in {200, 409} for response in responses)
    for response in responses:
        body = b"".join(response.streaming_content) if response.streaming else response.content
        seen = (body + json.dumps(dict(response.headers)).encode()).decode(errors="replace")
        for secret in SECRETS:
            assert secret not in seen, secret


def first_choice(item):
    kind = get_type(item.type)
    if item.type in {"short", "numeric", "essay"}:
        return {"response": "5"}
    parts = kind.give(item.order, [])
    return {"response": "1"} if "" in parts else {f"response-{part}": "1" for part in parts}


def test_a_picture_is_open_to_whoever_is_asked_about_it(client, visitor, attempt):
    position = find_position(attempt, "areas")
    response = visitor.get(url("picture", attempt, position))
    assert response.status_code == 200
    assert response["Content-Type"].startswith("image/")
    assert "private" in response["Cache-Control"]
    assert b"".join(response.streaming_content).startswith(b"\x89PNG")
    assert visitor.get(url("picture", attempt, find_position(attempt, "essay"))).status_code == 404
    assert visitor.get(url("picture", attempt, 999)).status_code == 404
    client.force_login(MembershipFactory(partner=attempt.membership.partner).user)
    assert client.get(url("picture", attempt, position)).status_code == 404


def test_a_picture_that_was_deleted_leaves_the_question_answerable(visitor, attempt):
    ImageFactory._meta.model.objects.all().delete()
    page = visitor.get(url("attempt", attempt)).content.decode()
    assert "<img" not in page
    assert visitor.get(url("picture", attempt, find_position(attempt, "areas"))).status_code == 404


def test_pictures_cost_one_query_whatever_their_number(visitor, attempt, member):
    plain = start_attempt(member, exam=ExamFactory(questions=2), seed=1, now=timezone.now())
    costs = []
    for one in (plain, attempt):
        visitor.get(url("attempt", one))
        with CaptureQueriesContext(connection) as queries:
            visitor.get(url("attempt", one))
        costs.append(len(queries))
    assert costs[1] == costs[0] + 1


def test_the_sheet_speaks_russian_and_reads_numbers_by_the_page_s_language(visitor, attempt):
    position = find_position(attempt, "numeric")
    post_json(visitor, attempt, position=position, seq=1, response="1,000")
    assert read_answers(attempt)[position] == {"text": "1,000", "language": "en"}
    address = url("save", attempt).replace("/en/", "/ru/")
    data = {"position": position, "seq": 2, "response": "1,000"}
    visitor.post(address, data, headers={"accept": "application/json"})
    assert read_answers(attempt)[position] == {"text": "1,000", "language": "ru"}


# --- The examiner's form ---------------------------------------------------------------------------------------------


def test_a_new_question_begins_with_the_choice_of_its_type(admin):
    page = admin.get(reverse("questions:add")).content.decode()
    for name in TYPES:
        assert f"?type={name}" in page
        form = admin.get(reverse("questions:add") + f"?type={name}")
        assert form.status_code == 200
        assert f"?type={name}" in form.content.decode()
    assert admin.post(reverse("questions:add"), {"slug": "x"}).url == reverse("questions:add")


@pytest.mark.parametrize("name", SAMPLES)
def test_the_form_of_each_type_gives_back_the_content_it_was_filled_with(admin, name):
    question = QuestionFactory(type=type_of(name).name)
    content = content_with(make_picture(), name)
    write_version(question, content=content, by=None, now=timezone.now())
    address = reverse("questions:edit", args=[question.pk])
    data = read_controls(admin.get(address).content.decode())
    response = admin.post(address, data)
    assert response.status_code == 302, response.context["form"].errors
    assert QuestionVersion.objects.get().content == content
    # And made anew from what the form says, with ids of the portal's own.
    new = {**data, "slug": ["another"]}
    response = admin.post(reverse("questions:add") + f"?type={type_of(name).name}", new)
    assert response.status_code == 302, response.context["form"].errors
    again = QuestionVersion.objects.exclude(question=question).get()
    assert type_of(name).problems(again.content) == ()
    assert without_ids(again.content) == without_ids(content)


def without_ids(value):
    if isinstance(value, list):
        return [without_ids(one) for one in value]
    if isinstance(value, dict):
        return {key: without_ids(one) for key, one in value.items() if key != "id"}
    return value


def test_a_row_keeps_its_id_when_another_is_taken_out_and_a_new_one_gets_its_own(admin):
    question = QuestionFactory(type="ordering")
    write_version(question, content=SAMPLES["ordering"], by=None, now=timezone.now())
    address = reverse("questions:edit", args=[question.pk])
    data = read_controls(admin.get(address).content.decode())
    data |= {"items_1_text_en": [""], "items_1_text_ru": [""], "items_5_text_en": ["Step e"]}
    assert admin.post(address, data).status_code == 302
    assert [row["id"] for row in QuestionVersion.objects.get().content["items"]] == ["KEYa", "KEYd", "KEYb", "i1"]


def test_what_cannot_be_read_is_refused_at_its_field_and_loses_nothing(admin):
    question = QuestionFactory(type="cloze")
    write_version(question, content=SAMPLES["cloze"], by=None, now=timezone.now())
    address = reverse("questions:edit", args=[question.pk])
    data = read_controls(admin.get(address).content.decode())
    data |= {"gaps_3_choices_ru": ["=писать"], "gaps_1_accepted": ["%much%5"], "scoring_floor": ["half"]}
    response = admin.post(address, data)
    assert set(response.context["form"].errors) == {"gaps_3_choices", "gaps_1_accepted", "scoring_floor"}
    assert "%much%5" in response.content.decode()
    assert QuestionVersion.objects.get().content == SAMPLES["cloze"]


def test_shares_are_written_as_percentages_or_fractions(admin):
    question = QuestionFactory(type="short")
    write_version(question, content=SAMPLES["short"], by=None, now=timezone.now())
    address = reverse("questions:edit", args=[question.pk])
    data = read_controls(admin.get(address).content.decode())
    assert data["answers_3_share"] == ["50"]
    admin.post(address, data | {"answers_3_share": ["33,5 %"], "answers_4_share": ["1/3"]})
    shares = [row.get("share") for row in QuestionVersion.objects.get().content["answers"]]
    assert shares == [None, None, "67/200", "1/3"]
