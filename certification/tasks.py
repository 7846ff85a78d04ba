"""Wake-ups: the services hold the work, the database holds the due times."""

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from certification.models import Programme
from certification.services import attempts, clocks, measuring, qualifications


@shared_task(name="certification.watch_service")
def watch_service() -> None:
    """Look whether candidates can reach the service, and give back the time in which they could not."""
    if clocks.reach(settings.BASE_URL):
        clocks.note_sign_of_life(now=timezone.now())


@shared_task(name="certification.submit_due_attempts")
def submit_due_attempts() -> None:
    attempts.submit_due_attempts(now=timezone.now())


@shared_task(name="certification.grade_waiting_attempts")
def grade_waiting_attempts() -> None:
    attempts.grade_waiting_attempts(now=timezone.now())


@shared_task(name="certification.measure_questions")
def measure_questions() -> None:
    measuring.measure_questions()


@shared_task(name="certification.review_due_qualifications")
def review_due_qualifications() -> None:
    qualifications.review_due_qualifications(now=timezone.now())


@shared_task(name="certification.review_every_qualification")
def review_every_qualification() -> None:
    """Nightly: what comes true by time alone, such as an agreement that was accepted before it came into effect."""
    every = Programme.objects.values_list("pk", flat=True)
    qualifications.review_programmes(every, now=timezone.now())
