"""The figures of a case study, for its page."""

from django import template

from training.comparing import Figure
from training.models import CaseStudyPage
from training.services.cases import describe_figures
from training.wording import WORDS, write_figure

register = template.Library()


@register.simple_tag
def case_figures(case: CaseStudyPage) -> list[tuple[str, str]]:
    """Value and label of every figure that the case tells."""
    figures = describe_figures(case)
    told = ((write_figure(figures, figure), str(WORDS[figure].label)) for figure in Figure)
    return [(value, label) for value, label in told if value]
