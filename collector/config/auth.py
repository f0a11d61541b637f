"""Section `auth`: who we are to the API."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator

from collector.config.settings import SecretSource, Settings, refuse_literal


class AuthSettings(Settings):
    """The credential for the API. Without it, the environment variable `YC_IAM_TOKEN` is taken."""

    iam_token: Annotated[SecretSource | None, BeforeValidator(refuse_literal)] = None
    """Where an IAM token lies: `{env: NAME}` or `{file: PATH}`."""
