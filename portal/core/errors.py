"""The one error a person may meet: it says why, and what would change it."""

from django.utils.functional import Promise


class Refusal(Exception):
    """Something a person asked for cannot be done.

    Args:
        message: why, as a translatable sentence for the person who asked.
        remedy: what would change the answer; may be empty where nothing would.
        code: a short stable word for tests and logs.
    """

    status = 409

    def __init__(self, message: str | Promise, *, remedy: str | Promise = "", code: str = "refused") -> None:
        super().__init__(str(message))
        self.message = message
        self.remedy = remedy
        self.code = code


class NotAllowed(Refusal):
    """The person may not do this at all (as opposed to: not now)."""

    status = 403
