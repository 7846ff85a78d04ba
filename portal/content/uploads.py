"""What an uploaded file must be: a video that plays, captions that every browser reads, no larger than allowed."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from portal.content.videos import VIDEOS, BrokenVideo, check_video, find_extension
from portal.content.vtt import LARGEST, CaptionError, parse_captions


def check_upload(file: Any) -> None:
    """Refuse a file that is not what its name says; of others than videos and captions only the size is asked.

    Args:
        file: a bound file field, or None.

    Raises:
        ValidationError: at the field ``file``, naming what is wrong, of captions with the line.
    """
    # What is stored was looked into when it came, and what was let in when more was allowed stays.
    if not file or file._committed:
        return
    if file.size > settings.WAGTAILDOCS_MAX_UPLOAD_SIZE:
        message = _(
            "“%(name)s” has %(size)s; at most %(most)s can be uploaded. Export it smaller, or put it at a provider."
        )
        raise ValidationError(
            {
                "file": message
                % {
                    "name": _name(file),
                    "size": filesizeformat(file.size),
                    "most": filesizeformat(settings.WAGTAILDOCS_MAX_UPLOAD_SIZE),
                }
            }
        )
    extension = find_extension(file.name)
    if extension in VIDEOS:
        file.open()
        try:
            check_video(file, extension, file.size)
        except BrokenVideo as error:
            raise ValidationError({"file": describe_broken_video(error, _name(file))}) from error
        finally:
            file.seek(0)
    elif extension == "vtt":
        file.open()
        try:
            parse_captions(file.read(LARGEST + 1))
        except CaptionError as error:
            raise ValidationError({"file": describe_caption_error(error)}) from error
        finally:
            file.seek(0)


def _name(file: Any) -> str:
    return str(file.name).rpartition("/")[2]


def describe_broken_video(error: BrokenVideo, name: str) -> str:
    """What is wrong with a video, and what to do about it."""
    if error.code == "cut":
        return _(
            "“%(name)s” ends before its video does: the export or the upload was cut off. Upload it once more."
        ) % {"name": name}
    return _("“%(name)s” is not the video that its name says. Export it as MP4 or WebM, and upload that.") % {
        "name": name
    }


def describe_caption_error(error: CaptionError) -> str:
    """What is wrong with a file of captions, beginning with the line."""
    reasons = {
        "header": _("the file must begin with “WEBVTT”. Save it as WebVTT (.vtt), not as SubRip (.srt)."),
        "encoding": _("this is not UTF-8. Save the file with the encoding UTF-8."),
        "large": _("no captions are as long as this file. Choose another."),
        "times": _("“%(found)s” are no times. They are written “00:01:15.000 --> 00:01:18.500”."),
        "order": _("“%(found)s” ends before it begins."),
        "backwards": _("“%(found)s” begins before the one above it. Captions stand in the order of the video."),
        "empty": _("no words stand below “%(found)s”."),
        "none": _("the file has no captions."),
    }
    return _("Line %(line)s: %(reason)s") % {
        "line": error.line,
        "reason": reasons[error.code] % {"found": error.found},
    }
