"""A real browser: the system's Chromium, driven by Playwright, against the running demo."""

import os
import shutil

import pytest

# Playwright's own loop would make Django refuse the database in this thread; browser tests ask the portal, not the ORM.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    return {
        **browser_type_launch_args,
        "executable_path": executable,
        "args": ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking"],
    }


@pytest.fixture(scope="session")
def base_url(demo):
    return demo.address


@pytest.fixture(scope="session")
def sign_in(demo):
    """``sign_in(page, email)``: as a person does it, the first time; then with the session that they have.

    The portal lets one address sign in thirty times a minute, and the suite is quicker than that.
    """
    sessions: dict[str, list] = {}

    def do(page, email: str, *, language: str = "en") -> None:
        if email in sessions:
            page.context.add_cookies(sessions[email])
            page.goto(f"{demo.address}/{language}/")
            if "/sign-in/" not in page.url:
                return
        page.goto(f"{demo.address}/{language}/sign-in/login/")
        page.fill("input[name=login]", email)
        page.fill("input[name=password]", "guildhall-demo")
        page.locator("form[action*='login'] button[type=submit]").first.click()
        page.wait_for_load_state()
        sessions[email] = [cookie for cookie in page.context.cookies() if cookie["httpOnly"]]

    return do
