"""What training tells upward."""

from portal.core.facts import FactType

#: A person has completed every lesson of a course that is open to them; once per person and course.
course_completed = FactType("course_completed", ids=("enrolment_ids",))
#: With these ratings cards became weak: their answers fail on calls. Once per spell of weakness.
cards_found_weak = FactType("cards_found_weak", ids=("rating_ids",))
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
