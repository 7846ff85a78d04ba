"""Wake-ups. One line each: the services hold the work, and the database every due time."""

from celery import shared_task
from django.utils import timezone

from training.notices import courses, library, webinars
from training.services import dues, importing, searching


@shared_task(name="training.remind_owners")
def remind_owners() -> None:
    library.remind_owners(now=timezone.now())


@shared_task(name="training.forget_imports")
def forget_imports() -> None:
    importing.forget_imports(now=timezone.now())


@shared_task(name="training.forget_searches")
def forget_searches() -> None:
    searching.forget_searches(now=timezone.now())


@shared_task(name="training.remind_of_sessions")
def remind_of_sessions() -> None:
    webinars.remind_people(now=timezone.now())


@shared_task(name="training.review_dues")
def review_dues() -> None:
    dues.review_dues(now=timezone.now())


@shared_task(name="training.remind_of_dues")
def remind_of_dues() -> None:
    courses.remind_of_dues(now=timezone.now())
