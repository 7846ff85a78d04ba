import certification.models.exams
import django.core.validators
import django.db.models.deletion
import modelcluster.fields
import portal.core.localised
import portal.core.models
import taggit.managers
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '__first__'),
        ('certification', '0002_entitle_holders'),
        ('content', '0002_search'),
        ('partners', '0001_initial'),
        ('taggit', '0006_rename_taggeditem_content_type_object_id_taggit_tagg_content_8fc721_idx'),
        ('training', '0005_courses_and_webinars'),
    ]

    operations = [
        migrations.CreateModel(
            name='Accommodation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('time_factor_percent', models.PositiveSmallIntegerField(blank=True, help_text='125: a quarter more.', null=True, validators=[django.core.validators.MinValueValidator(100), django.core.validators.MaxValueValidator(400)], verbose_name='time, %')),
                ('extra_attempts', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MaxValueValidator(50)], verbose_name='more attempts')),
                ('break_minutes', models.PositiveSmallIntegerField(blank=True, help_text='The clock stands still and the questions are hidden.', null=True, validators=[django.core.validators.MaxValueValidator(240)], verbose_name='breaks, minutes in all')),
                ('reason', models.CharField(help_text='Seen by examiners alone.', max_length=300, verbose_name='reason')),
                ('starts_at', models.DateTimeField(verbose_name='from')),
                ('expires_at', models.DateTimeField(verbose_name='until')),
                ('granted_at', models.DateTimeField(editable=False, verbose_name='granted')),
                ('withdrawn_at', models.DateTimeField(editable=False, null=True, verbose_name='withdrawn')),
                ('exam', models.ForeignKey(blank=True, help_text='Empty: every exam.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='accommodations', to='certification.exam', verbose_name='exam')),
                ('granted_by', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='granted by')),
                ('partner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='partners.partner', verbose_name='everyone of the partner')),
                ('user', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='accommodations', to=settings.AUTH_USER_MODEL, verbose_name='person')),
            ],
            options={
                'verbose_name': 'accommodation',
                'verbose_name_plural': 'accommodations',
                'ordering': ['-starts_at', '-pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('partner__isnull', True), ('user__isnull', False)), models.Q(('partner__isnull', False), ('user__isnull', True)), _connector='OR'), name='certification_accommodation_for_one'), models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('starts_at'))), name='certification_accommodation_ends_after'), models.CheckConstraint(condition=models.Q(('time_factor_percent__isnull', True), ('time_factor_percent__gte', 100), _connector='OR'), name='certification_accommodation_never_less_time'), models.CheckConstraint(condition=models.Q(('time_factor_percent__isnull', False), ('extra_attempts__isnull', False), ('break_minutes__isnull', False), _connector='OR'), name='certification_accommodation_gives_something'), models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='certification_accommodation_why')],
            },
        ),
        migrations.CreateModel(
            name='BrokenReport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField(verbose_name='question')),
                ('text', models.TextField(max_length=1000, verbose_name='what is wrong')),
                ('reported_at', models.DateTimeField(verbose_name='reported')),
                ('closed_at', models.DateTimeField(null=True, verbose_name='answered')),
                ('answer', models.CharField(blank=True, help_text='The candidate reads this.', max_length=500, verbose_name='answer')),
                ('attempt', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reports', to='certification.attempt')),
                ('closed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='answered by')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reports', to='certification.questionversion')),
            ],
            options={
                'verbose_name': 'report of a broken question',
                'verbose_name_plural': 'reports of broken questions',
                'ordering': ['-reported_at', '-pk'],
                'indexes': [models.Index(condition=models.Q(('closed_at__isnull', True)), fields=['reported_at'], name='certification_report_open')],
                'constraints': [models.UniqueConstraint(fields=('attempt', 'position'), name='certification_report_once'), models.CheckConstraint(condition=models.Q(('closed_at__isnull', True), models.Q(('answer', ''), _negated=True), _connector='OR'), name='certification_report_answered')],
            },
        ),
        migrations.CreateModel(
            name='Citation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('material_key', models.UUIDField()),
                ('block_id', models.CharField(blank=True, max_length=64)),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='cited', to='certification.questionversion')),
            ],
            options={
                'verbose_name': 'citation',
                'verbose_name_plural': 'citations',
                'ordering': ['version', 'pk'],
                'indexes': [models.Index(fields=['material_key', 'block_id'], name='certification_citation_block')],
                'constraints': [models.UniqueConstraint(fields=('version', 'material_key', 'block_id'), name='certification_citation_once')],
            },
        ),
        migrations.CreateModel(
            name='ExamPrerequisite',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sort_order', models.IntegerField(blank=True, editable=False, null=True)),
                ('course', models.ForeignKey(blank=True, help_text='In whichever language it was taken.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='training.coursepage', verbose_name='course to complete first')),
                ('exam', modelcluster.fields.ParentalKey(on_delete=django.db.models.deletion.CASCADE, related_name='prerequisites', to='certification.exam')),
                ('required_exam', models.ForeignKey(blank=True, help_text='Its credential is held at the start.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='required_by', to='certification.exam', verbose_name='exam to pass first')),
            ],
            options={
                'verbose_name': 'prerequisite',
                'verbose_name_plural': 'prerequisites',
                'ordering': ['sort_order'],
                'abstract': False,
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('course__isnull', False), ('required_exam__isnull', True)), models.Q(('course__isnull', True), ('required_exam__isnull', False)), _connector='OR'), name='certification_prerequisite_names_one'), models.UniqueConstraint(fields=('exam', 'course'), name='certification_prerequisite_course_once'), models.UniqueConstraint(fields=('exam', 'required_exam'), name='certification_prerequisite_exam_once'), models.CheckConstraint(condition=models.Q(('required_exam__isnull', True), models.Q(('required_exam', models.F('exam')), _negated=True), _connector='OR'), name='certification_prerequisite_not_itself')],
            },
        ),
        migrations.CreateModel(
            name='ExamRules',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('two_person_approval', models.BooleanField(default=False, help_text='A question is approved by somebody other than who wrote it.', verbose_name='two people approve')),
            ],
            options={
                'verbose_name': 'Question bank',
            },
        ),
        migrations.CreateModel(
            name='FixedQuestion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sort_order', models.IntegerField(blank=True, editable=False, null=True)),
                ('question', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='certification.question', verbose_name='question')),
                ('section', modelcluster.fields.ParentalKey(on_delete=django.db.models.deletion.CASCADE, related_name='fixed_questions', to='certification.examsection')),
            ],
            options={
                'verbose_name': 'question that is always asked',
                'verbose_name_plural': 'questions that are always asked',
                'ordering': ['sort_order'],
                'abstract': False,
                'constraints': [models.UniqueConstraint(fields=('section', 'question'), name='certification_fixed_once')],
            },
        ),
        migrations.CreateModel(
            name='Flag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField()),
                ('attempt', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='flags', to='certification.attempt')),
            ],
            options={
                'verbose_name': 'question marked for review',
                'verbose_name_plural': 'questions marked for review',
                'ordering': ['attempt', 'position'],
                'constraints': [models.UniqueConstraint(fields=('attempt', 'position'), name='certification_flag_once')],
            },
        ),
        migrations.CreateModel(
            name='Grading',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveSmallIntegerField(verbose_name='number')),
                ('graded_at', models.DateTimeField(verbose_name='graded')),
                ('reason', models.CharField(blank=True, max_length=200, verbose_name='reason')),
                ('score', models.PositiveSmallIntegerField(verbose_name='score, %')),
                ('passed', models.BooleanField(verbose_name='passed')),
                ('result', models.JSONField(verbose_name='result')),
                ('attempt', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='gradings', to='certification.attempt')),
                ('graded_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='by')),
            ],
            options={
                'verbose_name': 'grading',
                'verbose_name_plural': 'gradings',
                'ordering': ['attempt', 'number'],
                'constraints': [models.UniqueConstraint(fields=('attempt', 'number'), name='certification_grading_number')],
            },
        ),
        migrations.CreateModel(
            name='Halt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', portal.core.localised.LocalisedTextField(default=portal.core.localised.LocalisedText, help_text='Those who are sitting read this.', verbose_name='reason')),
                ('halted_at', models.DateTimeField(verbose_name='halted')),
                ('resumed_at', models.DateTimeField(null=True, verbose_name='resumed')),
                ('exam', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='halts', to='certification.exam', verbose_name='exam')),
                ('halted_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='halted by')),
                ('resumed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='resumed by')),
            ],
            options={
                'verbose_name': 'halt',
                'verbose_name_plural': 'halts',
                'ordering': ['-halted_at'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('resumed_at__isnull', True)), fields=('exam',), name='certification_halt_one_open'), models.CheckConstraint(condition=models.Q(('resumed_at__isnull', True), ('resumed_at__gte', models.F('halted_at')), _connector='OR'), name='certification_halt_ends_after')],
            },
        ),
        migrations.CreateModel(
            name='IntegrityEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('focus_lost', 'Left the page'), ('focus_back', 'Came back'), ('paste', 'Pasted text'), ('address', 'Another network address'), ('device', 'Another device')], max_length=10, verbose_name='what')),
                ('position', models.PositiveSmallIntegerField(null=True, verbose_name='question')),
                ('detail', models.CharField(blank=True, max_length=64)),
                ('happened_at', models.DateTimeField(verbose_name='when')),
                ('attempt', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='events', to='certification.attempt')),
            ],
            options={
                'verbose_name': 'event of a sitting',
                'verbose_name_plural': 'events of sittings',
                'ordering': ['attempt', 'happened_at', 'pk'],
                'indexes': [models.Index(fields=['attempt', 'happened_at'], name='certification_event_attempt')],
            },
        ),
        migrations.CreateModel(
            name='Lifesign',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('seen_at', models.DateTimeField(verbose_name='seen')),
            ],
            options={
                'verbose_name': 'sign of life',
                'verbose_name_plural': 'signs of life',
                'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='certification_lifesign_one')],
            },
        ),
        migrations.CreateModel(
            name='MarkingTask',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=portal.core.models.new_public_id, editable=False, max_length=16, unique=True)),
                ('position', models.PositiveSmallIntegerField(verbose_name='question')),
                ('due_at', models.DateTimeField(verbose_name='due')),
                ('state', models.CharField(choices=[('waiting', 'Waits for a marker'), ('disagreed', 'Two markers disagree'), ('done', 'Marked')], default='waiting', max_length=10, verbose_name='state')),
                ('claimed_until', models.DateTimeField(null=True, verbose_name='in hand until')),
                ('earned', models.CharField(blank=True, max_length=20, verbose_name='share of the mark')),
                ('done_at', models.DateTimeField(null=True, verbose_name='marked')),
                ('attempt', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='marking_tasks', to='certification.attempt')),
                ('claimed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='in hand of')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='certification.questionversion')),
            ],
            options={
                'verbose_name': 'answer to mark',
                'verbose_name_plural': 'answers to mark',
                'ordering': ['due_at', 'pk'],
                'indexes': [models.Index(condition=models.Q(('state', 'done'), _negated=True), fields=['due_at'], name='certification_marking_queue')],
                'constraints': [models.UniqueConstraint(fields=('attempt', 'position'), name='certification_marking_once'), models.CheckConstraint(condition=models.Q(models.Q(('done_at__isnull', False), ('state', 'done'), models.Q(('earned', ''), _negated=True)), models.Q(models.Q(('state', 'done'), _negated=True), ('done_at__isnull', True), ('earned', '')), _connector='OR'), name='certification_marking_done_how'), models.CheckConstraint(condition=models.Q(models.Q(('claimed_by__isnull', True), ('claimed_until__isnull', True)), models.Q(('claimed_by__isnull', False), ('claimed_until__isnull', False)), _connector='OR'), name='certification_marking_claimed_until')],
            },
        ),
        migrations.CreateModel(
            name='Outage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('since', models.DateTimeField(verbose_name='from')),
                ('until', models.DateTimeField(verbose_name='until')),
                ('noticed_at', models.DateTimeField(verbose_name='noticed')),
            ],
            options={
                'verbose_name': 'outage',
                'verbose_name_plural': 'outages',
                'ordering': ['-since'],
                'constraints': [models.UniqueConstraint(fields=('since',), name='certification_outage_once'), models.CheckConstraint(condition=models.Q(('until__gt', models.F('since'))), name='certification_outage_stretch')],
            },
        ),
        migrations.CreateModel(
            name='QuestionCheck',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('line', models.CharField(blank=True, max_length=200, verbose_name='what changed')),
                ('blocks', models.JSONField(default=list, verbose_name='changed blocks')),
                ('raised_at', models.DateTimeField(verbose_name='raised')),
                ('closed_at', models.DateTimeField(null=True, verbose_name='decided')),
                ('outcome', models.CharField(blank=True, choices=[('still_true', 'Still true'), ('revised', 'Revised'), ('retired', 'Retired')], max_length=10, verbose_name='outcome')),
                ('note', models.CharField(blank=True, max_length=300, verbose_name='note')),
                ('change', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='training.change', verbose_name='change')),
                ('closed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='decided by')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='checks', to='certification.questionversion')),
            ],
            options={
                'verbose_name': 'question to check',
                'verbose_name_plural': 'questions to check',
                'ordering': ['raised_at', 'pk'],
                'indexes': [models.Index(condition=models.Q(('closed_at__isnull', True)), fields=['version', 'raised_at'], name='certification_check_open')],
                'constraints': [models.UniqueConstraint(fields=('version', 'change'), name='certification_check_once'), models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', True), ('outcome', '')), models.Q(('closed_at__isnull', False), models.Q(('outcome', ''), _negated=True)), _connector='OR'), name='certification_check_closed_how')],
            },
        ),
        migrations.CreateModel(
            name='QuestionTag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('content_object', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tagged_items', to='certification.question')),
                ('tag', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='%(app_label)s_%(class)s_items', to='taggit.tag')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='SectionQuota',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sort_order', models.IntegerField(blank=True, editable=False, null=True)),
                ('count', models.PositiveSmallIntegerField(default=5, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(200)], verbose_name='questions')),
                ('difficulty', models.PositiveSmallIntegerField(blank=True, choices=[(1, 'Easy'), (2, 'Medium'), (3, 'Hard')], null=True, verbose_name='difficulty')),
                ('section', modelcluster.fields.ParentalKey(on_delete=django.db.models.deletion.CASCADE, related_name='quotas', to='certification.examsection')),
                ('tag', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='taggit.tag', verbose_name='tag')),
                ('topic', models.ForeignKey(blank=True, help_text='With all that lies below it.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='certification.topic', verbose_name='topic')),
            ],
            options={
                'verbose_name': 'what it draws',
                'verbose_name_plural': 'what it draws',
                'ordering': ['sort_order'],
                'abstract': False,
                'constraints': [models.CheckConstraint(condition=models.Q(('count__gte', 1)), name='certification_quota_asks')],
            },
        ),
        migrations.CreateModel(
            name='MarkGiven',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('earned', models.CharField(max_length=20, verbose_name='share of the mark')),
                ('rubric', models.JSONField(default=dict, verbose_name='rubric')),
                ('comment', models.TextField(blank=True, help_text='The candidate reads this.', max_length=2000, verbose_name='comment')),
                ('given_at', models.DateTimeField(verbose_name='given')),
                ('marker', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='marker')),
                ('task', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='marks_given', to='certification.markingtask')),
            ],
            options={
                'verbose_name': 'mark given',
                'verbose_name_plural': 'marks given',
                'ordering': ['task', 'given_at', 'pk'],
                'constraints': [models.UniqueConstraint(fields=('task', 'marker'), name='certification_mark_given_once')],
            },
        ),
        migrations.CreateModel(
            name='TimeGiven',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('why', models.CharField(choices=[('halt', 'The exam was halted'), ('outage', 'The service could not be reached'), ('break', 'A granted break')], max_length=10, verbose_name='why')),
                ('since', models.DateTimeField(verbose_name='from')),
                ('until', models.DateTimeField(verbose_name='until')),
                ('seconds', models.PositiveIntegerField(verbose_name='seconds')),
                ('given_at', models.DateTimeField(verbose_name='given')),
                ('attempt', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='given_times', to='certification.attempt')),
                ('halt', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='given_times', to='certification.halt')),
                ('outage', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='given_times', to='certification.outage')),
            ],
            options={
                'verbose_name': 'time given back',
                'verbose_name_plural': 'times given back',
                'ordering': ['attempt', 'since'],
                'constraints': [models.UniqueConstraint(fields=('attempt', 'halt'), name='certification_time_given_halt_once'), models.UniqueConstraint(fields=('attempt', 'outage'), name='certification_time_given_outage_once'), models.CheckConstraint(condition=models.Q(('until__gte', models.F('since'))), name='certification_time_given_stretch')],
            },
        ),
        migrations.RemoveConstraint(
            model_name='attempt',
            name='certification_attempt_one_running',
        ),
        migrations.RemoveConstraint(
            model_name='attempt',
            name='certification_attempt_graded_whole',
        ),
        migrations.RemoveConstraint(
            model_name='questionversion',
            name='certification_version_state_known',
        ),
        migrations.AddField(
            model_name='attempt',
            name='break_seconds',
            field=models.PositiveIntegerField(default=0, verbose_name='breaks granted, seconds'),
        ),
        migrations.AddField(
            model_name='attempt',
            name='break_seconds_taken',
            field=models.PositiveIntegerField(default=0, verbose_name='breaks taken, seconds'),
        ),
        migrations.AddField(
            model_name='attempt',
            name='factor_percent',
            field=models.PositiveSmallIntegerField(default=100, verbose_name='time granted, %'),
        ),
        migrations.AddField(
            model_name='attempt',
            name='graded_at',
            field=models.DateTimeField(null=True, verbose_name='graded'),
        ),
        migrations.AddField(
            model_name='attempt',
            name='is_preview',
            field=models.BooleanField(default=False, verbose_name='preview'),
        ),
        migrations.AddField(
            model_name='attempt',
            name='language',
            field=models.CharField(blank=True, max_length=10, verbose_name='language'),
        ),
        migrations.AddField(
            model_name='attempt',
            name='limit_seconds',
            field=models.PositiveIntegerField(default=0, verbose_name='time limit, seconds'),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='attempt',
            name='marked_by_at',
            field=models.DateTimeField(null=True, verbose_name='marked by'),
        ),
        migrations.AddField(
            model_name='attempt',
            name='no_way_back',
            field=models.BooleanField(default=False, verbose_name='no way back'),
        ),
        migrations.AddField(
            model_name='attempt',
            name='one_at_a_time',
            field=models.BooleanField(default=False, verbose_name='one question at a time'),
        ),
        migrations.AddField(
            model_name='attempt',
            name='position',
            field=models.PositiveSmallIntegerField(default=1, verbose_name='furthest question'),
        ),
        migrations.AddField(
            model_name='attempt',
            name='seconds_given_back',
            field=models.PositiveIntegerField(default=0, verbose_name='given back, seconds'),
        ),
        migrations.AddField(
            model_name='attempt',
            name='stands_since',
            field=models.DateTimeField(null=True, verbose_name='stands still since'),
        ),
        migrations.AddField(
            model_name='attempt',
            name='standstill',
            field=models.CharField(blank=True, choices=[('halt', 'Halted by staff'), ('break', 'Break')], max_length=5),
        ),
        migrations.AddField(
            model_name='attempt',
            name='void_reason',
            field=models.CharField(blank=True, max_length=300, verbose_name='why voided'),
        ),
        migrations.AddField(
            model_name='attempt',
            name='voided_at',
            field=models.DateTimeField(null=True, verbose_name='voided'),
        ),
        migrations.AddField(
            model_name='attempt',
            name='voided_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='voided by'),
        ),
        migrations.AddField(
            model_name='attempt',
            name='window_end',
            field=models.DateTimeField(null=True, verbose_name='end of the window'),
        ),
        migrations.AddField(
            model_name='attempt',
            name='window_is_hard',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='exam',
            name='access_code',
            field=models.CharField(blank=True, help_text='Asked at the start, where somebody hands it out.', max_length=40, verbose_name='access code'),
        ),
        migrations.AddField(
            model_name='exam',
            name='attempts_allowed',
            field=models.PositiveSmallIntegerField(blank=True, help_text='Until it is passed; a renewal begins anew. Empty: as many as one likes.', null=True, validators=[django.core.validators.MinValueValidator(1)], verbose_name='attempts allowed'),
        ),
        migrations.AddField(
            model_name='exam',
            name='blind_marking',
            field=models.BooleanField(default=True, help_text='Who marks does not see whose answer it is.', verbose_name='blind marking'),
        ),
        migrations.AddField(
            model_name='exam',
            name='calculator',
            field=models.CharField(blank=True, choices=[('', 'Nothing is said'), ('allowed', 'A calculator may be used'), ('forbidden', 'A calculator may not be used')], default='', max_length=10, verbose_name='calculator'),
        ),
        migrations.AddField(
            model_name='exam',
            name='disagreement_percent',
            field=models.PositiveSmallIntegerField(default=20, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(100)], verbose_name='markers disagree from, %'),
        ),
        migrations.AddField(
            model_name='exam',
            name='exposure_cap_percent',
            field=models.PositiveSmallIntegerField(blank=True, help_text='Of its last 200 papers. A preference: where the bank is small it is exceeded, and that is recorded.', null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(100)], verbose_name='exposure at most, %'),
        ),
        migrations.AddField(
            model_name='exam',
            name='languages',
            field=models.JSONField(default=certification.models.exams.every_language, help_text='A candidate chooses one; only what is written in it is drawn.', verbose_name='languages'),
        ),
        migrations.AddField(
            model_name='exam',
            name='marking_hours',
            field=models.PositiveSmallIntegerField(default=48, help_text='Promised to the candidate.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(720)], verbose_name='marked within, hours'),
        ),
        migrations.AddField(
            model_name='exam',
            name='no_way_back',
            field=models.BooleanField(default=False, help_text='A question that was left is not seen again. One at a time only.', verbose_name='no way back'),
        ),
        migrations.AddField(
            model_name='exam',
            name='one_at_a_time',
            field=models.BooleanField(default=False, verbose_name='one question at a time'),
        ),
        migrations.AddField(
            model_name='exam',
            name='purpose',
            field=models.CharField(choices=[('credential', 'Earns a credential'), ('diagnostic', 'Diagnostic: a passed section waives a lesson')], default='credential', max_length=10, verbose_name='purpose'),
        ),
        migrations.AddField(
            model_name='exam',
            name='requires_agreement',
            field=models.BooleanField(default=False, help_text='The partner has accepted the agreement that is in effect.', verbose_name='agreement first'),
        ),
        migrations.AddField(
            model_name='exam',
            name='retake_growth_percent',
            field=models.PositiveSmallIntegerField(default=0, help_text='100 doubles the wait with each failure in a row.', validators=[django.core.validators.MaxValueValidator(900)], verbose_name='longer with each failure, %'),
        ),
        migrations.AddField(
            model_name='exam',
            name='retake_most_hours',
            field=models.PositiveSmallIntegerField(default=720, help_text='However often one has failed.', verbose_name='at most, hours'),
        ),
        migrations.AddField(
            model_name='exam',
            name='review',
            field=models.JSONField(default=certification.models.exams.default_review, verbose_name='review'),
        ),
        migrations.AddField(
            model_name='exam',
            name='second_marker',
            field=models.BooleanField(default=False, help_text='Each answer is marked by two people; a third decides where they disagree.', verbose_name='two markers'),
        ),
        migrations.AddField(
            model_name='exam',
            name='shuffle_options',
            field=models.BooleanField(default=True, verbose_name="options in an order of each candidate's own"),
        ),
        migrations.AddField(
            model_name='exam',
            name='shuffle_questions',
            field=models.BooleanField(default=True, verbose_name="questions of a section in an order of each candidate's own"),
        ),
        migrations.AddField(
            model_name='exam',
            name='window_closes_at',
            field=models.DateTimeField(blank=True, help_text='An attempt ends with the window, even if it began late.', null=True, verbose_name='ends at'),
        ),
        migrations.AddField(
            model_name='exam',
            name='window_is_hard',
            field=models.BooleanField(default=False, help_text='Unless ticked, people who were granted more time have it beyond the end as well.', verbose_name='the end holds for everyone'),
        ),
        migrations.AddField(
            model_name='exam',
            name='window_opens_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='can be started from'),
        ),
        migrations.AddField(
            model_name='examsection',
            name='waives',
            field=models.ForeignKey(blank=True, help_text='For a diagnostic exam: who passes the section need not take this lesson.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='training.lessonpage', verbose_name='lesson that it waives'),
        ),
        migrations.AddField(
            model_name='question',
            name='difficulty',
            field=models.PositiveSmallIntegerField(choices=[(1, 'Easy'), (2, 'Medium'), (3, 'Hard')], default=2, verbose_name='difficulty'),
        ),
        migrations.AddField(
            model_name='question',
            name='measured_from',
            field=models.PositiveIntegerField(default=0, editable=False, verbose_name='attempts measured'),
        ),
        migrations.AddField(
            model_name='question',
            name='measured_permille',
            field=models.PositiveSmallIntegerField(editable=False, null=True, verbose_name='mean mark, ‰'),
        ),
        migrations.AddField(
            model_name='question',
            name='measured_seconds',
            field=models.PositiveIntegerField(editable=False, null=True, verbose_name='usual time, seconds'),
        ),
        migrations.AddField(
            model_name='question',
            name='product',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='content.product', verbose_name='product'),
        ),
        migrations.AddField(
            model_name='questionversion',
            name='languages',
            field=models.JSONField(default=list, editable=False, verbose_name='languages'),
        ),
        migrations.AddField(
            model_name='questionversion',
            name='withdrawn_at',
            field=models.DateTimeField(null=True, verbose_name='withdrawn'),
        ),
        migrations.AddField(
            model_name='questionversion',
            name='withdrawn_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='withdrawn by'),
        ),
        migrations.AddField(
            model_name='questionversion',
            name='withdrawn_reason',
            field=portal.core.localised.LocalisedTextField(blank=True, default=portal.core.localised.LocalisedText, verbose_name='why it was withdrawn'),
        ),
        migrations.AddField(
            model_name='topic',
            name='parent',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='children', to='certification.topic', verbose_name='part of'),
        ),
        migrations.AlterField(
            model_name='attempt',
            name='membership',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='attempts', to='partners.membership', verbose_name='membership'),
        ),
        migrations.AlterField(
            model_name='attempt',
            name='state',
            field=models.CharField(choices=[('in_progress', 'In progress'), ('submitted', 'Submitted'), ('awaiting_marking', 'Awaiting marking'), ('graded', 'Graded'), ('voided', 'Voided')], default='in_progress', max_length=20, verbose_name='state'),
        ),
        migrations.AlterField(
            model_name='questionversion',
            name='state',
            field=models.CharField(choices=[('draft', 'Draft'), ('in_review', 'In review'), ('approved', 'Approved'), ('retired', 'Retired')], default='draft', max_length=10, verbose_name='state'),
        ),
        migrations.AddIndex(
            model_name='attempt',
            index=models.Index(condition=models.Q(('state', 'submitted')), fields=['submitted_at'], name='certification_attempt_to_grade'),
        ),
        migrations.AddIndex(
            model_name='attempt',
            index=models.Index(fields=['exam', '-started_at'], name='certification_attempt_exam'),
        ),
        migrations.AddConstraint(
            model_name='attempt',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'in_progress')), fields=('user', 'exam', 'is_preview'), name='certification_attempt_one_running'),
        ),
        migrations.AddConstraint(
            model_name='attempt',
            constraint=models.CheckConstraint(condition=models.Q(('is_preview', True), ('membership__isnull', False), _connector='OR'), name='certification_attempt_of_a_member'),
        ),
        migrations.AddConstraint(
            model_name='attempt',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('stands_since__isnull', True), ('standstill', '')), models.Q(('stands_since__isnull', False), ('state', 'in_progress'), models.Q(('standstill', ''), _negated=True)), _connector='OR'), name='certification_attempt_stands_still_why'),
        ),
        migrations.AddConstraint(
            model_name='attempt',
            constraint=models.CheckConstraint(condition=models.Q(('break_seconds_taken__lte', models.F('break_seconds'))), name='certification_attempt_breaks_granted'),
        ),
        migrations.AddConstraint(
            model_name='attempt',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('passed__isnull', True), ('result__isnull', True), ('score__isnull', True), ('state', 'in_progress'), ('submitted_at__isnull', True)), models.Q(('passed__isnull', True), ('score__isnull', True), ('state', 'submitted'), ('submitted_at__isnull', False)), models.Q(('marked_by_at__isnull', False), ('passed__isnull', True), ('score__isnull', True), ('state', 'awaiting_marking'), ('submitted_at__isnull', False)), models.Q(('passed__isnull', False), ('result__isnull', False), ('score__isnull', False), ('state', 'graded'), ('submitted_at__isnull', False)), models.Q(('state', 'voided'), ('voided_at__isnull', False), models.Q(('void_reason', ''), _negated=True)), _connector='OR'), name='certification_attempt_graded_whole'),
        ),
        migrations.AddConstraint(
            model_name='exam',
            constraint=models.CheckConstraint(condition=models.Q(('purpose__in', ['credential', 'diagnostic'])), name='certification_exam_purpose_known'),
        ),
        migrations.AddConstraint(
            model_name='exam',
            constraint=models.CheckConstraint(condition=models.Q(('window_opens_at__isnull', True), ('window_closes_at__isnull', True), ('window_closes_at__gt', models.F('window_opens_at')), _connector='OR'), name='certification_exam_window'),
        ),
        migrations.AddConstraint(
            model_name='exam',
            constraint=models.CheckConstraint(condition=models.Q(('no_way_back', False), ('one_at_a_time', True), _connector='OR'), name='certification_exam_no_way_back'),
        ),
        migrations.AddConstraint(
            model_name='exam',
            constraint=models.CheckConstraint(condition=models.Q(('attempts_allowed__isnull', True), ('attempts_allowed__gte', 1), _connector='OR'), name='certification_exam_attempts'),
        ),
        migrations.AddConstraint(
            model_name='questionversion',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'in_review', 'approved', 'retired'])), name='certification_version_state_known'),
        ),
        migrations.AddConstraint(
            model_name='questionversion',
            constraint=models.CheckConstraint(condition=models.Q(('withdrawn_at__isnull', True), ('state', 'retired'), _connector='OR'), name='certification_version_withdrawn_is_retired'),
        ),
        migrations.AddConstraint(
            model_name='topic',
            constraint=models.CheckConstraint(condition=models.Q(('parent__isnull', True), models.Q(('parent', models.F('pk')), _negated=True), _connector='OR'), name='certification_topic_not_its_own_part'),
        ),
        migrations.AddField(
            model_name='question',
            name='tags',
            field=taggit.managers.TaggableManager(blank=True, help_text='A comma-separated list of tags.', through='certification.QuestionTag', to='taggit.Tag', verbose_name='tags'),
        ),
        migrations.AddConstraint(
            model_name='question',
            constraint=models.CheckConstraint(condition=models.Q(('difficulty__in', [1, 2, 3])), name='certification_question_difficulty_known'),
        ),
        migrations.AddConstraint(
            model_name='question',
            constraint=models.CheckConstraint(condition=models.Q(('measured_permille__isnull', True), ('measured_permille__lte', 1000), _connector='OR'), name='certification_question_measured_share'),
        ),
    ]
