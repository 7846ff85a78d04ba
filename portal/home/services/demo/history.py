"""What happened to the library before the load: looked through, changed, read, rated and remarked on.

Done by the services that the pages call, each at its own moment of the past, so that boards and reports have something
to tell. Only the moments of publishing are put back by hand: Wagtail takes them from the clock.
"""

from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any

from wagtail.models import Page, Revision

from portal.accounts.models import User
from portal.home.services.demo.files import LANGUAGES, block_id, read_toml
from portal.home.services.demo.library import LibraryLoader
from portal.partners.models import Membership
from training.models import Change, MaterialPage
from training.services.changes import address_readers, open_change
from training.services.pins import pin_material
from training.services.ratings import rate_card
from training.services.reading import record_visit
from training.services.remarks import close_remark, make_remark
from training.services.upkeep import verify_material


class HistoryLoader:
    """Tells ``history.toml`` in the order of time."""

    def __init__(
        self,
        library: LibraryLoader,
        memberships: dict[tuple[str, str], Membership],
        *,
        editor: User,
        now: datetime,
    ) -> None:
        self.library = library
        self.members = {email: membership for (_partner, email), membership in memberships.items()}
        self.editor = editor
        self.now = now
        self.rows = read_toml("history.toml")

    def load(self) -> None:
        self._put_back()
        self._verify()
        self._visit(before_changes=True)
        self._change()
        self._visit(before_changes=False)
        self._rate()
        self._remark()

    def _ago(self, days: int) -> datetime:
        return self.now - timedelta(days=days)

    def _page(self, language: str, target: str) -> MaterialPage:
        return self.library.pages[language, target]

    def _own_page(self, membership: Membership, target: str) -> MaterialPage:
        return self._page(membership.user.language, target)

    def _put_back(self) -> None:
        moment = self._ago(self.rows["published_days_ago"])
        Change.objects.update(published_at=moment)
        Revision.objects.page_revisions().update(created_at=moment)
        Page.objects.exclude(first_published_at=None).update(
            first_published_at=moment, last_published_at=moment, latest_revision_created_at=moment
        )

    def _verify(self) -> None:
        days = {target: row["days_ago"] for row in self.rows["verified"] for target in row["materials"]}
        for (_language, target), page in self.library.pages.items():
            ago = days.get(target, self.rows["verified_days_ago"])
            verify_material(page, by=self.editor, now=self._ago(ago))

    def _change(self) -> None:
        """Publish what has been changed since, and address those who had read it."""
        for row in self.rows["changes"]:
            moment = self._ago(row["days_ago"])
            for language in LANGUAGES:
                page = self.library.publish_change(language, row["material"], line=row["line"][language])
                change = Change.objects.filter(page=page).latest("pk")
                Change.objects.filter(pk=change.pk).update(published_at=moment)
                Page.objects.filter(pk=page.pk).update(last_published_at=moment, latest_revision_created_at=moment)
                page.verifications.filter(verified_at__gt=moment).delete()  # of today, by the clock
                verify_material(page, by=self.editor, now=moment)
                address_readers([change.pk], now=moment)

    def _visit(self, *, before_changes: bool) -> None:
        changed = max(row["days_ago"] for row in self.rows["changes"])
        for row in self.rows["readings"]:
            member = self.members[row["by"]]
            page = self._own_page(member, row["material"])
            visits = [days for days in sorted(row["days_ago"], reverse=True) if (days > changed) == before_changes]
            for days in visits:
                record_visit(member.user, member, page, self._ago(days))
                open_change(member.user.pk, page_id=page.pk, now=self._ago(days))
            if visits and row.get("pinned") and not before_changes:
                pin_material(page, membership=member, by=member.user, now=self._ago(visits[-1]))

    def _rate(self) -> None:
        calls: list[dict[str, Any]] = [
            {**call, "card": row["card"], "worked": worked}
            for row in self.rows["ratings"]
            for worked in (True, False)
            for call in row["good" if worked else "bad"]
        ]
        for call in sorted(calls, key=itemgetter("days_ago"), reverse=True):
            member = self.members[call["by"]]
            rate_card(
                self._own_page(member, call["card"]),
                membership=member,
                worked=call["worked"],
                words=call.get("words", ""),
                now=self._ago(call["days_ago"]),
            )

    def _remark(self) -> None:
        for row in self.rows["remarks"]:
            member = self.members[row["by"]]
            slug = row["material"].partition(":")[2]
            remark = make_remark(
                self._own_page(member, row["material"]),
                block_id=block_id(slug, row["anchor"]),
                kind=row["kind"],
                words=row["words"],
                membership=member,
                by=member.user,
                now=self._ago(row["days_ago"]),
            )
            if "outcome" in row:
                close_remark(
                    remark,
                    outcome=row["outcome"],
                    answer=row["answer"],
                    by=self.editor,
                    now=self._ago(row["closed_days_ago"]),
                )
