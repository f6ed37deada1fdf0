"""A group in a directory of its own."""

import pytest

from apivitals.errors import ErrorLog
from apivitals.workers.group import Group
from tests.workers.members import Member


@pytest.fixture
def errors():
    return ErrorLog()


@pytest.fixture
def group(tmp_path, errors):
    return Group(tmp_path / "group", errors)


@pytest.fixture
def join(group):
    """Make workers of the group, which end with the test."""
    members = []

    def member(**options):
        members.append(Member(group, **options))
        return members[-1]

    yield member
    for one in members:
        one.end()
