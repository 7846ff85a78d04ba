"""The demo: a fictional vendor with everything that the journey from a lesson to a lead needs.

1. The vendor's rows, its staff and their roles.
2. Partners, members, agreements.
3. The library and the course, in every language.
4. The bank, the exams, the programme; then progress and credentials, and each partner's qualification.
5. Sources and routes; what became of earlier leads, day by day.
6. What happened to the library since: looked through, changed, read, rated, remarked on.
7. Learning: paths and due dates, seasons of webinars with who came and what they asked, the event.
8. New leads come in by the same service as everywhere, and are distributed.
9. Somebody will be away, and something is contested.
"""

from dataclasses import dataclass

from celery import current_app as app
from django.db import transaction
from django.utils import timezone, translation

from portal.core.localised import LocalisedText
from portal.home.services.demo.bank import BankLoader
from portal.home.services.demo.exams import load_exams, load_programme, load_progress, open_to_holders, review_everyone
from portal.home.services.demo.files import read_toml
from portal.home.services.demo.history import HistoryLoader
from portal.home.services.demo.leads import load_leads, load_routes
from portal.home.services.demo.learning import LearningLoader
from portal.home.services.demo.library import LibraryLoader
from portal.home.services.demo.past import BEGAN, PastLoader, load_open_matters
from portal.home.services.demo.people import load_agreements, load_partners, load_rows, load_staff
from portal.home.services.demo.sittings import load_sittings
from portal.home.services.roles import CHANNEL_MANAGERS, EDITORS, EXAMINERS, set_up_roles
from portal.partners.models import Partner

#: Printed at start and good for nothing but the demo.
DEMO_PASSWORD = "guildhall-demo"  # noqa: S105 -- printed at start


@dataclass(frozen=True)
class SignIn:
    """Someone to sign in as."""

    email: str
    who: str


def demo_is_loaded() -> bool:
    return Partner.objects.exists()


def demo_sign_ins(language: str = "en") -> list[SignIn]:
    return [
        SignIn(row["email"], f"{LocalisedText(row['label']).in_language(language)} - {row['note'][language]}")
        for row in read_toml("people.toml")["signins"]
    ]


def load_demo() -> None:
    """Load everything or nothing. What the demo announces (leads received) is handled here, after the commit."""
    now = timezone.now()
    eager = app.conf.task_always_eager
    app.conf.task_always_eager = True  # nobody else runs yet
    try:
        with translation.override("en"), transaction.atomic():
            set_up_roles()
            load_rows()
            staff = load_staff(DEMO_PASSWORD)
            load_agreements(now=now)
            memberships = load_partners(DEMO_PASSWORD, now=now)
            library = LibraryLoader(editor=staff[EDITORS], now=now)
            library.load()
            BankLoader(library, examiner=staff[EXAMINERS], now=now).load()
            load_exams()
            open_to_holders()
            programme = load_programme()
            load_progress(memberships, now=now)
            load_routes(now=now - BEGAN)
            PastLoader(staff=staff[CHANNEL_MANAGERS], now=now).load(programme)
            review_everyone(programme, now=now)
            HistoryLoader(library, memberships, editor=staff[EDITORS], now=now).load()
            LearningLoader(library, memberships, editor=staff[EDITORS], now=now).load()
            load_sittings(memberships, examiner=staff[EXAMINERS], now=now)
            load_leads(now=now)
            load_open_matters(memberships, now=now)
    finally:
        app.conf.task_always_eager = eager
