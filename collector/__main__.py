"""`python -m collector`, and the `collector` script."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    from collector.cli import cli
    from collector.cli.leaks import close_leaks
    from collector.cli.output import outlast_readers

    close_leaks()
    outlast_readers()
    cli(prog_name="collector")


if __name__ == "__main__":
    main()
