"""What a running process takes up of a new configuration, and how it notices one."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from collector.config import (
    ClusterSettings,
    Config,
    DatabaseSettings,
    FreshnessSettings,
    HttpSettings,
    ScheduleSettings,
    load_config,
)
from collector.records import ClusterId
from collector.serve import ConfigFile
from collector.serve.reload import adopt, mark_of

ONE = (ClusterSettings(id=ClusterId("c9q")),)
ENV = {"YC_IAM_TOKEN": "t1.x"}


def test_what_a_sweep_uses_is_taken_up() -> None:
    """Clusters, limits, the schedule."""
    new = Config(
        clusters=(*ONE, ClusterSettings(id=ClusterId("c9r"))),
        freshness=FreshnessSettings(max_age_s=1.0),
        schedule=ScheduleSettings(cron="@daily"),
    )

    assert adopt(Config(clusters=ONE), new) == (new, [])


def test_what_needs_a_restart_stays_and_is_named() -> None:
    """Where the database is, where we listen, and whether we sweep at all."""
    old = Config(clusters=ONE)
    new = Config(
        clusters=ONE,
        database=DatabaseSettings(pool_size=9),
        http=HttpSettings(listen="127.0.0.1:1"),
        schedule=None,
        freshness=FreshnessSettings(max_age_s=1.0),
    )

    config, deferred = adopt(old, new)

    assert deferred == ["database", "http", "schedule"]
    assert (config.database, config.http, config.schedule) == (old.database, old.http, old.schedule)
    assert config.freshness == new.freshness


def test_a_link_that_is_moved_is_a_change(tmp_path: Path) -> None:
    """Kubernetes replaces a mounted configuration by moving a symbolic link, all times unchanged."""
    for name in ("old", "new"):
        (tmp_path / name).write_text("same size")
        os.utime(tmp_path / name, (1, 1))
    link = tmp_path / "config.yaml"
    link.symlink_to("old")
    before = mark_of(link)

    (tmp_path / "next").symlink_to("new")
    (tmp_path / "next").replace(link)

    assert mark_of(link) != before
    assert mark_of(tmp_path / "gone") is None


async def test_a_changed_file_is_read_and_a_bad_one_leaves_the_old(tmp_path: Path) -> None:
    """Nobody has to ask; whoever asks is told that it is bad."""
    path = tmp_path / "config.yaml"
    path.write_text("clusters: [{id: c9q}]\n")
    file = ConfigFile(path, ENV, load_config(path, ENV), mark=mark_of(path))
    heard: asyncio.Queue[str] = asyncio.Queue()
    watching = asyncio.create_task(file.watch(heard.put_nowait, poll_s=0.001))

    path.write_text("clusters: [{id: c9q}, {id: c9r}]\n")
    good = await asyncio.wait_for(heard.get(), 5)
    path.write_text("clusters: [{id: c9q}, {id: c9r}, {id: c9r}]\n")
    bad = await asyncio.wait_for(heard.get(), 5)
    path.unlink()
    file.ask()
    gone = await asyncio.wait_for(heard.get(), 5)
    watching.cancel()

    assert (good, bad, gone) == ("ok", "refused", "refused")
    assert [cluster.id for cluster in file.config.clusters] == ["c9q", "c9r"]


async def test_a_configuration_whose_credential_is_gone_is_not_taken_up(tmp_path: Path) -> None:
    """The old one still works."""
    path = tmp_path / "config.yaml"
    path.write_text("clusters: [{id: c9q}]\n")
    file = ConfigFile(path, ENV, load_config(path, ENV), mark=mark_of(path))
    heard: asyncio.Queue[str] = asyncio.Queue()
    watching = asyncio.create_task(file.watch(heard.put_nowait, poll_s=60))

    path.write_text("clusters: [{id: c9q}]\nauth: {iam_token: {env: NOT_THERE}}\n")
    file.ask()
    reading = await asyncio.wait_for(heard.get(), 5)
    watching.cancel()

    assert reading == "refused"
    assert file.config.auth.iam_token is None


async def test_a_change_while_the_service_starts_is_not_missed(tmp_path: Path) -> None:
    """The file is marked before it is read, so that what comes in between is a change."""
    path = tmp_path / "config.yaml"
    path.write_text("clusters: [{id: c9q}]\n")
    mark, config = mark_of(path), load_config(path, ENV)
    path.write_text("clusters: [{id: c9q}, {id: c9r}]\n")
    file = ConfigFile(path, ENV, config, mark=mark)
    heard: asyncio.Queue[str] = asyncio.Queue()
    watching = asyncio.create_task(file.watch(heard.put_nowait, poll_s=0.001))

    await asyncio.wait_for(heard.get(), 5)
    watching.cancel()

    assert [cluster.id for cluster in file.config.clusters] == ["c9q", "c9r"]
