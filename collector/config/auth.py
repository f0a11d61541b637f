"""Section `auth`: who we are to the API. Exactly one kind of credential, or none: then the environment says."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BeforeValidator, model_validator

from collector.config.settings import SecretSource, Settings, refuse_literal
from collector.config.values import FilePath, ServiceAccountId


class MetadataSettings(Settings):
    """The service account of the virtual machine we run on; there is nothing to set."""


class WorkloadIdentitySettings(Settings):
    """A token that the place we run in gives us, exchanged for one of a service account's."""

    service_account_id: ServiceAccountId
    """The service account, to which a federated credential binds the workload."""

    token_file: FilePath
    """Path of the workload's own token, read anew for each exchange."""


SecretPlace = Annotated[SecretSource | None, BeforeValidator(refuse_literal)]


class AuthSettings(Settings):
    """
    The credential for the API, exactly one.

    Without it the variables `YC_SERVICE_ACCOUNT_KEY_FILE`, `YC_IAM_TOKEN` and `YC_TOKEN` are looked at, then the
    metadata service.
    """

    service_account_key: SecretPlace = None
    """Where an authorized key of a service account lies, as `yc iam key create` writes it."""

    iam_token: SecretPlace = None
    """Where a ready IAM token lies; somebody else renews it."""

    metadata: MetadataSettings | None = None
    """The service account of the virtual machine; `$YC_METADATA_ADDR` overrides the address of its metadata service."""

    workload_identity: WorkloadIdentitySettings | None = None
    """Workload identity federation, as in a Kubernetes pod with a projected token."""

    oauth_token: SecretPlace = None
    """Where an OAuth token of a Yandex account lies. The provider ends these with the year 2026."""

    @property
    def kinds(self) -> list[str]:
        """Name what is set: one kind, or none."""
        return [name for name in type(self).model_fields if getattr(self, name) is not None]

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        if len(self.kinds) > 1:
            raise ValueError(f"should have exactly one credential, has {' and '.join(self.kinds)}")
        return self
