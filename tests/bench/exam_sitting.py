"""A sitting as a candidate's browser goes through it: start, page, one save of all answers, submit; and the review.

``exam-start``, ``exam-page``, ``exam-save`` (the whole page at once), ``exam-submit`` (graded, without a pass),
``exam-review``
    each through the whole portal, asked as a web server asks it; ``exam-award`` is a submission that passes.
``exam-sitting``
    the first four one after the other: what is compared with other engines.

The limit is the bare view of :mod:`tests.bench.bare`, in the same rounds.
"""

from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.urls import set_urlconf

from certification.models import AnswerStep, Attempt, Exam, Flag, Grading, QuestionVersion, TimeGiven
from certification.question_types import get_type
from tests.bench.frame import Browser, Contender, Figures, compare
from tests.bench.library_pages import BARE, STOCK_BACKEND, make_handler
from tests.bench.site import Site
from tests.factories.certification import ExamFactory

SIZES = [{"questions": 20}, {"questions": 50}]


class Sitting:
    """One candidate's way through an exam, a step at a time; each step leaves what the next one needs."""

    def __init__(self, browser: Browser, exam: Exam, *, right: bool) -> None:
        self.browser, self.exam, self.right = browser, exam, right
        self.attempt: Attempt | None = None

    def forget(self) -> None:
        """As if nothing had been sat. Answers cannot be deleted otherwise, and that is right."""
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
            for model in (AnswerStep, Flag, Grading, TimeGiven):
                cursor.execute(f"DELETE FROM {model._meta.db_table}")
            for table in ("certification_integrityevent", "certification_credential", "certification_attempt"):
                cursor.execute(f"DELETE FROM {table}")
            cursor.execute("SET session_replication_role = DEFAULT")

    def start(self) -> None:
        self.browser.post(f"/en/exams/{self.exam.slug}/start/", {"language": "en"})
        self.attempt = Attempt.objects.latest("pk")
        self.answers = self._answer()

    def _answer(self) -> dict[str, list[str]]:
        contents = dict(QuestionVersion.objects.values_list("pk", "content"))
        given: dict[str, list[str]] = {}
        for item in self.attempt.drawn.questions:
            kind = get_type(item.type)
            places = kind.give(item.order, kind.right(contents[item.version])) if self.right else {"": ["1"]}
            for part, values in places.items():
                given[f"q{item.position}" + (f"-{part}" if part else "")] = values
        return given

    @property
    def address(self) -> str:
        return f"/en/exams/attempts/{self.attempt.public_id}/"

    def see(self) -> None:
        self.browser.get(self.address)

    def save(self) -> None:
        fields = {"seq": "0", "shown": str(len(self.attempt.drawn.questions)), **self.answers}
        self.browser.post(f"{self.address}save/", fields)

    def submit(self) -> None:
        self.browser.post(f"{self.address}submit/", {})

    def review(self) -> None:
        self.browser.get(f"{self.address}result/")


def run(size: dict[str, Any], *, rounds: int = 15) -> list[Figures]:
    questions = size["questions"]
    site = Site()
    cookies, plain_cookies = site.sign_in(), site.sign_in(STOCK_BACKEND)
    exam = ExamFactory(questions=questions // 2, retake_after_hours=0)
    browser, bare = Browser(WSGIHandler(), cookies), Browser(make_handler(BARE, "tests.bench.bare"), plain_cookies)
    failing, passing = Sitting(browser, exam, right=False), Sitting(browser, exam, right=True)

    def until(sitting: Sitting, *steps: str) -> Any:
        """What has to be done before a step, each time."""

        def prepare() -> None:
            sitting.forget()
            for step in steps:
                getattr(sitting, step)()

        return prepare

    def sit() -> None:
        for step in ("start", "see", "save", "submit"):
            getattr(failing, step)()

    contenders = {
        "session-view": Contender(lambda: bare.get("/"), calls=10),
        "exam-start": Contender(failing.start, until(failing), calls=2),
        "exam-page": Contender(failing.see, until(failing, "start"), calls=2),
        "exam-save": Contender(failing.save, until(failing, "start"), calls=2),
        "exam-submit": Contender(failing.submit, until(failing, "start", "save"), calls=2),
        "exam-award": Contender(passing.submit, until(passing, "start", "save"), calls=2),
        "exam-review": Contender(failing.review, until(failing, "start", "save", "submit"), calls=2),
        "exam-sitting": Contender(sit, until(failing), calls=1),
    }
    try:
        return compare(contenders, size=size, limits=dict.fromkeys(contenders, "session-view"), rounds=rounds)
    finally:
        set_urlconf(None)  # the last application's addresses
