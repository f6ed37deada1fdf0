"""Whether a pattern hides another, against every short string."""

from fnmatch import fnmatchcase
from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from apivitals.objectives.overlap import hides, overlap

CHARACTERS = "abz"
STRINGS = ["".join(letters) for length in range(7) for letters in product(CHARACTERS, repeat=length)]
"""As long as it takes: what two globs of four tokens share, or do not, shows in a string of six characters."""
GLOBS = st.lists(st.sampled_from(["a", "b", "*", "?", "[ab]", "[!a]"]), max_size=4).map("".join)


@given(GLOBS, GLOBS)
@example("??[ab]*", "*a[ab]b")
def test_hiding_is_fitting_whatever_the_other_fits(earlier, later):
    others = [text for text in STRINGS if fnmatchcase(text, later) and not fnmatchcase(text, earlier)]
    assert hides(earlier, later) == (not others), others[:3]


@given(GLOBS, GLOBS)
@example("*aaa", "bbb*")
def test_overlap_is_a_string_that_fits_both(one, other):
    both = [text for text in STRINGS if fnmatchcase(text, one) and fnmatchcase(text, other)]
    assert overlap(one, other) == bool(both)


@pytest.mark.parametrize(
    ("earlier", "later", "hidden", "common"),
    [
        ("/payments/*", "POST /payments/{id}", True, True),
        ("POST /payments/*", "/payments/{id}", False, True),
        ("POST /payments/*", "GET /payments/{id}", False, False),
        ("POST /payments/*", "POST /payments/{id}", True, True),
        ("/payments/*", "/payments", False, False),
        ("*", "/x", True, True),
        ("/x", "*", False, True),
        ("/[a-c]", "/b", True, True),
        ("/[a-c]", "/[!x]", False, True),
        ("/a*", "/*b", False, True),
        ("/[", "/[", True, True),
        ("/[]]", "/]", True, True),
    ],
)
def test_methods_and_brackets(earlier, later, hidden, common):
    assert hides(earlier, later) is hidden
    assert overlap(earlier, later) is common
    assert overlap(later, earlier) is common


def test_many_stars_are_no_work():
    assert hides("/*" * 12, "/*a" * 12)
    assert not hides("/*a" * 12, "/*" * 12)
