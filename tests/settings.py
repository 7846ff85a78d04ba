"""Settings of the test run: PostgreSQL unless told otherwise, jobs inline, cheap password hashes.

``GUILDHALL_TEST_DB`` names the database (so that several runs can share a server), ``GUILDHALL_TEST_ENGINE=sqlite``
runs the embedded subset.
"""

import os
import tempfile
from pathlib import Path

_name = os.environ.get("GUILDHALL_TEST_DB", "guildhall")
if os.environ.get("GUILDHALL_TEST_ENGINE") == "sqlite":
    os.environ["DATABASE_URL"] = ""
else:
    os.environ.setdefault("DATABASE_URL", f"postgres://postgres@127.0.0.1:5432/{_name}")
_var = Path(tempfile.gettempdir()) / f"guildhall-tests-{_name}"
os.environ["GUILDHALL_VAR"] = str(_var)
os.environ["MEDIA_ROOT"] = str(_var / "media")
os.environ["STATIC_ROOT"] = str(_var / "static")
os.environ["JOBS_INLINE"] = "true"
os.environ["GUILDHALL_MODE"] = "development"
os.environ["REDIS_URL"] = ""

from portal.settings import *  # noqa: E402, F403 -- the environment has to be set before the settings read it

ALLOWED_HOSTS = ["testserver", "127.0.0.1", "localhost"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
DATABASES["default"]["OPTIONS"].pop("pool", None)  # noqa: F405 -- from the settings above; a pool outlives a test
