"""What training tells upward."""

from portal.core.facts import FactType

#: A person has completed every lesson of a course that is open to them; once per person and course.
course_completed = FactType("course_completed", ids=("enrolment_ids",))
#: People have been let off lessons that they need not study.
lessons_waived = FactType("lessons_waived", ids=("completion_ids",))
#: A head has reminded one of their people of a course.
people_nudged = FactType("people_nudged", ids=("nudge_ids",))
#: With these ratings cards became weak: their answers fail on calls. Once per spell of weakness.
cards_found_weak = FactType("cards_found_weak", ids=("rating_ids",))
#: With these uses their cards began to lose clearly more deals than cards commonly do.
cards_found_losing = FactType("cards_found_losing", ids=("use_ids",))
#: A member has made a page for a customer.
materials_shared = FactType("materials_shared", ids=("share_ids",))
#: Somebody opened such a page for the first time.
shares_opened = FactType("shares_opened", ids=("share_ids",))
#: A material change of materials has been published; one entry of each list for each page.
material_changed = FactType("material_changed", ids=("page_ids", "revision_ids", "change_ids"))
#: An editor has had those reminded who have not opened a changed page.
readers_reminded = FactType("readers_reminded", ids=("change_ids",))
#: A reader says that a paragraph is wrong, out of date, or did not work on a call.
remarks_made = FactType("remarks_made", ids=("remark_ids",))
#: Such a remark has come to its end: the text was mended, or stays as it is.
remarks_closed = FactType("remarks_closed", ids=("remark_ids",))
#: Dates of a webinar series or an event have been published: a whole season, or one by itself.
sessions_published = FactType("sessions_published", ids=("session_ids",))
#: Sessions have been moved to another time.
sessions_moved = FactType("sessions_moved", ids=("session_ids",))
#: What calendars say of sessions has been changed, such as the topic or the speakers; not their time.
sessions_changed = FactType("sessions_changed", ids=("session_ids",))
#: Sessions have been cancelled.
sessions_cancelled = FactType("sessions_cancelled", ids=("session_ids",))
#: People have got a seat at a session: at once, or from the waiting list.
seats_given = FactType("seats_given", ids=("registration_ids",))
#: People have come to stand on the waiting list of a session.
waiting_lists_joined = FactType("waiting_lists_joined", ids=("registration_ids",))
#: People have given back their seat, or their place on the waiting list.
registrations_cancelled = FactType("registrations_cancelled", ids=("registration_ids",))
#: Questions to the speakers of a session have been answered.
questions_answered = FactType("questions_answered", ids=("question_ids",))
#: A provider's report of a session has been read in, and the minutes of its people are counted.
attendance_read = FactType("attendance_read", ids=("file_ids",))
#: People say that their attendance of a session is not right.
corrections_asked = FactType("corrections_asked", ids=("correction_ids",))
#: Such corrections have come to their end: counted, or declined with a reason.
corrections_closed = FactType("corrections_closed", ids=("correction_ids",))
