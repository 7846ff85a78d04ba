"""The sitting: the paper, its answers, and all that belongs to them. It is the person's own, whoever they work for."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from certification.forms import read_change, read_noticed, read_position
from certification.models import Attempt
from certification.services import attempts, clocks, sheets
from certification.views.frame import own_attempt, person_of
from portal.content.services.files import answer_file
from portal.core.shell import locate

#: How large a question's picture is sent.
PICTURE = "max-1200x1200"


@require_GET
@never_cache
@gzip_page
def attempt(request: HttpRequest, public_id: str, position: int | None = None) -> HttpResponse:
    """The paper with what was given so far: as one page, or one question at a time. After the deadline it is locked."""
    found = own_attempt(request, public_id, named=True)
    if not found.is_running:
        return redirect("certification:result", found.public_id)
    now = timezone.now()
    if found.one_at_a_time:
        total = len(found.drawn.questions)
        if position is None or not 1 <= position <= total or (found.no_way_back and position != found.position):
            return redirect("certification:question", found.public_id, found.position)
    elif position is not None:
        return redirect("certification:attempt", found.public_id)
    # The language of the paper was chosen at the start; the page around it is in the reader's.
    sheet = sheets.read_sheet(found, only=position)
    attempts.note_address(
        found, sheet.log, address=_digest(found, request.META.get("REMOTE_ADDR", "")),
        device=_digest(found, request.META.get("HTTP_USER_AGENT", "")), now=now,
    )  # fmt: skip
    context = {
        "attempt": found,
        "sheet": sheet,
        "position": position,
        "open": found.is_open(now),
        "halt": attempts.find_halt(found),
        "break_left": max(0, found.break_seconds - found.break_seconds_taken) // 60,
        "now": now,
        "sign_in_url": locate("account_login"),
    }
    return render(request, "certification/attempt.html", context)


def _digest(found: Attempt, text: str) -> str:
    """Tells same from other within one attempt, and nothing else."""
    return salted_hmac(f"certification.sitting.{found.public_id}", text).hexdigest()[:16] if text else ""


@require_GET
@never_cache
def picture(request: HttpRequest, public_id: str, position: int) -> HttpResponseBase:
    """The picture of a question, to whoever is asked it; one that was left for good, or is still to come, is not shown."""
    owned = own_attempt(request, public_id, named=True)
    if owned.is_running and owned.no_way_back and position != owned.position:
        raise Http404
    found = sheets.find_picture(owned, position)
    if found is None:
        raise Http404
    response = answer_file(request, found.file if found.is_svg() else found.get_rendition(PICTURE).file)
    response["Content-Disposition"] = "inline"  # its name may say what it shows
    return response


@require_POST
def save(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take one answer from the exam-sheet, or the page as it is from a browser without JavaScript."""
    change = read_change(request.POST)
    then = request.POST.get("then", "")
    move_to = read_position(then)
    try:
        saved = attempts.save_answers(
            public_id,
            answers=change.answers,
            client_seq=change.client_seq,
            whole_page=change.whole_page,
            move_to=move_to,
            by=person_of(request),
            now=timezone.now(),
        )
    except Attempt.DoesNotExist as error:
        raise Http404 from error
    if not request.accepts("text/html"):
        return _answer_sheet(saved)
    beside = _do_beside(request, public_id)
    if beside is not None:
        return beside
    if not saved.counted:
        messages.warning(request, _("The time is over. These answers came too late to count."))
    elif saved.conflict:
        messages.warning(
            request, _("This exam is open on another page too. This is how your answers stand now: look them through.")
        )
    if then == "finish":
        return redirect("certification:submit", public_id)
    if move_to is not None:
        return redirect("certification:question", public_id, move_to)
    if saved.counted and not saved.conflict:
        messages.success(request, _("Your answers are saved."))
    return _back_to(request, public_id, read_position(request.POST.get("at")))


