"""People in Wagtail's admin: its own screens, with the language and time zone that each person reads in."""

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from wagtail.users.forms import UserCreationForm, UserEditForm
from wagtail.users.views.bulk_actions import AssignRoleBulkAction, DeleteBulkAction, SetActiveStateBulkAction
from wagtail.users.views.users import CreateView, DeleteView, EditView, UserViewSet

from portal.accounts.facts import people_switched
from portal.accounts.forms import time_zone_choices
from portal.accounts.models import User
from portal.accounts.services.people import keep_address


class PersonCreationForm(UserCreationForm):
    """Without a password the person signs in by a mailed code, and may choose one by resetting it."""

    password_required = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].help_text = _("Empty: the person signs in by a mailed code.")

    def save(self, commit: bool = True) -> User:
        if not self.cleaned_data.get("password1"):
            self.instance.set_unusable_password()
        user = super().save(commit)
        if commit:
            keep_address(user)
        return user

    class Meta(UserCreationForm.Meta):
        fields = UserCreationForm.Meta.fields | {"language", "time_zone"}
        widgets = {**UserCreationForm.Meta.widgets, "time_zone": forms.Select(choices=time_zone_choices())}


class PersonEditForm(UserEditForm):
    def save(self, commit: bool = True) -> User:
        user = super().save(commit)
        if commit:
            keep_address(user)
        return user

    class Meta(UserEditForm.Meta):
        fields = UserEditForm.Meta.fields | {"language", "time_zone"}
        widgets = {**UserEditForm.Meta.widgets, "time_zone": forms.Select(choices=time_zone_choices())}


def is_guarded(person: User) -> bool:
    """Whether the account is one of the vendor's staff: a new password or address would be a way to what it may do."""
    return person.is_superuser or person.groups.exists()


class GuardedForm:
    """Only administrators make administrators, and only they choose groups: whoever may edit people gains nothing."""

    request: HttpRequest

    def get_form(self, *args: Any, **kwargs: Any) -> Any:
        form = super().get_form(*args, **kwargs)  # type: ignore[misc]  # a mixin of views
        if not self.request.user.is_superuser:
            for name in form.fields.keys() & {"is_superuser", "groups"}:
                form.fields[name].disabled = True
        return form


class GuardedPerson:
    """A staff account is changed by administrators alone."""

    object: User

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if is_guarded(self.object) and not request.user.is_superuser:
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]  # a mixin of views


class PersonCreateView(GuardedForm, CreateView):
    pass


class PersonEditView(GuardedForm, GuardedPerson, EditView):
    def get_form(self, *args: Any, **kwargs: Any) -> Any:
        """Where a person signs in, and with what, is theirs: whoever changed it could act in their partner's name."""
        form = super().get_form(*args, **kwargs)
        if not self.request.user.is_superuser:
            for name in form.fields.keys() & {"email", "password1", "password2"}:
                form.fields[name].disabled = True
        return form

    @transaction.atomic
    def save_instance(self) -> User:
        user: User = super().save_instance()
        if "is_active" in self.form.changed_data:
            people_switched.announce(user_ids=[user.pk], by=self.request.user)
        return user


class PersonDeleteView(DeleteView):
    """Nobody is deleted: history names people. An account is closed by making it inactive."""

    def dispatch(self, *_request: Any, **_kwargs: Any) -> HttpResponse:
        raise PermissionDenied


# The same for many at once. Registered by ``wagtail_hooks`` in place of Wagtail's own actions of these names.


class AssignRole(AssignRoleBulkAction):
    def check_perm(self, person: User) -> bool:  # noqa: ARG002 -- whoever it is for, only administrators choose groups
        return bool(self.request.user.is_superuser)


class SetActiveState(SetActiveStateBulkAction):
    def check_perm(self, person: User) -> bool:
        return super().check_perm(person) and (self.request.user.is_superuser or not is_guarded(person))

    @classmethod
    @transaction.atomic
    def execute_action(cls, objects: list[User], **context: Any) -> tuple[int, int]:
        switched = [person.pk for person in objects if person.is_active != context.get("mark_as_active", False)]
        done: tuple[int, int] = super().execute_action(objects, **context)
        people_switched.announce(user_ids=switched, by=context.get("user"))
        return done


class DeletePeople(DeleteBulkAction):
    def check_perm(self, person: User) -> bool:  # noqa: ARG002 -- nobody is deleted
        return False


class PersonViewSet(UserViewSet):
    """Wagtail's user screens with our forms. Named in ``portal.accounts.apps.PeopleAdminConfig``."""

    add_view_class = PersonCreateView
    edit_view_class = PersonEditView
    delete_view_class = PersonDeleteView

    def get_form_class(self, for_update: bool = False) -> type[forms.ModelForm]:
        return PersonEditForm if for_update else PersonCreationForm
