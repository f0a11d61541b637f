"""Where the embedded server's data lies."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.embedded import EmbeddedError, default_data_dir


def test_the_data_lies_under_xdg_data_home(tmp_path: Path) -> None:
    """The place the user chose wins over the home directory."""
    environment = {"XDG_DATA_HOME": str(tmp_path), "HOME": "/nowhere"}

    assert default_data_dir(environment) == tmp_path / "backup-inventory-collector"


@pytest.mark.parametrize(
    "xdg", [{}, {"XDG_DATA_HOME": ""}, {"XDG_DATA_HOME": "here"}], ids=["unset", "empty", "relative"]
)
def test_the_data_lies_in_the_home_directory_by_default(tmp_path: Path, xdg: dict[str, str]) -> None:
    """A relative XDG_DATA_HOME is ignored, as the specification asks; nothing is created by asking."""
    environment = {"HOME": str(tmp_path), **xdg}

    assert default_data_dir(environment) == tmp_path / ".local" / "share" / "backup-inventory-collector"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("home", [{}, {"HOME": ""}], ids=["unset", "empty"])
def test_no_home_is_an_error_that_says_what_to_set(home: dict[str, str]) -> None:
    """A process without a home (a service, a container's random uid) is told its ways out."""
    with pytest.raises(EmbeddedError, match=r"set HOME or XDG_DATA_HOME, or database\.url"):
        default_data_dir(home)


def test_a_home_that_is_no_directory_is_an_error_that_names_it(tmp_path: Path) -> None:
    """What stands in the way is named, whatever it is: /dev/null as a home, a read-only disk."""
    home = tmp_path / "home"
    home.touch()

    with pytest.raises(EmbeddedError, match=f"{home} is not a writable directory"):
        default_data_dir({"HOME": str(home)})
