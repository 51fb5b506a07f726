"""The layouts that are known, each in a module of its own; a new one is a module and a line here."""

from __future__ import annotations

from collections.abc import Sequence

from eval.convert.answered import Form, Row
from eval.convert.forms import harnesses, inspect_log, l1, lighteval, lm_eval, openai, reasoning_gym, verl
from eval.convert.forms.flat import FLAT

FORMS: Sequence[Form] = (
    verl.FORM,
    lm_eval.FORM,
    lighteval.FORM,
    inspect_log.FORM,
    openai.FORM,
    l1.SITE,
    l1.PARQUET,
    reasoning_gym.FORM,
    harnesses.QWEN_MATH,
    harnesses.NEMO_SKILLS,
    FLAT,  # the last: it takes every row
)


def recognised(row: Row) -> Form:
    """The form of a file whose first row is ``row``."""
    return next(form for form in FORMS if form.recognises(row))
