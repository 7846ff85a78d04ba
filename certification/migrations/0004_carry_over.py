"""What there was, in the new tables: quotas, prerequisites, citations, languages, gradings, the clocks of attempts."""

from django.db import migrations


def carry_over(apps, schema_editor):
    get = lambda name: apps.get_model("certification", name)  # noqa: E731 -- the migration's own shorthand
    section_quota, prerequisite = get("SectionQuota"), get("ExamPrerequisite")
    section_quota.objects.bulk_create(
        section_quota(section_id=row.pk, topic_id=row.topic_id, count=row.count, sort_order=0)
        for row in get("ExamSection").objects.all()
    )
    prerequisite.objects.bulk_create(
        prerequisite(exam_id=exam.pk, course_id=exam.course_id, sort_order=0)
        for exam in get("Exam").objects.filter(course__isnull=False)
    )
    citation = get("Citation")
    for version in get("QuestionVersion").objects.iterator(chunk_size=500):
        texts = [version.content.get("stem") or {}]
        texts += [option.get("text") or {} for option in version.content.get("options", ())]
        version.languages = sorted(
            code for code in texts[0] if all(str(text.get(code, "")).strip() for text in texts)
        )
        version.save(update_fields=["languages"])
        cited = dict.fromkeys((str(key), str(block)) for key, block in version.citations)
        citation.objects.bulk_create(
            citation(version_id=version.pk, material_key=key, block_id=block) for key, block in cited
        )
    grading = get("Grading")
    for attempt in get("Attempt").objects.iterator(chunk_size=500):
        attempt.limit_seconds = int((attempt.deadline_at - attempt.started_at).total_seconds())
        attempt.graded_at = attempt.submitted_at
        attempt.save(update_fields=["limit_seconds", "graded_at"])
        if attempt.state == "graded":
            grading.objects.create(
                attempt_id=attempt.pk, number=1, graded_at=attempt.submitted_at, score=attempt.score,
                passed=attempt.passed, result=attempt.result,
            )  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("certification", "0003_exam_engine")]

    operations = [migrations.RunPython(carry_over, migrations.RunPython.noop)]
