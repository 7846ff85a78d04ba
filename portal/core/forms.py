"""How forms are drawn, and how a refusal stands in one: Django's own machinery, our templates."""

from django.core.exceptions import ValidationError
from django.forms import Form
from django.forms.renderers import TemplatesSetting

from portal.core.errors import Refusal


class ComponentRenderer(TemplatesSetting):
    """Draws ``{{ form }}`` and ``{{ field.as_field_group }}`` through the components.

    Widgets keep their own templates, so Wagtail's admin, which lays its fields out by panels, is not touched.
    Needs ``django.forms`` among the installed apps, since templates are found through the TEMPLATES setting.
    """

    form_template_name = "components/form.html"
    field_template_name = "components/field.html"


def add_refusal(form: Form, refusal: Refusal) -> None:
    """Show a refusal at the head of the form, so that what was typed stays."""
    form.add_error(None, ValidationError(f"{refusal.message} {refusal.remedy}".strip(), code=refusal.code))
