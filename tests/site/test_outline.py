"""The outline of the printed book, whose entries Chromium writes."""

import pytest

from tools.pdf import aligned

HEADINGS = ["Learning Symmetries", "1. Groups: changes undone", "Summary", "2. Maps"]


@pytest.mark.parametrize(
    "titles",
    [
        ["LearningSymmetries", "1.Groups:changesundone", "Summary", "2.Maps"],
        # moved to the next page: written twice, or its last words
        ["LearningSymmetries", "1. Groups:1. Groups:changesundone", "Summary", "2.Maps"],
        [
            "LearningSymmetries",
            "1. Groups: changes undoneundone",
            "Summary",
            "2. Maps2. Maps",
        ],
    ],
)
def test_entries_get_the_words_of_their_headings(titles: list[str]) -> None:
    assert aligned(titles, HEADINGS) == HEADINGS


def test_an_entry_of_two_names_the_heading_twice() -> None:
    titles = ["LearningSymmetries", "1.Groups:changesundone", "1.Groups:changesundone"]
    names = aligned([*titles, "Summary", "2.Maps"], HEADINGS)
    assert names == [HEADINGS[0], HEADINGS[1], *HEADINGS[1:]]


def test_a_heading_without_entry_is_passed_over() -> None:
    assert aligned(["LearningSymmetries", "2.Maps"], HEADINGS) == [HEADINGS[0], HEADINGS[3]]


def test_an_unknown_entry_keeps_its_title() -> None:
    assert aligned(["Contents", "Summary"], HEADINGS) == ["Contents", "Summary"]
