"""The root page of each language's tree."""

from portal.content.models import BasePage


class HomePage(BasePage):
    """A language's home. Its address answers with the reader's dashboard (see ``wagtail_hooks``)."""

    subpage_types = ["training.LibraryPage", "training.CourseIndexPage"]
    max_count_per_parent = 1
