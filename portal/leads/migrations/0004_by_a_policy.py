from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("leads", "0003_first_policies")]

    operations = [
        migrations.AddConstraint(
            model_name='lead',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status__in', ('new', 'offered')), _negated=True), models.Q(('policy__isnull', False), ('product__isnull', False), ('region__isnull', False), ('route__isnull', False)), _connector='OR'), name='leads_lead_routed'),
        ),
    ]