def _do_beside(request: HttpRequest, public_id: str) -> HttpResponse | None:
    """What a button of a question asked for along with saving: to mark it, or to say that it is broken."""
    marked = request.POST.get("flag", "")
    reported = request.POST.get("report")
    now = timezone.now()
    if marked:
        number, _colon, on = marked.partition(":")
        attempts.flag_question(
            own_attempt(request, public_id, named=True), position=read_position(number) or 0, on=on == "1", now=now
        )
        return _back_to(request, public_id, read_position(number))
    if reported:
        position = read_position(request.POST.get("report-number")) or 0
        attempts.report_question(
            own_attempt(request, public_id, named=True), position=position, text=request.POST.get("report-text", ""),
            by=person_of(request), now=now,
        )  # fmt: skip
        messages.success(request, _("Thank you: an examiner reads it. Answer as well as you can and go on."))
        return _back_to(request, public_id, position)
    return None


def _back_to(request: HttpRequest, public_id: str, position: int | None) -> HttpResponseRedirect:
    """The question from which the reader came, on the page or on its own."""
    if alone := read_position(request.POST.get("alone")):
        return redirect("certification:question", public_id, alone)
    anchor = f"#q{position}" if position else ""
    return HttpResponseRedirect(reverse("certification:attempt", args=[public_id]) + anchor)


def _answer_sheet(saved: attempts.Saved) -> JsonResponse:
    """200: saved. 409: saved, but another page has answered too. 410: too late; kept as evidence, not counted."""
    if not saved.counted:
        return JsonResponse({"closed": saved.seq}, status=410)
    if saved.conflict:
        return JsonResponse({"stale": saved.seq, "saved": saved.seq}, status=409)
    return JsonResponse({"saved": saved.seq, "deadline": saved.deadline_at.isoformat()})


@require_http_methods(["GET", "POST"])
@never_cache
def submit(request: HttpRequest, public_id: str) -> HttpResponse:
    """Ask once more, naming what is unanswered and what was marked; then submit for good."""
    if request.method == "POST":
        return _submit(request, public_id)
    found = own_attempt(request, public_id, named=True)
    if not found.is_running:
        return redirect("certification:result", found.public_id)
    now = timezone.now()
    context = {
        "attempt": found,
        "sheet": sheets.read_sheet(found),
        "open": found.is_open(now),
        "halt": attempts.find_halt(found),
        "now": now,
    }
    return render(request, "certification/submit.html", context)


def _submit(request: HttpRequest, public_id: str) -> HttpResponseRedirect:
    change = read_change(request.POST) if "shown" in request.POST else None
    now = timezone.now()
    try:
        graded = attempts.submit_own_attempt(
            public_id,
            answers=change.answers if change else None,
            client_seq=change.client_seq if change else 0,
            by=person_of(request),
            now=now,
        )
    except Attempt.DoesNotExist as error:
        raise Http404 from error
    new = "?new=1" if graded.passed and graded.graded_at == now else ""
    return HttpResponseRedirect(reverse("certification:result", args=[public_id]) + new)


# --- Beside the answers ----------------------------------------------------------------------------------------------


@require_GET
@never_cache
def status(request: HttpRequest, public_id: str) -> JsonResponse:
    """What the page asks every 20 seconds: until when, whether the clock stands still, which questions were withdrawn."""
    found = own_attempt(request, public_id, named=True)
    return JsonResponse(
        {
            "deadline": found.deadline_at.isoformat(),
            "stands": found.standstill,
            "withdrawn": ",".join(map(str, sheets.list_withdrawn(found))) if found.is_running else "",
            "over": not found.is_running,
        }
    )


@require_POST
def note(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take what the page noticed: that it was left, that text was pasted. Answers nothing and decides nothing."""
    attempts.note_events(own_attempt(request, public_id, named=True), read_noticed(request.POST), now=timezone.now())
    return HttpResponse(status=204)


@require_POST
def flag(request: HttpRequest, public_id: str) -> HttpResponse:
    """Mark a question to be looked at again, or take the mark away, while the page stays as it is."""
    found = own_attempt(request, public_id, named=True)
    position = read_position(request.POST.get("position")) or 0
    attempts.flag_question(found, position=position, on=request.POST.get("on") == "1", now=timezone.now())
    return HttpResponse(status=204)


@require_POST
def pause(request: HttpRequest, public_id: str) -> HttpResponse:
    """Begin a break that was granted, or end it."""
    found = own_attempt(request, public_id, named=True)
    act = clocks.end_break if request.POST.get("end") else clocks.start_break
    act(found, by=person_of(request), now=timezone.now())
    return redirect("certification:attempt", public_id)
