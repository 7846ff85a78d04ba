"""What may stand for the words that were typed: expressions that mean the same, and the words that were meant."""

from collections.abc import Iterable, Mapping, Sequence

from portal.content.words import count_slips, is_misspelt, is_same_word, split_words

#: A term: what was typed, followed by what may stand for it.
Term = tuple[str, ...]
#: Expressions that mean the same, each as its words.
Group = Sequence[Sequence[str]]

#: More words than this in one question are a text that was pasted by mistake.
MOST_WORDS = 12
#: What a misspelt word may have been meant to be.
MOST_MEANT = 3


def read_group(words: str) -> list[list[str]]:
    """The expressions of a row, one a line, as their words; empty lines and repetitions left out."""
    expressions = [split_words(line) for line in words.splitlines()]
    return [expression for place, expression in enumerate(expressions) if expression not in [[], *expressions[:place]]]


def expand(words: Sequence[str], groups: Iterable[Group]) -> tuple[Term, ...]:
    """The typed words as terms, each with the expressions that mean the same.

    The longest expression is taken where several begin at a word. Inflected forms of an expression's words count too.
    """
    known = [list(group) for group in groups]
    terms: list[Term] = []
    place = 0
    while place < len(words):
        rest = words[place:]
        length = max(
            (len(expression) for group in known for expression in group if begins_with(rest, expression)), default=0
        )
        if not length:
            terms.append((words[place],))
            place += 1
            continue
        typed = " ".join(rest[:length])
        others = [
            " ".join(expression)
            for group in known
            if any(len(expression) == length and begins_with(rest, expression) for expression in group)
            for expression in group
            if not (len(expression) == length and begins_with(rest, expression))
        ]
        terms.append(tuple(dict.fromkeys([typed, *others])))
        place += length
    return tuple(terms)


def begins_with(words: Sequence[str], expression: Sequence[str]) -> bool:
    return len(words) >= len(expression) and all(map(is_same_word, words, expression))


def correct(words: Iterable[str], titles: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """For each misspelt word the words of titles that were likely meant, nearest first; none for the others.

    Args:
        titles: folded, those first that are most like the words.
    """
    vocabulary = list(dict.fromkeys(word for title in titles for word in split_words(title)))
    meant = {}
    for word in words:
        if any(is_same_word(word, known) for known in vocabulary):
            continue
        near = sorted(
            (known for known in vocabulary if is_misspelt(word, known)), key=lambda known: count_slips(word, known)
        )
        if near:
            meant[word] = tuple(near[:MOST_MEANT])
    return meant


def put_right(words: Sequence[str], meant: Mapping[str, Sequence[str]], groups: Iterable[Group]) -> tuple[Term, ...]:
    """The terms with misspelt words replaced by those that were meant, and what may stand for these."""
    known = [list(group) for group in groups]
    terms = expand([meant[word][0] if word in meant else word for word in words], known)
    others = {right[0]: right[1:] for right in meant.values()}
    return tuple(tuple(dict.fromkeys([*term, *others.get(term[0], ())])) for term in terms)
