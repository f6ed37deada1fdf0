"""Settings that somebody waits for: a thread can wait that long."""

import threading

import pytest

from apivitals.configuration import SettingsError, load

WAITED_FOR = ("sample_interval_seconds", "blocked_loop_seconds")
DAY_SECONDS = 86_400


@pytest.mark.parametrize("name", WAITED_FOR)
@pytest.mark.parametrize("value", ["inf", "nan", "1e10", "86401"])
def test_what_is_no_time_to_wait_is_one_clear_line(name, value, tmp_path):
    with pytest.raises(SettingsError) as caught:
        load({}, {f"APIVITALS_{name.upper()}": value}, tmp_path)
    heading, line = str(caught.value).splitlines()
    assert heading == "apivitals settings:"
    assert line.startswith(f"  APIVITALS_{name.upper()} = '{value}' (environment): should be ")


@pytest.mark.parametrize("name", WAITED_FOR)
def test_a_day_is_the_longest(name, tmp_path):
    seconds = getattr(load({name: DAY_SECONDS}, {}, tmp_path), name)
    assert seconds == DAY_SECONDS
    assert seconds < threading.TIMEOUT_MAX
