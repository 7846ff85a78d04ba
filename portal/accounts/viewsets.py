"""People in Wagtail's admin: its own screens, with the language and time zone that each person reads in."""

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from wagtail.users.forms import UserCreationForm, UserEditForm
from wagtail.users.views.users import CreateView, DeleteView, EditView, UserViewSet

from portal.accounts.forms import time_zone_choices
from portal.accounts.models import User


class PersonCreationForm(UserCreationForm):
    """Without a password the person signs in by a mailed code, and may choose one by resetting it."""

    password_required = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].help_text = _("Empty: the person signs in by a mailed code.")

    def save(self, commit: bool = True) -> User:
        if not self.cleaned_data.get("password1"):
            self.instance.set_unusable_password()
        return super().save(commit)

    class Meta(UserCreationForm.Meta):
        fields = UserCreationForm.Meta.fields | {"language", "time_zone"}
        widgets = {**UserCreationForm.Meta.widgets, "time_zone": forms.Select(choices=time_zone_choices())}


class PersonEditForm(UserEditForm):
    class Meta(UserEditForm.Meta):
        fields = UserEditForm.Meta.fields | {"language", "time_zone"}
        widgets = {**UserEditForm.Meta.widgets, "time_zone": forms.Select(choices=time_zone_choices())}


class GuardedForm:
    """Only administrators make administrators, and only they choose groups: whoever may edit people gains nothing."""

    request: HttpRequest

    def get_form(self, *args: Any, **kwargs: Any) -> Any:
        form = super().get_form(*args, **kwargs)  # type: ignore[misc]
        if not self.request.user.is_superuser:
            for name in form.fields.keys() & {"is_superuser", "groups"}:
                form.fields[name].disabled = True
        return form


class GuardedPerson:
    """An administrator's account is changed by administrators alone: a new password would be a way in."""

    object: User

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if (self.object.is_superuser or self.object.groups.exists()) and not request.user.is_superuser:
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]


class PersonCreateView(GuardedForm, CreateView):
    pass


class PersonEditView(GuardedForm, GuardedPerson, EditView):
    pass


class PersonDeleteView(DeleteView):
    """Nobody is deleted: history names people. An account is closed by making it inactive."""

    def dispatch(self, *_request: Any, **_kwargs: Any) -> HttpResponse:
        raise PermissionDenied


class PersonViewSet(UserViewSet):
    """Wagtail's user screens with our forms. Named in ``portal.accounts.apps.PeopleAdminConfig``."""

    add_view_class = PersonCreateView
    edit_view_class = PersonEditView
    delete_view_class = PersonDeleteView

    def get_form_class(self, for_update: bool = False) -> type[forms.ModelForm]:
        return PersonEditForm if for_update else PersonCreationForm
