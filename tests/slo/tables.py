"""Tables of cases: each alert fires, or does not, on series that are written out."""

from apivitals.objectives import Objectives, from_mapping
from apivitals.slo.generator import rule_files
from apivitals.slo.rule import Alert, Recording, all_rules
from tests.support.promtool import Case, fired
from tests.support.traffic import series, target

QUIET = 0
DEFAULTS = rule_files(Objectives())
KINDS = {"fires", "quiet", "idle", "missing", "restart"}


def check_table(table, values=None, *, interval="30s", matching=None, texts=False):
    """Assert that each case fires as often as it says, and return what fired."""
    files = DEFAULTS if values is None else rule_files(from_mapping(values))
    found, wrong = {}, []
    for alert, cases in table.items():
        found[alert] = fired(files, alert, cases, interval=interval, matching=matching, texts=texts)
        for case in cases:
            got = found[alert][case.name]
            expected = len(got) > 0 if case.fires is None else len(got) == case.fires
            if not expected or any(not case.labels.items() <= one.labels.items() for one in got):
                wrong.append(f"{alert}, {case.name}: {case.fires} of {case.labels} expected, got {got}")
            wrong += [
                f"{alert}, {case.name}: {text}"
                for one in got
                for text in one.annotations.values()
                if "error" in text and "expanding" in text
            ]
    assert not wrong, "\n".join(wrong)
    return found


def alert_rules(name, labels=None):
    """Return the shipped rules of an alert, or those of them with these labels."""
    wanted = (labels or {}).items()
    alerts = (rule for rule in all_rules(DEFAULTS) if isinstance(rule, Alert) and rule.name == name)
    return [rule for rule in alerts if wanted <= dict(rule.labels).items()]


def recording_rules():
    """Return the shipped recording rules."""
    return [rule for rule in all_rules(DEFAULTS) if isinstance(rule, Recording)]


def kinds(table):
    """Return which kinds of cases are missing, by alert."""
    return [(alert, missing) for alert, cases in table.items() if (missing := KINDS - {case.name for case in cases})]


def gauge(metric, high, low, /, *, at="30m", base=None, **labels):
    """Cases of an alert on one gauge that is too high."""
    there = target() if base is None else base

    def of(values):
        return there | series(metric, values, labels)

    return [
        Case("fires", of(f"{high}x200"), at, 1),
        Case("quiet", of(f"{low}x200"), at, QUIET),
        Case("idle", of("0x200"), at, QUIET),
        Case("missing", there, at, QUIET),
        Case("restart", of(f"{high}x3 stale _x4 0x190"), at, QUIET),
    ]


def counter(metric, fast, slow, /, *, at="30m", base=None, **labels):
    """Cases of an alert on a counter that rises too fast; the numbers are what it rises by in 30 seconds."""
    there = target() if base is None else base

    def of(values):
        return there | series(metric, values, labels)

    return [
        Case("fires", of(f"0+{fast}x200"), at, 1),
        Case("quiet", of(f"0+{slow}x200"), at, QUIET),
        Case("idle", of("5000x200"), at, QUIET),
        Case("missing", there, at, QUIET),
        Case("restart", of(f"5000+{slow}x40 0+{slow}x190"), at, QUIET),
    ]
