"""A sitting as a candidate's browser goes through it: start, page, one save of all answers, submit; and the review.

``exam-start``, ``exam-page``, ``exam-save`` (the whole page at once), ``exam-submit`` (graded, without a pass),
``exam-review``
    each through the whole portal, asked as a web server asks it; ``exam-award`` is a submission that passes.
``exam-sitting``
    the first four one after the other: what is compared with other engines.

What follows a submission is left to the workers, as it is in production.

The limit is the bare view of :mod:`tests.bench.bare`, in the same rounds.
"""

from typing import Any

from celery import current_app
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

    def __init__(self, browser: Browser, exam: Exam, *, total: int, right: bool) -> None:
        self.browser, self.exam, self.total, self.right = browser, exam, total, right
        self.address = ""
        self.answers: dict[str, list[str]] = {}

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
        self.address = self.browser.post(f"/en/exams/{self.exam.slug}/start/", {"language": "en"})

    def think(self) -> None:
        """Choose the answers: the right ones, or of each question the first that there is."""
        self.answers = {f"q{position}": ["1"] for position in range(1, self.total + 1)}
        if self.right:
            attempt = Attempt.objects.latest("pk")
            contents = dict(QuestionVersion.objects.values_list("pk", "content"))
            for item in attempt.drawn.questions:
                kind = get_type(item.type)
                places = kind.give(item.order, kind.right(contents[item.version]))
                self.answers |= {
                    f"q{item.position}" + (f"-{part}" if part else ""): values for part, values in places.items()
                }

    def see(self) -> None:
        self.browser.get(self.address)

    def save(self) -> None:
        fields = {"seq": "0", "shown": str(self.total), **self.answers}
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
    failing = Sitting(browser, exam, total=questions, right=False)
    passing = Sitting(browser, exam, total=questions, right=True)

    def until(sitting: Sitting, *steps: str) -> Any:
        """What has to be done before a step, each time."""

        def prepare() -> None:
            sitting.forget()
            for step in steps:
                getattr(sitting, step)()

        return prepare

    def sit() -> None:
        for step in ("start", "think", "see", "save", "submit"):
            getattr(failing, step)()

    contenders = {
        "session-view": Contender(lambda: bare.get("/"), calls=10),
        "exam-start": Contender(failing.start, until(failing), calls=2),
        "exam-page": Contender(failing.see, until(failing, "start", "think"), calls=2),
        "exam-save": Contender(failing.save, until(failing, "start", "think"), calls=2),
        "exam-submit": Contender(failing.submit, until(failing, "start", "think", "save"), calls=2),
        "exam-award": Contender(passing.submit, until(passing, "start", "think", "save"), calls=2),
        "exam-review": Contender(failing.review, until(failing, "start", "think", "save", "submit"), calls=2),
        "exam-sitting": Contender(sit, until(failing), calls=1),
    }
    current_app.conf.task_always_eager = False  # what follows a submission is a worker's, as in production
    try:
        return compare(contenders, size=size, limits=dict.fromkeys(contenders, "session-view"), rounds=rounds)
    finally:
        current_app.conf.task_always_eager = True
        set_urlconf(None)  # the last application's addresses
