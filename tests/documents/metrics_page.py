"""The reference page of metrics, made from them: `python -m tests.documents.metrics_page` prints it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Final

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families as parse

from collector.serve.exposition import render
from collector.serve.tally import SweepTally, Tally
from collector.store.vitals import Vitals
from tests.builders import cluster_vitals, source_vitals

_HEAD: Final = """\
# Metrics

Made from what the service writes by `python -m tests.documents.metrics_page`; edit the sentences in
`collector/serve/tally.py`, `collector/serve/subjects.py` and `collector/serve/exposition.py`.

`collector serve` answers `/metrics` in Prometheus' text format. With `http.token` set it wants
`Authorization: Bearer …`. No series holds a backup's id, a message or anything else that grows without bound. Each
family is always there with its HELP and TYPE; one that has nothing to say has no series.
"""

_CLUSTERS: Final = """\
## From the database

Read at each scrape (at most once a second), so they survive restarts, are the same at every replica, and also tell what
a CronJob collected. When the database cannot be read, `backup_inventory_up` is 0 and all others of this table are
absent: alert on `backup_inventory_up == 0` beside them. What begins with `backup_inventory_cluster_` is about managed
clusters only; a cluster that is taken out of the configuration and that no discovery finds is gone with the next sweep.
The first 1,000 clusters by id have series of their own; the others are added up under `service`, `cluster_id` and
`name` `other`. So it is with the folders and clouds of the discovery, from the 201st on. Alerts that are made of these,
and a dashboard, are in [monitoring.md](../howto/monitoring.md).
"""

_PROCESS: Final = """\
## Of the process

Counted by this process since it started. Of several replicas only the one that holds the lease sweeps, so add the
counters up over all of them.
"""

_PUSHED: Final = """\
## Pushed by a run

With `metrics.pushgateway` set, `collector run` tells a Pushgateway of its sweep, under the job `collector` and, of a
shard, the label `shard` (such as `0/4`); a group whose shard is no more must be deleted there. A dry run, an
interrupted run and one whose sweep could not be begun push nothing. What it cannot tell is the warning `push.failed`.
These are pushed:

{names}
"""

EVERYTHING: Final = Vitals(
    clusters=[cluster_vitals(schedule_weakened_at=0.0)],
    sources=[source_vitals()],
    sweep_started_at=0,
    sweep_finished_at=0,
    sweep_outcome="complete",
)


def metrics_page() -> str:
    """Write the page: a table of what the database says, one of what the process counts, and what is pushed."""
    tally = Tally()
    text = render(tally.registry, EVERYTHING).decode()
    own = {_name(family) for family in tally.registry.collect()}
    families = list(parse(text))
    pushed = "\n".join(f"- `{_name(family)}`" for family in SweepTally().registry.collect())
    return "\n".join(
        [
            _HEAD,
            _CLUSTERS,
            _table(family for family in families if _name(family) not in own),
            _PROCESS,
            _table(family for family in families if _name(family) in own),
            _PUSHED.format(names=pushed),
        ]
    )


def _table(families: Iterator[Metric]) -> str:
    lines = ["| metric | type | labels | meaning |", "|---|---|---|---|"]
    for family in families:
        labels = dict.fromkeys(label for sample in family.samples for label in sample.labels if label != "le")
        named = ", ".join(f"`{label}`" for label in labels)
        lines.append(f"| `{_name(family)}` | {family.type} | {named} | {family.documentation} |")
    return "\n".join(lines) + "\n"


def _name(family: Metric) -> str:
    return f"{family.name}_total" if family.type == "counter" else family.name


if __name__ == "__main__":
    sys.stdout.write(metrics_page())
