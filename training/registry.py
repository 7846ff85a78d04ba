"""What is contributed to training from above.

What an app above training may hang on a course: a link to its exam, say.

Functions are registered on the hook ``training_course_links`` in the app's ``wagtail_hooks.py``, called with the
request and the course page, and answer a list of :class:`CourseLink`.
"""

from dataclasses import dataclass

from django.utils.functional import Promise

HOOK = "training_course_links"

#: The hook that answers an editor's preview of a material as a reader of a tier, since models know no views: one
#: function, called with the page, the request and the tier.
PREVIEW_HOOK = "training_preview"

#: Further buttons of staff on the screen of one session of a webinar or event: functions called with the session and the
#: person, which answer a list of Wagtail's ``HeaderButton``.
SESSION_BUTTONS_HOOK = "training_session_buttons"


@dataclass(frozen=True, slots=True)
class CourseLink:
    """One way on from a course: what it is, why, and where."""

    label: str | Promise
    url: str
    note: str | Promise = ""
    icon: str = "arrow-right"
