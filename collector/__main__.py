"""`python -m collector`, and the `collector` script."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    from collector.cli import cli

    cli()


if __name__ == "__main__":
    main()
