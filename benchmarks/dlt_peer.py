"""
dlt's REST source into the same PostgreSQL, tuned as its documentation advises. Runs in the rivals' own environment.

Threads for extraction, upsert by key, unchanged rows skipped, no child tables, no telemetry.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any


def resources(cluster_ids: list[str]) -> list[dict[str, Any]]:
    """Describe one resource for each cluster, all into one table."""
    columns = {
        "indices": {"data_type": "json"},
        "created_at": {"data_type": "timestamp"},
        "started_at": {"data_type": "timestamp"},
        **{
            name: {"data_type": "bigint"}
            for name in (
                "size_bytes",
                "indices_total",
                "incremental_size_bytes",
                "total_size_bytes",
                "free_space_required_bytes",
            )
        },
    }
    return [
        {
            "name": f"c_{cluster_id}",
            "table_name": "backup",
            "primary_key": ["source_cluster_id", "id"],
            "write_disposition": {"disposition": "merge", "strategy": "upsert"},
            "max_table_nesting": 0,
            "columns": columns,
            "endpoint": {
                "path": f"managed-opensearch/v1/clusters/{cluster_id}/backups",
                "params": {"pageSize": 1000},
                "data_selector": "backups",
                "paginator": {"type": "cursor", "cursor_path": "nextPageToken", "cursor_param": "pageToken"},
            },
        }
        for cluster_id in cluster_ids
    ]


def main() -> None:
    """Load everything once and print the figures as one line of JSON."""
    os.environ.update(
        {
            "RUNTIME__DLTHUB_TELEMETRY": "false",
            "RUNTIME__LOG_LEVEL": "ERROR",
            "EXTRACT__WORKERS": "16",
            "EXTRACT__MAX_PARALLEL_ITEMS": "64",
            "NORMALIZE__WORKERS": "2",
            "NORMALIZE__DATA_WRITER__FILE_MAX_ITEMS": "100000",
            "LOAD__WORKERS": "4",
            "DESTINATION__SKIP_UNCHANGED_ROWS": "true",
        }
    )
    import dlt
    from dlt.sources.rest_api import rest_api_source

    # dlt goes one level deeper for each resource that ends, and of those there is one for each cluster.
    sys.setrecursionlimit(20_000)
    api_url, ids_file = sys.argv[1:]
    cluster_ids = Path(ids_file).read_text(encoding="utf-8").split()
    begun, cpu = time.perf_counter(), time.process_time()
    source = rest_api_source(
        {
            "client": {"base_url": api_url, "auth": {"type": "bearer", "token": os.environ["YC_IAM_TOKEN"]}},
            "resources": resources(cluster_ids),
        },
        parallelized=True,
    )
    pipeline = dlt.pipeline(
        "bench",
        destination=dlt.destinations.postgres(os.environ["DATABASE_URL"]),
        dataset_name="dlt",
        pipelines_dir=os.environ["COPY_DIRECTORY"] + "/dlt",
    )
    pipeline.run(source)
    print(
        json.dumps(
            {
                "wall_s": time.perf_counter() - begun,
                "cpu_s": time.process_time() - cpu,
                "rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
        )
    )


if __name__ == "__main__":
    main()
