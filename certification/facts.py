"""What certification tells the apps above it."""

from portal.core.facts import FactType

#: A person passed: the credential is theirs.
credentials_awarded = FactType("credentials_awarded", ids=("credential_ids",))
#: Staff took a credential back.
credentials_revoked = FactType("credentials_revoked", ids=("credential_ids",))
#: A person chose for which of their partners a credential counts; the memberships are the new ones, in the same order.
credentials_counted = FactType("credentials_counted", ids=("credential_ids", "membership_ids"))
#: A partner meets a programme's requirement: its gate is open.
partners_qualified = FactType("partners_qualified", ids=("qualification_ids",))
#: A partner no longer meets it: the gate is closed.
qualifications_lapsed = FactType("qualifications_lapsed", ids=("qualification_ids",))
#: Staff changed what a programme asks: everyone is to be assessed again.
requirements_changed = FactType("requirements_changed", ids=("programme_ids",))
#: Attempts have been graded: by the engine alone, or after people had marked what they mark.
attempts_graded = FactType("attempts_graded", ids=("attempt_ids",))
#: Of these, attempts whose people had to wait until others had marked their answers: who was graded at once has seen it.
attempts_marked = FactType("attempts_marked", ids=("attempt_ids",))
#: Attempts have answers that people are to mark.
attempts_awaiting_marking = FactType("attempts_awaiting_marking", ids=("attempt_ids",))
#: Staff have let attempts count for nothing.
attempts_voided = FactType("attempts_voided", ids=("attempt_ids",))
#: Staff have stopped an exam; those who sit it stand still.
exams_halted = FactType("exams_halted", ids=("halt_ids",))
#: A halted exam goes on.
exams_resumed = FactType("exams_resumed", ids=("halt_ids",))
#: The service could not be reached for a while, and those who were sitting have that time back.
service_interrupted = FactType("service_interrupted", ids=("outage_ids",))
#: Candidates say that a question is broken.
questions_reported = FactType("questions_reported", ids=("report_ids",))
#: Such notes have been answered.
reports_answered = FactType("reports_answered", ids=("report_ids",))
#: What approved questions cite has changed materially: somebody is to look at them.
questions_doubted = FactType("questions_doubted", ids=("check_ids",))
#: Staff have withdrawn question versions at once, also from the papers of those who sit with them.
questions_withdrawn = FactType("questions_withdrawn", ids=("version_ids",))
#: Two markers disagree about answers; a third decides.
markers_disagreed = FactType("markers_disagreed", ids=("task_ids",))
