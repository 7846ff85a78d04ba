"""Django's settings, composed from the checked environment. What an installation may change is in ``environment.py``."""

from typing import Any
from urllib.parse import unquote, urlsplit

import dj_database_url
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from portal.settings.environment import ROOT, read_environment

ENV = read_environment()

BASE_DIR = ROOT
DEBUG = False
SECRET_KEY = ENV.secret_key
BASE_URL = ENV.base_url
ALLOWED_HOSTS = [host.strip() for host in ENV.allowed_hosts.split(",") if host.strip()]
CSRF_TRUSTED_ORIGINS = [ENV.base_url]
VENDOR_NAME = ENV.vendor_name

# --- Apps, from the top floor down -----------------------------------------------------------------------------------
INSTALLED_APPS = [
    "portal.home",
    "portal.leads",
    "certification",
    "training",
    "portal.notifications",
    "portal.partners",
    "portal.content",
    "portal.accounts",
    "portal.core",
    "wagtail_localize",
    "wagtail_localize.locales",
    "wagtail.contrib.settings",
    "wagtail.contrib.table_block",
    "wagtail.embeds",
    "wagtail.sites",
    "portal.accounts.apps.PeopleAdminConfig",  # wagtail.users, with our forms
    "wagtail.snippets",
    "wagtail.documents",
    "wagtail.images",
    "wagtail.search",
    "wagtail.admin",
    "wagtail",
    "modelcluster",
    "taggit",
    "django_countries",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "django.forms",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "portal.core.middleware.ReadableAddressMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "portal.core.middleware.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "portal.accounts.middleware.PersonMiddleware",  # Django's AuthenticationMiddleware, in fewer queries
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "portal.accounts.middleware.PreferencesMiddleware",
    "portal.partners.middleware.MembershipMiddleware",
    "portal.core.middleware.RefusalMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
FORM_RENDERER = "portal.core.forms.ComponentRenderer"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.template.context_processors.tz",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.core.context.shell",
            ]
        },
    }
]

# --- Database: the truth ---------------------------------------------------------------------------------------------
DATABASES: dict[str, Any]
if ENV.database_url:
    DATABASES = {"default": dj_database_url.parse(ENV.database_url, conn_max_age=0)}
    DATABASES["default"].setdefault("OPTIONS", {})["pool"] = {"min_size": 1, "max_size": 8}
else:
    ENV.guildhall_var.mkdir(parents=True, exist_ok=True)
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": ENV.guildhall_var / "guildhall.sqlite3",
            # Four writers at once: none is refused with IMMEDIATE, hundreds are with the defaults (see shared notes in
            # docs/decisions/0004-embedded-default.md).
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-16000;",
            },
        }
    }
POSTGRES = DATABASES["default"]["ENGINE"].endswith("postgresql")

# --- Jobs and cache: they only wake the database ---------------------------------------------------------------------
CACHES: dict[str, Any]
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any]
if ENV.redis_url:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": ENV.redis_url}}
    CELERY_BROKER_URL = ENV.redis_url
    CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600}
else:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
            "LOCATION": ENV.guildhall_var / "cache",
            "OPTIONS": {"MAX_ENTRIES": 5000},
        }
    }
    _queue = ENV.guildhall_var / "queue"
    for _folder in ("messages", "control"):
        (_queue / _folder).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_URL = "filesystem://localhost//"
    CELERY_BROKER_TRANSPORT = "portal.core.queue:Transport"  # kombu's, without its half-written messages
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(_queue / "messages"),
        "data_folder_out": str(_queue / "messages"),
        "control_folder": str(_queue / "control"),
        "polling_interval": 0.05,
    }
