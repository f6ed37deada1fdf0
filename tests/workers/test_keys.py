"""What one worker has done, all know."""

import os

from apivitals.workers import keys
from apivitals.workers.keys import SharedKeys


def test_what_one_adds_the_others_hold(tmp_path):
    first, second = SharedKeys(tmp_path / "alerts"), SharedKeys(tmp_path / "alerts")
    assert "a" not in second
    first.add("a")
    second.add("b")
    assert all(key in one for key in ("a", "b") for one in (first, second, SharedKeys(tmp_path / "alerts")))
    assert "c" not in first


def test_of_very_many_the_oldest_are_forgotten(tmp_path, monkeypatch):
    monkeypatch.setattr(keys, "_REMEMBERED", 10)
    first, second = SharedKeys(tmp_path / "alerts"), SharedKeys(tmp_path / "alerts")
    for number in range(100):
        (first, second)[number % 2].add(str(number))
        assert str(number) in first
        assert str(number) in second
    assert "0" not in SharedKeys(tmp_path / "alerts")
    assert (tmp_path / "alerts").stat().st_size < 21 * 20


def test_a_damaged_file_holds_what_could_be_read_and_goes_on(tmp_path):
    first = SharedKeys(tmp_path / "alerts")
    first.add("a")
    os.truncate(tmp_path / "alerts", (tmp_path / "alerts").stat().st_size - 2)
    second = SharedKeys(tmp_path / "alerts")
    assert "a" not in second
    assert "a" in first
    second.add("b")
    third = SharedKeys(tmp_path / "alerts")
    assert "b" in third
    third.add("c")
    assert "c" in second
    assert "c" in first


def test_a_file_that_ends_in_zeros_as_after_a_power_cut_goes_on(tmp_path):
    path = tmp_path / "alerts"
    SharedKeys(path).add("a")
    with path.open("ab") as file:
        file.write(bytes(64))
    keys = SharedKeys(path)
    assert "b" not in keys
    keys.add("b")
    assert "b" in SharedKeys(path)
