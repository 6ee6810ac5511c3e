"""What the cloud counts, in a registry of its own."""

from collections.abc import Sequence

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

MEDIA_TYPE = CONTENT_TYPE_LATEST
_BUCKETS_S = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)


class Metrics:
    """The counters of one process; each is made where it is first needed, by its owner."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=True)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.http_requests = self.counter(
            "tokkatot_http_requests_total",
            "Requests answered.",
            labels=("method", "route", "status"),
        )
        self.http_seconds = self.histogram(
            "tokkatot_http_request_seconds", "Time to the answer's end.", labels=("method", "route")
        )
        self.worker_restarts = self.counter(
            "tokkatot_worker_restarts_total",
            "Background workers that failed and were started again.",
            labels=("worker",),
        )
        self.days_left = self.counter(
            "tokkatot_readings_days_left_total",
            "Days of a series that could not be packed or given up, at each try.",
        )

    def counter(self, name: str, text: str, *, labels: Sequence[str] = ()) -> Counter:
        """Make a counter."""
        return Counter(name, text, labelnames=labels, registry=self.registry)

    def gauge(self, name: str, text: str, *, labels: Sequence[str] = ()) -> Gauge:
        """Make a gauge."""
        return Gauge(name, text, labelnames=labels, registry=self.registry)

    def histogram(
        self,
        name: str,
        text: str,
        *,
        labels: Sequence[str] = (),
        buckets: Sequence[float] = _BUCKETS_S,
    ) -> Histogram:
        """Make a histogram."""
        return Histogram(name, text, labelnames=labels, buckets=buckets, registry=self.registry)

    def render(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self.registry)
