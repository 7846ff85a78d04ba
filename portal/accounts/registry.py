"""What apps above may have asked together with the person of each request.

Functions are registered on the hook ``accounts_asked_along`` in the app's ``wagtail_hooks.py``, are given the person's id
and the moment, and answer a name and a list of questions. The answers are in ``user.asked_along`` by that name.
"""

HOOK = "accounts_asked_along"
