"""Load of one process for `/metrics`: its places, the calls that wait for them, and both counted over time.

A gauge shows only the moment of a scrape, and an analysis may begin and end between two scrapes. An autoscaler needs an
average, so two counters add up place-seconds: `rate()` of them over any window is the average number of busy places
and of waiting calls in it.
"""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from alive402.operations import Machine

STATUSES = ("capacity", "in_use", "waiting")


class LoadCollector(Collector):
    """Reads the places of one machine at each scrape."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def collect(self) -> Iterator[Metric]:
        """Yield the places and the two counters."""
        places = GaugeMetricFamily("alive402_queue_places", "Work slots of this process.", labels=["work", "status"])
        for work, queue in self._machine.queue.items():
            for status in STATUSES:
                places.add_metric([work, status], getattr(queue, status))
        yield places
        busy = CounterMetricFamily(
            "alive402_busy_seconds",
            "Seconds that places of this process were in use; rate() divided by the capacity is the busy share.",
            labels=["work"],
        )
        waiting = CounterMetricFamily(
            "alive402_waiting_seconds",
            "Seconds that calls of this process waited for a place; rate() is the average number of waiting calls.",
            labels=["work"],
        )
        for work, held in self._machine.places.items():
            busy.add_metric([work], held.busy_seconds)
            waiting.add_metric([work], held.waiting_seconds)
        yield busy
        yield waiting
