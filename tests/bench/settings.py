"""Settings of ``make bench``: an installation in production, on PostgreSQL and Redis, with data of its own.

The database is made for the benchmark and thrown away (``guildhall_bench``), the Redis database 15 is emptied.
``GUILDHALL_BENCH_ENGINE=embedded`` measures the embedded default instead, SQLite and files. Beside the portal a page type
of a stock Wagtail site is installed, to be measured with the rest.
"""

import os
import tempfile
from pathlib import Path

_embedded = os.environ.get("GUILDHALL_BENCH_ENGINE") == "embedded"
_folder = Path(tempfile.gettempdir()) / "guildhall-bench"
os.environ["GUILDHALL_VAR"] = str(_folder)
os.environ["MEDIA_ROOT"] = str(_folder / "media")
os.environ["STATIC_ROOT"] = str(_folder / "static")
os.environ["GUILDHALL_MODE"] = "development"
os.environ.setdefault("JOBS_INLINE", "true")
os.environ["DATABASE_URL"] = (
    "" if _embedded else os.environ.get("GUILDHALL_BENCH_DATABASE", "postgres://postgres@127.0.0.1:5432/guildhall")
)
os.environ["REDIS_URL"] = "" if _embedded else os.environ.get("GUILDHALL_BENCH_REDIS", "redis://127.0.0.1:6379/15")

from portal.settings import *  # noqa: E402, F403 -- the environment has to be set before the settings read it

ALLOWED_HOSTS = ["testserver"]
INSTALLED_APPS = ["tests.bench.stock", *INSTALLED_APPS]  # noqa: F405 -- from the settings above
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
CACHES["default"]["KEY_PREFIX"] = "guildhall-bench"  # noqa: F405 -- likewise
# A database of its own, made anew for each run.
DATABASES["default"]["TEST"] = {"NAME": str(_folder / "bench.sqlite3") if _embedded else "guildhall_bench"}  # noqa: F405 -- likewise
# The bare view and the stock page sign in with Django's own.
AUTHENTICATION_BACKENDS = [*AUTHENTICATION_BACKENDS, "django.contrib.auth.backends.ModelBackend"]  # noqa: F405 -- likewise
