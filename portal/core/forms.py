"""How forms are drawn: Django's own machinery, our templates."""

from django.forms.renderers import TemplatesSetting


class ComponentRenderer(TemplatesSetting):
    """Draws ``{{ form }}`` and ``{{ field.as_field_group }}`` through the components.

    Widgets keep their own templates, so Wagtail's admin, which lays its fields out by panels, is not touched.
    Needs ``django.forms`` among the installed apps, since templates are found through the TEMPLATES setting.
    """

    form_template_name = "components/form.html"
    field_template_name = "components/field.html"
