"""Search in pages: Wagtail's own backends, taught which language a text is in.

An index row is made in the language of its page; a question is asked in the language of its reader. Several of Wagtail's
backends side by side would not do, as a page has one index row. ``postgres`` and ``sqlite`` hold one backend each; what
they are asked is an :class:`~portal.content.search.question.Question`.
"""
