"""The pages of customers, who are nobody here: whoever has the link of a letter. They open nothing of the portal."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from portal.core.errors import Refusal
from portal.core.forms import add_refusal
from portal.leads.forms import HeardForm
from portal.leads.models import CustomerAnswer, CustomerLetter
from portal.leads.services import customers


# A link is all that a customer has: nothing of a browser's own is trusted, so nothing of it can be abused. And where no
# referrer is sent, browsers send no origin that Django could compare.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@login_not_required
def heard(request: HttpRequest, token: str) -> HttpResponse:
    """Whether somebody called, and how it was."""
    letter = _find(token)
    now = timezone.now()
    language = customers.choose_language(letter.lead)
    with override(language), timezone.override(letter.offer.partner.time_zone):
        try:
            customers.check_answerable(letter, now=now)
        except Refusal as refusal:
            context = {"refusal": refusal, "LANGUAGE_CODE": language}
            return _dress(render(request, "leads/customers/closed.html", context, status=410))
        answer = CustomerAnswer.objects.filter(offer=letter.offer_id).first()
        form = HeardForm(request.POST if request.method == "POST" else None, initial=_initial(answer))
        status = 200
        if request.method == "POST":
            status = 422
            if form.is_valid():
                try:
                    customers.record_answer(letter, **form.cleaned_data, now=now)
                except Refusal as refusal:
                    add_refusal(form, refusal)
                    status = refusal.status
                else:
                    return _dress(HttpResponseRedirect(f"{customers.find_question_path(letter)}?kept"))
        context = {
            **_describe(letter),
            "form": form,
            "answer": answer,
            "kept": answer is not None and "kept" in request.GET,
        }
        return _dress(render(request, "leads/customers/heard.html", context, status=status))


def _initial(answer: CustomerAnswer | None) -> dict[str, object]:
    if answer is None:
        return {}
    return {
        "called": "yes" if answer.called else "no", "called_on": answer.called_on, "rating": answer.rating,
        "words": answer.words, "wish": answer.wish,
    }  # fmt: skip


@csrf_exempt  # as above; a mail program that offers "unsubscribe" posts here by itself (RFC 8058)
@require_http_methods(["GET", "HEAD", "POST"])
@login_not_required
def unwanted(request: HttpRequest, token: str) -> HttpResponse:
    """Do not write to me; or do, after all."""
    letter = _find(token)
    with override(customers.choose_language(letter.lead)):
        if request.method == "POST":
            if "again" in request.POST:
                customers.want_letters_again(letter)
            else:
                customers.refuse_letters(letter, now=timezone.now())
            return _dress(HttpResponseRedirect(customers.find_refuse_path(letter)))
        contact = getattr(letter.lead, "contact", None)
        context = {
            **_describe(letter),
            "refused": contact is None or not contact.email or customers.is_unwanted(contact.email),
            "erased": contact is None or not contact.email,
        }
        return _dress(render(request, "leads/customers/unwanted.html", context))


def _find(token: str) -> CustomerLetter:
    letter = customers.find_letter(token)
    if letter is None:
        raise Http404(_("No such page"))
    return letter


def _describe(letter: CustomerLetter) -> dict[str, object]:
    """What the customer knows: who calls, of which partner, for whom, about what they asked."""
    person = customers.find_caller(letter)
    return {
        "partner": letter.offer.partner.name,
        "person": person.get_full_name() if person else "",
        "product": letter.lead.product,
        "received_at": letter.lead.received_at,
        "vendor_name": settings.VENDOR_NAME,
        "LANGUAGE_CODE": customers.choose_language(letter.lead),
    }


def _dress(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "private, no-store"
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Referrer-Policy"] = "no-referrer"
    return response
