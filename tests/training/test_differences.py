"""What changed between two versions, block by block and word by word: pure rules."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from training.differences import Block, Kind, Run, RunKind, compare_blocks, compare_words

texts = st.text(alphabet="ab .,\nяй1", max_size=60)
blocks = st.lists(st.builds(Block, st.sampled_from("abcdefgh"), st.sampled_from(["One", "Two"]), texts), max_size=9)


def named(*ids: str, **texts: str) -> list[Block]:
    return [Block(id, "Part", texts.get(id, f"Text of {id}.")) for id in ids]


def kinds(before: list[Block], after: list[Block]) -> list[tuple[str, str]]:
    return [(found.id, found.kind.value) for found in compare_blocks(before, after)]


class TestBlocks:
    def test_equal_versions_differ_in_nothing(self):
        assert compare_blocks(named("a", "b"), named("a", "b")) == []

    def test_what_came_in_what_went_and_what_reads_otherwise_is_told_in_reading_order(self):
        found = compare_blocks(named("a", "b", "c"), named("new", "a", "c", c="Another text."))
        assert [(part.id, part.kind) for part in found] == [
            ("new", Kind.ADDED), ("b", Kind.REMOVED), ("c", Kind.CHANGED),
        ]  # fmt: skip
        assert (found[2].before, found[2].after) == ("Text of c.", "Another text.")

    def test_what_was_removed_at_the_beginning_stands_at_the_beginning(self):
        assert kinds(named("a", "b"), named("b")) == [("a", "removed")]

    def test_moved_are_the_fewest_blocks_that_explain_the_new_order(self):
        assert kinds(named("a", "b", "c", "d"), named("b", "c", "d", "a")) == [("a", "moved")]

    def test_what_slid_down_behind_something_new_has_not_moved(self):
        assert kinds(named("a", "b"), named("new", "a", "b")) == [("new", "added")]

    def test_a_heading_that_changed_changes_the_block(self):
        after = [Block("a", "Another part", "Text of a.")]
        assert [part.kind for part in compare_blocks(named("a"), after)] == [Kind.CHANGED]

    def test_a_text_imported_anew_under_other_ids_has_not_changed(self):
        after = [Block(f"x{number}", block.label, block.text) for number, block in enumerate(named("a", "b"))]
        assert compare_blocks(named("a", "b"), after) == []

    def test_blocks_that_share_an_id_are_told_apart(self):
        before = [Block("a", "Part", "One."), Block("a", "Part", "Two.")]
        assert [(part.kind, part.before) for part in compare_blocks(before, before[:1])] == [(Kind.REMOVED, "Two.")]

    @given(blocks)
    def test_nothing_changes_between_a_version_and_itself(self, version):
        assert compare_blocks(version, version) == []

    @given(blocks, blocks)
    def test_each_block_of_either_version_is_told_of_once_at_most(self, before, after):
        ids = [part.id for part in compare_blocks(before, after)]
        assert len(ids) == len(set(ids))

    @given(blocks, blocks)
    def test_counting_in_and_out_leads_from_one_version_to_the_other(self, before, after):
        found = compare_blocks(before, after)
        count = {kind: sum(part.kind == kind for part in found) for kind in Kind}
        assert len(before) - count[Kind.REMOVED] + count[Kind.ADDED] == len(after)

    @given(blocks, blocks)
    def test_looked_at_from_the_other_end_what_came_in_went(self, before, after):
        there, back = compare_blocks(before, after), compare_blocks(after, before)
        came = sorted((part.label, part.after) for part in there if part.kind == Kind.ADDED)
        went = sorted((part.label, part.before) for part in back if part.kind == Kind.REMOVED)
        assert came == went


class TestWords:
    def test_only_the_words_that_changed_are_marked(self):
        assert compare_words("Answer within two days, always.", "Answer within one day, always.") == [
            Run(RunKind.SAME, "Answer within "),
            Run(RunKind.GONE, "two days"),
            Run(RunKind.NEW, "one day"),
            Run(RunKind.SAME, ", always."),
        ]

    def test_texts_without_a_word_in_common_are_replaced_whole(self):
        assert compare_words("yes", "no") == [Run(RunKind.GONE, "yes"), Run(RunKind.NEW, "no")]

    @given(texts, texts)
    def test_the_runs_give_back_both_texts(self, before, after):
        runs = compare_words(before, after)
        assert "".join(run.text for run in runs if run.kind != RunKind.NEW) == before
        assert "".join(run.text for run in runs if run.kind != RunKind.GONE) == after

    @given(texts, texts)
    def test_no_run_is_empty_and_no_two_of_a_kind_follow_each_other(self, before, after):
        runs = compare_words(before, after)
        assert all(run.text for run in runs)
        changed = [(one.kind, two.kind) for one, two in pairwise(runs)]
        assert all(one != two for one, two in changed if one != RunKind.SAME)

    @given(texts)
    def test_a_text_does_not_differ_from_itself(self, text):
        assert all(run.kind == RunKind.SAME for run in compare_words(text, text))


def test_a_stretch_that_nobody_would_read_word_by_word_is_replaced_whole():
    before = " ".join(f"word{number % 7}" for number in range(9_000))
    after = " ".join(f"word{number % 5}" for number in range(9_000))
    runs = compare_words(before, after)
    assert len(runs) <= 4
    assert "".join(run.text for run in runs if run.kind != RunKind.NEW) == before
    assert "".join(run.text for run in runs if run.kind != RunKind.GONE) == after
