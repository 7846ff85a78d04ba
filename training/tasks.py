"""Wake-ups. One line each: the services hold the work, and the database every due time."""

from celery import shared_task
from django.utils import timezone

from training.notices import library
from training.services import importing, searching


@shared_task(name="training.remind_owners")
def remind_owners() -> None:
    library.remind_owners(now=timezone.now())


@shared_task(name="training.forget_imports")
def forget_imports() -> None:
    importing.forget_imports(now=timezone.now())


@shared_task(name="training.forget_searches")
def forget_searches() -> None:
    searching.forget_searches(now=timezone.now())
