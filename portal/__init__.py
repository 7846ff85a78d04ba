"""Guildhall: a partner portal. The floors are drawn in pyproject.toml and explained in docs/architecture.md."""

from portal.celery import app as celery_app

__all__ = ["celery_app"]
