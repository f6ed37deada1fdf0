"""Workers that are objects instead of processes, so that a test can have several, and end them."""

from apivitals.catalog import Kind, Metric
from apivitals.store import Store
from apivitals.workers.merged import MergedStore

REQUESTS = Metric("requests", Kind.COUNTER, "{request}", "help", ("route",))
OPEN = Metric("open", Kind.GAUGE, "{session}", "help", ("route",))
SECONDS = Metric("seconds", Kind.HISTOGRAM, "s", "help", ("route",), (0.1, 1.0))


class Recorder:
    """A store with one instrument of each kind."""

    def __init__(self, **options):
        self.store = Store(**options)
        self.requests = self.store.counter(REQUESTS)
        self.open = self.store.gauge(OPEN)
        self.seconds = self.store.histogram(SECONDS)

    def observe(self, route, value):
        """Record a request of `value` seconds that stays open."""
        self.requests.bind((route,)).add()
        self.open.bind((route,)).add(1.0)
        self.seconds.bind((route,)).observe(value)

    def totals(self):
        """Every series: by metric and labels its value, or its counts and sum."""
        return _totals(self.store.collect())


class Member(Recorder):
    """What a worker process has: a store whose memory is in the group's directory."""

    def __init__(self, group, *, afresh=False, **options):
        super().__init__(**options)
        self.group = group
        self.files, self.memory = group.claim(afresh=afresh)
        self.store.move(self.memory.of("http"))
        self.is_living = True

    @property
    def slot(self):
        return self.files.slot

    def merged(self):
        """Its store, with what the other workers' have."""
        return MergedStore(self.store, "http", self.group.census(self.files.identity).readings())

    def all_totals(self):
        """Every series of all workers."""
        return _totals(self.merged().collect())

    def end(self):
        """Die: the kernel closes the files, and so gives up the lock."""
        if self.is_living:
            self.is_living = False
            self.memory.close()


def _totals(families):
    return {
        (family.metric.name, point.labels): point.value if hasattr(point, "value") else ([*point.counts], point.sum)
        for family in families
        for point in family.points
    }
