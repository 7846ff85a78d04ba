"""What training tells upward."""

from portal.core.facts import FactType

#: A person has completed every lesson of a course that is open to them; once per person and course.
course_completed = FactType("course_completed", ids=("enrolment_ids",))
