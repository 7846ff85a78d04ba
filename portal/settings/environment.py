"""Everything that may differ between two installations, read once from the environment and checked at start.

The descriptions below are the documentation: ``docs/settings.md`` must name each of them (``tests/test_docs.py``).
"""

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parents[2]
DEVELOPMENT_KEY = "development-only-key-that-production-refuses-0123456789"


class Environment(BaseSettings):
    """The installation's settings. Field names are the environment variables in lower case."""

    model_config = SettingsConfigDict(env_file=ROOT / ".env", extra="ignore", env_ignore_empty=True)

    guildhall_mode: Literal["development", "production"] = Field(
        "development", description="`production` switches on HTTPS-only cookies, HSTS and the checks that go with them."
    )
    secret_key: str = Field(
        DEVELOPMENT_KEY, description="Signs sessions and links. At least 50 characters; required in production."
    )
    base_url: str = Field(
        "http://127.0.0.1:8000", description="The address people use, without a trailing slash; e-mails link to it."
    )
    allowed_hosts: str = Field(
        "127.0.0.1,localhost", description="Comma-separated host names that the portal answers to."
    )
    trusted_proxies: int = Field(
        0,
        ge=0,
        le=9,
        description="How many front servers add to `X-Forwarded-For`. Sign-in is throttled by the reader's address: with 0 "
        "behind a front server all readers share its address, and one who guesses passwords locks everyone out.",
    )
    database_url: str = Field(
        "", description="`postgres://user:password@host:5432/name`. Empty: an SQLite file below `GUILDHALL_VAR`."
    )
    redis_url: str = Field(
        "",
        description="`redis://host:6379/0` for jobs and cache. Empty: an embedded queue and cache below `GUILDHALL_VAR`.",
    )
    guildhall_var: Path = Field(
        ROOT / "var", description="Where the embedded database, queue and cache live. Never served, never committed."
    )
    media_root: Path = Field(
        ROOT / "media", description="Where uploaded files live. Served only after a permission check."
    )
    static_root: Path = Field(ROOT / "var" / "static", description="Where `collectstatic` gathers the files to serve.")
    accel_redirect_prefix: str = Field(
        "",
        description="An internal location of the front server (such as `/protected/`) that hands out uploaded files by "
        "`X-Accel-Redirect`. Empty: the portal streams them itself.",
    )
    upload_max_mb: int = Field(
        512,
        ge=1,
        le=65536,
        description="The largest file that staff may upload, a video as a rule, in megabytes. The front server must let as "
        "much pass (nginx: `client_max_body_size`).",
    )
    email_url: str = Field(
        "",
        description="`smtp://user:password@host:587` (`smtps://` for implicit TLS). Empty: messages are written as files "
        "to `GUILDHALL_VAR/mail`.",
    )
    email_from: str = Field("Guildhall <portal@example.com>", description="The sender of every message.")
    vendor_name: str = Field("Ringwell", description="The vendor's name, shown in the shell and in messages.")
    time_zone: str = Field("Europe/Berlin", description="The zone of people who have not chosen one (IANA name).")
    mfa_required_for: str = Field(
        "",
        description="Comma-separated: `staff`, `owners`. These people are asked to set up a second factor before going on.",
    )
    web_workers: int = Field(1, ge=1, le=64, description="Web worker processes started by `manage.py serve`.")
    jobs_inline: bool = Field(
        False, description="Run jobs in the process that announces them. For tests and one-off commands only."
    )

    @field_validator("base_url")
    @classmethod
    def _no_trailing_slash(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return value.rstrip("/")

    @field_validator("mfa_required_for")
    @classmethod
    def _known_groups(cls, value: str) -> str:
        unknown = {part.strip() for part in value.split(",") if part.strip()} - {"staff", "owners"}
        if unknown:
            raise ValueError(f"knows only staff and owners, not {', '.join(sorted(unknown))}")
        return value

    @model_validator(mode="after")
    def _production_is_safe(self) -> "Environment":
        if self.guildhall_mode == "production":
            if self.secret_key == DEVELOPMENT_KEY or len(self.secret_key) < 50:
                raise ValueError("SECRET_KEY must be set to at least 50 characters of your own in production")
            if not self.base_url.startswith("https://"):
                raise ValueError("BASE_URL must start with https:// in production")
        return self

    @property
    def production(self) -> bool:
        return self.guildhall_mode == "production"


def read_environment() -> Environment:
    """Read and check the environment, or end with one line per mistake.

    Raises:
        SystemExit: with a message that names each variable and what is wrong with it.
    """
    try:
        return Environment()
    except ValidationError as error:
        lines = []
        for mistake in error.errors():
            name = ".".join(str(part) for part in mistake["loc"]).upper()
            text = mistake["msg"].removeprefix("Value error, ")
            lines.append(f"  {name}: {text}" if name else f"  {text}")
        raise SystemExit("The settings are not usable (see docs/settings.md):\n" + "\n".join(lines)) from None
