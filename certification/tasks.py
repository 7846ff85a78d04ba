"""Wake-ups: the services hold the work, the database holds the due times."""

from celery import shared_task
from django.utils import timezone

from certification.models import Programme
from certification.services import attempts, qualifications


@shared_task(name="certification.submit_due_attempts")
def submit_due_attempts() -> None:
    attempts.submit_due_attempts(now=timezone.now())


@shared_task(name="certification.review_due_qualifications")
def review_due_qualifications() -> None:
    qualifications.review_due_qualifications(now=timezone.now())


@shared_task(name="certification.review_every_qualification")
def review_every_qualification() -> None:
    """Nightly: what comes true by time alone, such as an agreement that was accepted before it came into effect."""
    every = Programme.objects.values_list("pk", flat=True)
    qualifications.review_programmes(every, now=timezone.now())
