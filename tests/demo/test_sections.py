"""What gives way when there is no room for everything."""

from hypothesis import given
from hypothesis import strategies as st

from apivitals.demo.sections import Section, fitting

SECTIONS = st.lists(st.builds(lambda lines, rank: Section("x" * lines, rank), st.integers(1, 5), st.integers(0, 4)))


def names(sections):
    return [section.content for section in sections]


def test_what_is_most_dispensable_goes_first_and_those_of_a_kind_together():
    sections = [Section("top"), Section("one", 2), Section("other", 2), Section("last", 1)]
    assert names(fitting(sections, 4, lambda _: 1)) == ["top", "one", "other", "last"]
    assert names(fitting(sections, 3, lambda _: 1)) == ["top", "last"]
    assert names(fitting(sections, 1, lambda _: 1)) == ["top"]
    assert names(fitting(sections, 0, lambda _: 1)) == ["top"]


def lines(content):
    return len(str(content))


@given(SECTIONS, st.integers(0, 30))
def test_it_fits_or_only_what_is_always_shown_is_left(sections, height):
    shown = fitting(sections, height, lines)
    too_many = sum(lines(section.content) for section in shown) > height
    assert not too_many or all(section.dropped == 0 for section in shown)
    assert [section for section in sections if section in shown] == list(shown)
