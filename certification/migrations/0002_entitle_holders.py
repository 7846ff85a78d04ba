"""Entitle those who hold credentials already: since now a credential opens the materials that ask for it."""

from django.db import migrations


def entitle_holders(apps, schema_editor):
    Credential = apps.get_model("certification", "Credential")
    Entitlement = apps.get_model("partners", "Entitlement")
    held = Credential.objects.filter(revoked_at__isnull=True, suspended_at__isnull=True)
    Entitlement.objects.bulk_create(
        (
            Entitlement(
                user_id=credential.user_id,
                membership_id=credential.membership_id,
                key=f"exam-{credential.exam_id}",
                evidence=f"credential {credential.public_id}",
                granted_at=credential.issued_at,
                until=credential.expires_at,
            )
            for credential in held.iterator()
        ),
        batch_size=1000,
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("certification", "0001_initial"),
        ("partners", "0001_initial"),
    ]

    operations = [migrations.RunPython(entitle_holders, migrations.RunPython.noop)]