CELERY_TASK_ALWAYS_EAGER = ENV.jobs_inline
CELERY_TASK_EAGER_PROPAGATES = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "guildhall"
CELERY_TIMEZONE = "UTC"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# Beat keeps no file of last runs, which a hard kill would leave broken: every sweeper asks the database what is due.
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"
# Every sweeper re-drives what a lost message left behind: the due times live in indexed columns.
CELERY_BEAT_SCHEDULE = {
    "hand on facts that were missed": {"task": "core.hand_on_due_facts", "schedule": 20.0},
    "send e-mail that is due": {"task": "notifications.send_due_emails", "schedule": 30.0},
    "watch whether candidates reach the service": {"task": "certification.watch_service", "schedule": 15.0},
    "grade attempts that could not be graded": {"task": "certification.grade_waiting_attempts", "schedule": 60.0},
    "measure questions": {"task": "certification.measure_questions", "schedule": crontab(hour="2", minute="10")},
    "submit attempts past their deadline": {"task": "certification.submit_due_attempts", "schedule": 15.0},
    "reassess qualifications that are due": {"task": "certification.review_due_qualifications", "schedule": 60.0},
    "assess every partner anew": {
        "task": "certification.review_every_qualification",
        "schedule": crontab(hour="1", minute="30"),
    },
    "look again at held leads that time may free": {"task": "leads.wake_due_leads", "schedule": 30.0},
    "tell of planned rules whose moment has come": {"task": "leads.tell_of_rules_in_force", "schedule": 30.0},
    "measure how partners work what they are offered": {"task": "leads.measure_performance", "schedule": 3600.0},
    "expire offers past their window": {"task": "leads.expire_due_offers", "schedule": 30.0},
    "tell further colleagues of offers that nobody looks at": {"task": "leads.tell_next_colleagues", "schedule": 30.0},
    "let absences begin whose day has come": {"task": "leads.begin_due_absences", "schedule": 60.0},
    "write to heads about their week": {"task": "leads.tell_heads_of_the_week", "schedule": 300.0},
    "write to customers of leads": {"task": "leads.send_due_letters", "schedule": 60.0},
    "warn of idle leads, and take them back": {"task": "leads.warn_and_return", "schedule": 60.0},
    "remind of disputes that nobody has answered": {"task": "leads.remind_of_disputes", "schedule": 300.0},
    "distribute leads that wait": {"task": "leads.distribute_waiting_leads", "schedule": 60.0},
    "remind people of their webinars": {"task": "training.remind_of_sessions", "schedule": 60.0},
    "remind owners of materials that are due": {"task": "training.remind_owners", "schedule": 600.0},
    "keep the due dates of courses": {"task": "training.review_dues", "schedule": 600.0},
    "remind of courses that are due": {"task": "training.remind_of_dues", "schedule": 300.0},
    "forget imports that nobody confirmed": {"task": "training.forget_imports", "schedule": 3600.0},
    "publish scheduled pages": {"task": "home.publish_scheduled", "schedule": 60.0},
    "forget words that nobody searches for": {
        "task": "training.forget_searches",
        "schedule": crontab(hour="2", minute="40"),
    },
}
TASKS = {"default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend"}}

# --- Languages and time ----------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = WAGTAIL_CONTENT_LANGUAGES = [("en", _("English")), ("ru", _("Russian"))]
LOCALE_PATHS = [ROOT / "locale"]
USE_I18N = WAGTAIL_I18N_ENABLED = True
USE_TZ = True
TIME_ZONE = ENV.time_zone

# --- People ----------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["portal.accounts.backends.PersonBackend"]  # allauth's, in fewer queries
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
WAGTAIL_FRONTEND_LOGIN_URL = "/"
WAGTAILADMIN_LOGIN_URL = "account_login"
ACCOUNT_ADAPTER = "portal.accounts.adapter.ClosedAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # an invitation proves the address; there is no open sign-up
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_CHANGE_EMAIL = True  # one address a person; a new one counts once its link was opened
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ALLAUTH_TRUSTED_PROXY_COUNT = ENV.trusted_proxies
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/5m/key",
    "reset_password": "20/m/ip,5/m/key",
    "request_login_code": "20/m/ip,3/m/key",
    "take_lead": "30/m/ip,10/m/key",  # ours: accepting by the link in a letter
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not ENV.production
MFA_TOTP_ISSUER = ENV.vendor_name
MFA_REQUIRED_FOR = {part.strip() for part in ENV.mfa_required_for.split(",") if part.strip()}

