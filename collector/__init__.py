"""Backup inventory collector for Yandex Cloud's managed databases."""

__version__ = "0.1.0"
