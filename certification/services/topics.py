"""The tree of topics, as it is walked and named: read only."""

from collections.abc import Mapping
from dataclasses import dataclass

from certification.models import Topic
from training.circles import find_circle


@dataclass(frozen=True, slots=True)
class Branch:
    """A topic in its tree; ``depth`` is 0 for one that is part of no other."""

    topic: Topic
    depth: int

    @property
    def label(self) -> str:
        """Its name, set in by its depth, for lists to choose from."""
        return "\u00a0\u00a0\u00a0\u00a0" * self.depth + str(self.topic)


def list_branches() -> list[Branch]:
    """Every topic in the order of the tree, those of one parent by name: one query."""
    children: dict[int | None, list[Topic]] = {}
    for topic in Topic.objects.order_by("slug"):
        children.setdefault(topic.parent_id, []).append(topic)
    found: list[Branch] = []

    def walk(parent: int | None, depth: int) -> None:
        for topic in sorted(children.pop(parent, []), key=lambda topic: str(topic).casefold()):
            found.append(Branch(topic, depth))
            walk(topic.pk, depth + 1)

    walk(None, 0)
    while children:  # a circle has no beginning: it is shown from anywhere
        walk(next(iter(children)), 0)
    return found


def find_topic_circle(topic: Topic, parent: Topic | None) -> list[Topic]:
    """The way from the topic up to itself if it were part of ``parent``, itself at both ends; empty where there is none."""
    if parent is None or topic.pk is None:
        return []
    topics: Mapping[int, Topic] = Topic.objects.in_bulk()
    above = {pk: [row.parent_id] for pk, row in topics.items() if row.parent_id}
    return [topics[pk] for pk in find_circle({**above, topic.pk: [parent.pk]}, topic.pk)]
