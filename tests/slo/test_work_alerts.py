"""Alerts on AI providers and caches."""

from tests.slo.tables import QUIET, check_table, kinds
from tests.support.promtool import Case
from tests.support.traffic import series, target

CALLS = "gen_ai_client_operation_duration_seconds_count"
LOOKUPS = "apivitals_cache_requests_total"
MODEL = {"gen_ai_provider_name": "openai", "gen_ai_request_model": "gpt-x"}


def calls(good, bad, error="429"):
    return target() | series(CALLS, good, MODEL, error_type="") | series(CALLS, bad, MODEL, error_type=error)


def looked_up(hits, misses):
    return target() | series(LOOKUPS, hits, cache="c", result="hit") | series(LOOKUPS, misses, cache="c", result="miss")


FAILURES = {
    "ApiAiFailures": [
        Case("fires", calls("0+10x90", "0+1x90"), "15m", 1, {"severity": "warning", **MODEL}),
        Case("past critical too", calls("0+10x90", "0+9x90"), "15m", 2),
        Case("quiet", calls("0+100x90", "0+1x90"), "15m", QUIET),
        Case("idle", calls("900x90", "90x90"), "15m", QUIET),
        Case("missing", target(), "15m", QUIET),
        Case("restart", calls("900+10x9 0+10x90", "900x9 0x90"), "15m", QUIET),
        Case("cancelled ones", calls("0+10x90", "0+9x90", "cancelled"), "15m", QUIET),
        Case("one of two", calls("0 1x90", "0 1 2x80"), "4m", QUIET),
    ]
}
HITS = {
    "ApiCacheHitRatioLow": [
        Case("fires", looked_up("0+5x90", "0+5x90"), "30m", 1, {"severity": "warning", "cache": "c"}),
        Case("never a hit", target() | series(LOOKUPS, "0+9x90", cache="c", result="miss"), "30m", 1),
        Case("quiet", looked_up("0+9x90", "0+1x90"), "30m", QUIET),
        Case("idle", looked_up("50x90", "90x90"), "30m", QUIET),
        Case("missing", target(), "30m", QUIET),
        Case("restart", looked_up("900+9x40 0+9x90", "900x40 0x90"), "30m", QUIET),
        Case("few", looked_up("0x90", "0+1x90"), "30m", QUIET),
    ]
}


def test_ai_failures():
    found = check_table(FAILURES, texts=True)
    said = found["ApiAiFailures"]["fires"][0].annotations
    assert said["summary"] == "openai gpt-x for shop: 9.091% of the calls fail"
    assert said["description"].endswith("Look first at 429.")
    assert kinds(FAILURES) == []


def test_cache_hits():
    check_table(HITS, {"thresholds": {"cache_hit_percent": 80}})
    assert kinds(HITS) == []
