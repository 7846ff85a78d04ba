"""The reason of a moved or cancelled session in each language; what was written so far stands for all of them."""

from typing import Any

from django.conf import settings
from django.db import migrations

import portal.core.localised


def take_over(apps: Any, schema_editor: Any) -> None:
    model = apps.get_model("training", "Session")
    sessions = model.objects.using(schema_editor.connection.alias).exclude(reason="")
    for session in sessions.only("pk", "reason"):
        # A reader whose language has no text reads that of the default one.
        sessions.filter(pk=session.pk).update(reason_texts={settings.LANGUAGE_CODE: session.reason})


def give_back(apps: Any, schema_editor: Any) -> None:
    model = apps.get_model("training", "Session")
    sessions = model.objects.using(schema_editor.connection.alias)
    for session in sessions.only("pk", "reason_texts"):
        sessions.filter(pk=session.pk).update(reason=str(session.reason_texts)[:300])


class Migration(migrations.Migration):

    dependencies = [
        ('training', '0006_rules_count_from'),
    ]

    operations = [
        migrations.AddField(
            model_name='session',
            name='reason_texts',
            field=portal.core.localised.LocalisedTextField(blank=True, default=portal.core.localised.LocalisedText, help_text='Those registered read why it was cancelled or moved.', verbose_name='reason'),
        ),
        migrations.RunPython(take_over, give_back),
        migrations.RemoveField(model_name='session', name='reason'),
        migrations.RenameField(model_name='session', old_name='reason_texts', new_name='reason'),
    ]
