"""Finds what a strict Content-Security-Policy forbids in a page."""

import re

INLINE = re.compile(
    r"<script(?![^>]*\bsrc=)[^>]*>(?P<script>[^<]+)|<style[ >]|\sstyle=\"|\son(?:click|load|change|submit|input|error)=",
    re.I,
)


def what_is_inline(html: str) -> list[str]:
    return [found.group(0)[:80] for found in INLINE.finditer(html)]
