"""What is searched for in vain, and the words that mean the same."""

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import language_choices
from training.synonyms import read_group

#: Longer expressions are sentences, which nobody types again.
LONGEST_EXPRESSION = 8


class Synonym(models.Model):
    """Expressions of one language that a search takes for each other."""

    language = models.CharField(_("language"), max_length=10, choices=language_choices)
    words = models.TextField(_("words"), help_text=_("One expression a line: each is found by the others."))

    class Meta:
        verbose_name = _("synonyms")
        verbose_name_plural = _("synonyms")
        ordering = ["language", "words"]

    def __str__(self) -> str:
        return ", ".join(self.words.split("\n"))

    def clean(self) -> None:
        """Keep the expressions as a search compares them.

        Raises:
            ValidationError: at the words, when there are fewer than two, when one is a sentence, or when one stands in
                another row of the language already, naming it.
        """
        super().clean()
        expressions = read_group(self.words or "")
        if len(expressions) < 2:
            raise ValidationError({"words": _("Give at least two expressions, each on a line of its own.")})
        long = next((words for words in expressions if len(words) > LONGEST_EXPRESSION), None)
        if long:
            raise ValidationError(
                {
                    "words": _("“%(expression)s” is too long: an expression has at most %(number)s words.")
                    % {"expression": " ".join(long), "number": LONGEST_EXPRESSION}
                }
            )
        for other in Synonym.objects.filter(language=self.language).exclude(pk=self.pk):
            shared = next((words for words in read_group(other.words) if words in expressions), None)
            if shared:
                raise ValidationError(
                    {
                        "words": _("“%(expression)s” stands already in: %(row)s. Add to that row instead.")
                        % {"expression": " ".join(shared), "row": other}
                    }
                )
        self.words = "\n".join(" ".join(words) for words in expressions)


class SearchedWords(models.Model):
    """How often words were searched for, and how much they found last. Nothing is kept of who searched."""

    language = models.CharField(_("language"), max_length=10)
    words = models.CharField(_("words"), max_length=200)
    times = models.PositiveIntegerField(_("times"), default=0)
    # Places that answer all of the words; those with some of them do not count.
    found = models.PositiveIntegerField(_("found last"), default=0)
    last_at = models.DateTimeField(_("last at"))

    class Meta:
        verbose_name = _("searched words")
        verbose_name_plural = _("searched words")
        ordering = ["-times", "words"]
        constraints = [models.UniqueConstraint(fields=["language", "words"], name="training_searched_once")]
        indexes = [
            # The report of what found nothing, most wanted first.
            models.Index(fields=["found", "-times"], name="training_searched_in_vain"),
            # The sweeper that forgets old words.
            models.Index(fields=["last_at"], name="training_searched_old"),
        ]

    def __str__(self) -> str:
        return self.words
