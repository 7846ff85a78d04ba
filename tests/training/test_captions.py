"""WebVTT read strictly, and what is made of it."""

from io import StringIO

import pytest
import webvtt
from hypothesis import given
from hypothesis import strategies as st

from portal.content.vtt import LARGEST, CaptionError, Cue, parse_captions
from training.captions import (
    find_beyond,
    keep_within,
    make_transcript,
    suggest_resuming,
    write_clock,
    write_transcript,
)

FILE = """WEBVTT - A day with it
Kind: captions

NOTE
Anna reads the first part.

STYLE
::cue { color: white }

first
00:00:01.000 --> 00:00:04.000 line:80%
<v Anna Berg>Every <b>missed</b> call
costs money.

00:08.000 --> 00:11.500
&lt;Count&gt; them &amp; write
"""


def write(*blocks: str) -> bytes:
    return "\n\n".join(["WEBVTT", *blocks]).encode()


class TestReading:
    def test_takes_cues_with_their_times_and_plain_words(self):
        assert parse_captions(FILE.encode()) == [
            Cue(1000, 4000, "Every missed call costs money.", voice="Anna Berg", line=11),
            Cue(8000, 11_500, "<Count> them & write", line=15),
        ]

    @pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
    def test_takes_the_line_endings_of_every_system_and_a_byte_order_mark(self, ending):
        assert parse_captions(b"\xef\xbb\xbf" + FILE.replace("\n", ending).encode()) == parse_captions(FILE.encode())

    def test_takes_hours(self):
        assert parse_captions(write("01:00:00.500 --> 100:00:01.000\nLate"))[0].start == 3_600_500

    @pytest.mark.parametrize(
        ("source", "line", "code"),
        [
            (b"", 1, "header"),
            (b"1\n00:00:01,000 --> 00:00:02,000\nSubRip\n", 1, "header"),
            (b"WEBVTTX\n\n00:01.000 --> 00:02.000\nx\n", 1, "header"),
            (b"WEBVTT\n", 2, "none"),
            (write("00:01.000 --> 00:02.000\nfine", "00:03,000 --> 00:04.000\ncomma"), 6, "times"),
            (write("name\n00:01.000 -> 00:02.000\narrow"), 4, "times"),
            (write("00:01.000 --> 00:61.000\nseconds"), 3, "times"),
            (write("just words"), 3, "times"),
            (write("00:02.000 --> 00:02.000\nno time"), 3, "order"),
            (write("00:03.000 --> 00:02.000\nbackwards"), 3, "order"),
            (write("00:05.000 --> 00:06.000\nb", "00:01.000 --> 00:02.000\na"), 6, "backwards"),
            (write("00:01.000 --> 00:02.000"), 3, "empty"),
            (write("00:01.000 --> 00:02.000\n<i></i>"), 3, "empty"),
            (write("00:01.000 --> 00:02.000\na\n00:03.000 --> 00:04.000\nb"), 5, "times"),
            (b"WEBVTT\n\n00:01.000 --> 00:02.000\n\xff\xfe\n", 4, "encoding"),
            (b"WEBVTT\n" + b" " * LARGEST, 1, "large"),
        ],
    )
    def test_names_the_first_line_that_is_wrong(self, source, line, code):
        with pytest.raises(CaptionError) as refused:
            parse_captions(source)
        assert (refused.value.line, refused.value.code) == (line, code)

    @given(
        st.binary(max_size=200) | st.text(max_size=200).map(lambda text: b"WEBVTT\n\n" + text.encode("utf-8", "ignore"))
    )
    def test_either_reads_or_names_a_line_whatever_it_is_given(self, source):
        line, cues = 1, []
        try:
            cues = parse_captions(source)
        except CaptionError as error:
            line = error.line
        assert line >= 1
        assert all(cue.start < cue.end and cue.text for cue in cues)

    @given(
        st.lists(
            st.tuples(
                st.integers(0, 9000),
                st.integers(1, 5000),
                st.from_regex(r"[A-Za-zА-Яа-я]{1,9}( [a-z]{1,5}){0,3}", fullmatch=True),
            ),
            min_size=1,
            max_size=8,
        )
    )
    def test_agrees_with_another_reader_of_the_format(self, parts):
        blocks, now = [], 0
        for pause, length, words in parts:
            blocks.append(f"{_write(now + pause)} --> {_write(now + pause + length)}\n{words}")
            now += pause
        source = write(*blocks)
        theirs = webvtt.from_buffer(StringIO(source.decode()))
        ours = parse_captions(source)
        assert [cue.text for cue in ours] == [caption.text for caption in theirs]
        assert [cue.start // 1000 for cue in ours] == [int(caption.start_in_seconds) for caption in theirs]
        assert [cue.end // 1000 for cue in ours] == [int(caption.end_in_seconds) for caption in theirs]


def _write(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"00:{seconds // 60:02}:{seconds % 60:02}.{rest:03}"


def cue(start: int, text: str, *, end: int | None = None, voice: str = "") -> Cue:
    return Cue(start, end or start + 1000, text, voice=voice)


class TestTheTranscript:
    def test_begins_a_paragraph_after_a_silence_with_another_voice_and_with_a_chapter(self):
        said = [
            cue(0, "One."), cue(1000, "Two."), cue(4000, "After a silence."), cue(5000, "Mine.", voice="Boris"),
            cue(6000, "In a chapter.", voice="Boris"),
        ]  # fmt: skip
        paragraphs = make_transcript(said, chapters=[cue(5500, "Chapter")])
        assert [paragraph.text for paragraph in paragraphs] == [
            "One. Two.", "After a silence.", "Mine.", "In a chapter.",
        ]  # fmt: skip
        assert [paragraph.start for paragraph in paragraphs] == [0, 4000, 5000, 6000]

    def test_ends_a_long_paragraph_with_its_sentence_and_one_without_sentences_anyway(self):
        words = "so it goes on and on " * 5
        unending = [cue(number * 1000, words) for number in range(1)] + [
            cue(number * 1000, f"{words}{number}") for number in range(1, 30)
        ]
        lengths = [len(paragraph.text) for paragraph in make_transcript(unending)]
        assert max(lengths) < 900
        sentences = [cue(number * 1000, f"{words}{number}.") for number in range(12)]
        assert all(len(paragraph.text) < 450 for paragraph in make_transcript(sentences))

    def test_says_once_what_rolling_captions_repeat(self):
        assert make_transcript([cue(0, "Hello"), cue(1000, "Hello"), cue(2000, "there")])[0].text == "Hello there"

    def test_is_plain_text_for_search_with_each_voice_once(self):
        said = [cue(0, "One.", voice="Anna"), cue(5000, "Two.", voice="Anna"), cue(9000, "Three.", voice="Boris")]
        assert write_transcript(said) == "Anna: One.\nTwo.\nBoris: Three."

    @given(st.lists(st.tuples(st.integers(0, 5000), st.text("ab. ", min_size=1, max_size=40)), max_size=30))
    def test_leaves_no_cue_out_but_repetitions_and_keeps_their_order(self, parts):
        now, said = 0, []
        for number, (pause, words) in enumerate(parts):
            now += pause
            said.append(cue(now, f"{words}{number}"))
        assert [one for paragraph in make_transcript(said) for one in paragraph.cues] == said


class TestPlaces:
    @pytest.mark.parametrize(
        ("seconds", "clock"), [(0, "0:00"), (5, "0:05"), (75, "1:15"), (3723, "1:02:03"), (-4, "0:00")]
    )
    def test_are_written_as_players_write_them(self, seconds, clock):
        assert write_clock(seconds) == clock

    @given(st.integers(-10, 10**6), st.integers(0, 10**5))
    def test_are_never_beyond_the_end_where_it_is_known(self, seconds, length):
        place = keep_within(seconds, length)
        assert place >= 0
        assert not length or place <= length

    @pytest.mark.parametrize(
        ("stopped", "length", "place"),
        [(0, 90, 0), (4, 90, 0), (5, 90, 5), (86, 90, 86), (88, 90, 0), (90, 90, 0), (75, 0, 75)],
    )
    def test_one_goes_on_but_for_a_video_hardly_begun_or_seen_to_its_end(self, stopped, length, place):
        assert suggest_resuming(stopped, length) == place

    def test_a_cue_beyond_the_end_is_found(self):
        cues = [cue(0, "a"), cue(90_000, "b")]
        assert find_beyond(cues, 90) == cues[1]
        assert find_beyond(cues, 91) is None
        assert find_beyond(cues, 0) is None
