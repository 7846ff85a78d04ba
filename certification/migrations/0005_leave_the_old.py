"""The columns that are carried over go. SQLite has rebuilt tables with triggers on the way: they are laid anew."""

from django.db import migrations

from certification.migrations._immutability import install_triggers, remove_triggers


def lay_anew(apps, schema_editor):
    remove_triggers(apps, schema_editor)
    install_triggers(apps, schema_editor)


class Migration(migrations.Migration):
    dependencies = [("certification", "0004_carry_over")]

    operations = [
        migrations.RemoveConstraint(
            model_name='examsection',
            name='certification_section_asks',
        ),
        migrations.RemoveField(
            model_name='exam',
            name='course',
        ),
        migrations.RemoveField(
            model_name='examsection',
            name='count',
        ),
        migrations.RemoveField(
            model_name='examsection',
            name='topic',
        ),
        migrations.RunPython(lay_anew, migrations.RunPython.noop),
    ]