# --- Messages --------------------------------------------------------------------------------------------------------
DEFAULT_FROM_EMAIL = SERVER_EMAIL = ENV.email_from
if ENV.email_url:
    _mail = urlsplit(ENV.email_url)
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST = _mail.hostname or "localhost"
    EMAIL_USE_SSL = _mail.scheme == "smtps"
    EMAIL_USE_TLS = _mail.scheme == "smtp" and bool(_mail.username)
    EMAIL_PORT = _mail.port or (465 if EMAIL_USE_SSL else 587 if EMAIL_USE_TLS else 25)
    EMAIL_HOST_USER = unquote(_mail.username or "")
    EMAIL_HOST_PASSWORD = unquote(_mail.password or "")
    EMAIL_TIMEOUT = 20
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = ENV.guildhall_var / "mail"

# --- Files -----------------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = ENV.static_root
MEDIA_URL = "/files/"
MEDIA_ROOT = ENV.media_root
ACCEL_REDIRECT_PREFIX = ENV.accel_redirect_prefix
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if ENV.production
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not ENV.production
if not ENV.production:
    STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # stays empty: files are found where they are written
WHITENOISE_MANIFEST_STRICT = True

# --- Wagtail ---------------------------------------------------------------------------------------------------------
WAGTAIL_SITE_NAME = "Guildhall"
WAGTAILADMIN_BASE_URL = ENV.base_url
WAGTAILIMAGES_IMAGE_MODEL = "content.Image"
WAGTAILIMAGES_EXTENSIONS = ["gif", "jpg", "jpeg", "png", "webp", "avif", "svg"]
WAGTAILDOCS_DOCUMENT_MODEL = "content.Document"
WAGTAILDOCS_SERVE_METHOD = "serve_view"
WAGTAILDOCS_MAX_UPLOAD_SIZE = ENV.upload_max_mb * 1024 * 1024
WAGTAILEMBEDS_FINDERS: list[dict] = []
WAGTAIL_ENABLE_UPDATE_CHECK = False
WAGTAIL_PASSWORD_MANAGEMENT_ENABLED = WAGTAIL_PASSWORD_RESET_ENABLED = False  # allauth does this, with throttling
WAGTAIL_EMAIL_MANAGEMENT_ENABLED = False  # likewise: there a new address counts once it was proved
WAGTAIL_GRAVATAR_PROVIDER_URL = None
WAGTAILADMIN_PERMITTED_LANGUAGES = LANGUAGES
WAGTAIL_USER_TIME_ZONES: list[str] = []  # the portal's own preferences ask for it: none to choose from here
WAGTAILSEARCH_BACKENDS = {
    "default": {"BACKEND": f"portal.content.search.{'postgres' if POSTGRES else 'sqlite'}"},
}
WAGTAILLOCALIZE_SYNC_LIVE_STATUS_ON_TRANSLATE = True
TAGGIT_CASE_INSENSITIVE = True

# --- Security --------------------------------------------------------------------------------------------------------
X_FRAME_OPTIONS = "DENY"  # Wagtail lifts it to SAMEORIGIN for its own preview
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SESSION_ENGINE = "portal.accounts.sessions"  # Django's database sessions, read together with their people
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = False
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = ENV.production
SECURE_SSL_REDIRECT = ENV.production
SECURE_HSTS_SECONDS = 31536000 if ENV.production else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = ENV.production
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ENV.production else None
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [SELF],
    }
}
# Wagtail 8's admin writes scripts and styles into its pages: a policy of its own, below /admin/ alone.
CONTENT_SECURITY_POLICY_ADMIN = {
    "script-src": [SELF, "'unsafe-inline'"],
    "style-src": [SELF, "'unsafe-inline'"],
    "img-src": [SELF, "data:", "blob:"],
    "frame-src": [SELF],
}

# --- Log -------------------------------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO" if ENV.production else "WARNING"},
    "loggers": {"portal": {"level": "INFO"}, "django.request": {"level": "ERROR"}, "weasyprint": {"level": "ERROR"}},
}
