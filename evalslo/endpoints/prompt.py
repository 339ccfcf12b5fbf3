"""Templates over a golden query's fields: sandboxed, strict about names, bounded in the text that is sent.

A template is the suite's own, so what an expression builds on the way to its text (`'a' * 10**10`) is not bounded.
"""

import re
from collections.abc import Mapping
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, Undefined, meta
from jinja2.environment import TemplateExpression
from jinja2.sandbox import ImmutableSandboxedEnvironment
from msgspec import Struct

from evalslo.endpoints.attempt import CallFailed, failed
from evalslo.errors import UsageError
from evalslo.model.sample import ErrorClass

MAX_PROMPT_CHARS = 1_000_000  # more than any context window holds

_ENVIRONMENT = ImmutableSandboxedEnvironment(
    undefined=StrictUndefined,
    autoescape=False,  # a prompt is text for a model, and never rendered as HTML
)
_ONE_EXPRESSION = re.compile(r"\s*\{\{((?:(?!\{\{|\}\}|\{%|%\}).)+)\}\}\s*", re.DOTALL)


class Prompt(Struct, frozen=True, kw_only=True):
    """A template that was read without fault. `expression` is set where it is one `{{ ... }}` and nothing else.

    `names` are the fields that it takes anything from.
    """

    place: str
    names: frozenset[str]
    template: Template
    expression: TemplateExpression | None


def read_prompt(source: str, *, place: str) -> Prompt:
    """The template in `source`; raises UsageError where it cannot be one."""
    try:
        tree = _ENVIRONMENT.parse(source)
        template = _ENVIRONMENT.from_string(source)
        alone = _ONE_EXPRESSION.fullmatch(source)
        expression = _ENVIRONMENT.compile_expression(alone[1], undefined_to_none=False) if alone else None
    except TemplateSyntaxError as error:
        raise UsageError(f"{place}, line {error.lineno}: {error.message}; it is a jinja2 template") from error
    if any(True for _ in meta.find_referenced_templates(tree)):
        raise UsageError(f"{place}: include, import and extends are not available; write the text in place")
    names = frozenset(meta.find_undeclared_variables(tree))
    return Prompt(place=place, names=names, template=template, expression=expression)


def render(prompt: Prompt, fields: Mapping[str, Any]) -> str:
    """The text for these fields.

    Raises CallFailed where a name is undefined, an expression fails, or the text exceeds `MAX_PROMPT_CHARS`.
    """
    pieces, size = [], 0
    try:
        for piece in prompt.template.generate(fields):
            pieces.append(piece)
            size += len(piece)
            if size > MAX_PROMPT_CHARS:
                break
    except Exception as error:  # an expression over a stranger's row may fail with anything
        raise _failed(prompt, str(error), fields=fields) from error
    return _bounded("".join(pieces), prompt, fields=fields)


def evaluate(prompt: Prompt, fields: Mapping[str, Any]) -> object:
    """The value for these fields: with its own type where the template is one expression alone, else the text."""
    if prompt.expression is None:
        return render(prompt, fields)
    try:
        value: object = prompt.expression(fields)
        if isinstance(value, Undefined):
            str(value)  # a strict undefined raises here and says which name it is
    except Exception as error:  # as above
        raise _failed(prompt, str(error), fields=fields) from error
    return _bounded(value, prompt, fields=fields) if isinstance(value, str) else value


def _bounded(text: str, prompt: Prompt, *, fields: Mapping[str, Any]) -> str:
    if len(text) > MAX_PROMPT_CHARS:
        raise _failed(prompt, f"the text exceeds {MAX_PROMPT_CHARS:,} characters", fields=fields)
    return text


def _failed(prompt: Prompt, reason: str, *, fields: Mapping[str, Any]) -> CallFailed:
    names = ", ".join(sorted(fields)) or "none"
    return failed(ErrorClass.EXCEPTION, f"{prompt.place}: {reason}; the query's fields are: {names}")
