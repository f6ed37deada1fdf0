"""Whatever the files have become, they cost no more than themselves: counted, said once, and no page fails."""

import os
import stat
import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apivitals.errors import ErrorLog
from apivitals.workers.directory import WorkersError, make_private
from apivitals.workers.group import Group
from apivitals.workers.journal import JournalError, entries, entry
from tests.workers.members import Member


@pytest.fixture
def pair(join):
    """One that reads, and one whose files are spoiled."""
    witness, member = join(), join()
    member.observe("/a", 0.5)
    witness.observe("/a", 0.5)
    assert witness.all_totals()["requests", ("/a",)] == 2
    return witness, member


def truncate(files):
    os.truncate(files.names, 10)


def truncate_values(files):
    os.truncate(files.values, 64)


def flip(files):
    content = bytearray(files.names.read_bytes())
    content[60] ^= 0xFF
    files.names.write_bytes(content)


def replace(files):
    files.names.write_bytes(b"\x7fELF" + bytes(1000))


def newer(files):
    content = bytearray(files.names.read_bytes())
    struct.pack_into("<I", content, 8, 99)
    files.names.write_bytes(content)


def link(files):
    moved = files.names.with_name("elsewhere")
    files.names.rename(moved)
    files.names.symlink_to(moved)


def fifo(files):
    files.names.unlink()
    os.mkfifo(files.names)


def directory(files):
    files.names.unlink()
    files.names.mkdir()


def of_another_worker(files):
    content = bytearray(files.values.read_bytes())
    content[16:32] = b"f" * 16
    files.values.write_bytes(content)


SPOILT = [truncate, truncate_values, flip, replace, newer, link, fifo, directory, of_another_worker]


@pytest.mark.parametrize("spoil", SPOILT)
def test_spoilt_files_are_left_out_and_counted_once(pair, group, errors, spoil, caplog):
    _, member = pair
    spoil(member.files)
    fresh = Group(group.directory, errors)  # one that has not read them before
    witness = Member(fresh)
    try:
        for _ in range(3):
            assert witness.all_totals()["requests", ("/a",)] == 1
        assert errors.counts()["workers"] == 1
        assert caplog.text.count("is left out") == 1
        assert str(member.files.names) in caplog.text
        fresh.fold()
        assert witness.all_totals()["requests", ("/a",)] == 1
    finally:
        witness.end()


def test_newer_format_is_said_to_be_one(pair, group, errors, caplog):
    newer(pair[1].files)
    Group(group.directory, errors).census("")
    assert "its format is 99, and this apivitals reads 1" in caplog.text


@pytest.mark.parametrize("length", [0, 5, 31, 40, 70, -9])
def test_a_spoilt_file_of_those_that_have_ended_is_left_out(pair, group, errors, length, caplog):
    witness, member = pair
    member.end()
    group.fold()
    path = group.directory / "retired"
    os.truncate(path, length if length >= 0 else path.stat().st_size + length)
    assert witness.all_totals()["requests", ("/a",)] == 1
    assert witness.all_totals()["requests", ("/a",)] == 1
    assert errors.counts()["workers"] == 1
    assert f"{path} is left out" in caplog.text


def test_files_of_nobody_are_nobodys_business(pair, group, errors):
    (group.directory / "core").write_bytes(b"dumped")
    (group.directory / "worker-1-xyz.names").write_bytes(b"no id")
    assert pair[0].all_totals()["requests", ("/a",)] == 2
    assert errors.counts()["workers"] == 0


@given(st.lists(st.lists(st.text() | st.integers() | st.none())), st.integers(0, 200))
def test_a_journal_cut_anywhere_is_read_up_to_there(payloads, cut):
    content = b"".join(map(entry, payloads))
    found, end = entries(content[:cut], 0)
    assert found == payloads[: len(found)]
    rest, _ = entries(content, end)
    assert found + rest == payloads


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=60)
@given(at=st.integers(0, 10_000), bits=st.integers(1, 255))
def test_no_flipped_bits_of_a_journal_are_taken_for_a_series(pair, at, bits):
    """What is read is what was written, or nothing after the damage, or an error."""
    content = bytearray(pair[1].files.names.read_bytes()[32:])
    written, _ = entries(bytes(content), 0)
    content[at % len(content)] ^= bits
    try:
        found, _ = entries(bytes(content), 0)
    except JournalError:
        return
    assert found == written[: len(found)]
    assert len(found) < len(written)


def test_the_directory_and_its_files_are_private(group, join):
    join().observe("/a", 0.5)
    assert stat.S_IMODE(group.directory.stat().st_mode) == 0o700
    for path in group.directory.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


@pytest.mark.parametrize("kind", ["link", "open", "file", "nowhere"])
def test_a_directory_that_is_not_ours_alone_is_refused(tmp_path, kind):
    path = tmp_path / "directory"
    if kind == "link":
        (tmp_path / "target").mkdir(mode=0o700)
        path.symlink_to(tmp_path / "target")
    elif kind == "open":
        path.mkdir()
        path.chmod(0o755)
    elif kind == "file":
        path.write_text("")
    else:
        path = tmp_path / "missing" / "directory"
    with pytest.raises(WorkersError, match=str(path)):
        make_private(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_belongs_to_another_user_is_refused(pair, group, errors, tmp_path):
    other = tmp_path / "other"
    other.mkdir(mode=0o700)
    os.chown(other, 12345, 12345)
    with pytest.raises(WorkersError, match="belongs to user 12345"):
        make_private(other)
    os.chown(pair[1].files.names, 12345, 12345)
    witness = Member(Group(group.directory, errors))
    assert witness.all_totals()["requests", ("/a",)] == 1
    witness.end()


def test_a_group_that_is_locked_for_good_is_an_error(group, monkeypatch):
    from apivitals.workers import group as module  # noqa: PLC0415  # its time limit
    from apivitals.workers.lock import locked  # noqa: PLC0415

    monkeypatch.setattr(module, "_JOIN_SECONDS", 0.05)
    with locked(group.directory / "lock", seconds=0) as taken:
        assert taken
        with pytest.raises(WorkersError, match="is locked by a worker that does not go on"):
            Group(group.directory, ErrorLog()).claim(afresh=False)
