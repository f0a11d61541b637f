"""PostgreSQL: migrations, the merge of a listing, the ledger. The only importer of the driver."""

from collector.store.discoveries import Settled
from collector.store.judge import Absence
from collector.store.opening import prepare_schema
from collector.store.rehearsal import Rehearsal
from collector.store.settling import Discovery, DiscoveryStart
from collector.store.store import Store
from collector.store.sweeps import GivenUp, SweepRequest, SweepStart

__all__ = [
    "Absence",
    "Discovery",
    "DiscoveryStart",
    "GivenUp",
    "Rehearsal",
    "Settled",
    "Store",
    "SweepRequest",
    "SweepStart",
    "prepare_schema",
]
