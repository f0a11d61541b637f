"""
Section `retention`: how long `collector prune` lets history stay. A sweep removes nothing, whatever stands here.

What the views say of a cluster begins where its ledger does: 400 days leave the year of `inventory.attainment` whole.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from collector.config.settings import Settings
from collector.config.values import Duration

DAY_S = 86_400.0

Age = Annotated[Duration, Field(ge=DAY_S)]


class RetentionSettings(Settings):
    """How old history may become before `collector prune` removes it. Nothing else removes anything."""

    ledger_s: Age | None = 400 * DAY_S
    """How long listings, sweeps, discoveries and quarantined records are kept, at least a day; null: for ever."""

    vanished_s: Age | None = None
    """How long a vanished backup is kept with its changes, not shorter than `ledger`; null: for ever."""

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.vanished_s is not None and (self.ledger_s is None or self.vanished_s < self.ledger_s):
            raise ValueError(
                "vanished should not be shorter than ledger: a kept history needs the backups it speaks of"
            )
        return self
