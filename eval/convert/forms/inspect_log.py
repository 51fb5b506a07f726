"""inspect_ai's logs: .eval, an archive of one file for each sample, and .json, one document.

A sample has ``input`` (text or messages), ``choices``, ``target``, ``output`` (the last completion, with usage and
stop_reason), ``scores`` by scorer ("C", "I", numbers) and, for long texts, ``attachments``.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from eval.convert.answered import Answered, Form, Row, label_of, with_thought
from l1_verl.cli import InputError
from l1_verl.data.paths import find, has
from l1_verl.data.tables import Broken

_GRADES = {"C": True, "I": False}


def read_archive(path: Path) -> Iterator[Any]:
    """The samples of an .eval file, each with the log's ``task``.

    Raises:
        InputError: it is not such an archive.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.startswith("samples/") and name.endswith(".json")]
            header = "header.json" if "header.json" in archive.namelist() else "_journal/start.json"
            task = find(json.loads(archive.read(header)), "eval.task") if header in archive.namelist() else None
            if not names:
                raise InputError(f"{path} holds no sample")
            for name in names:
                try:
                    yield {"task": task} | json.loads(archive.read(name))
                except (ValueError, TypeError, zipfile.BadZipFile) as error:
                    yield Broken(f"{path}: {name} cannot be read: {error}")
    except (zipfile.BadZipFile, ValueError) as error:
        raise InputError(f"{path} is not an archive of inspect_ai, perhaps cut off: {error}") from None
    except NotImplementedError as error:
        raise InputError(
            f"{path} is compressed in a way that this Python cannot read ({error}); write it as json with "
            f"`inspect log convert {path.name} --to json --output-dir DIR`"
        ) from None


def _read(row: Row) -> Iterator[Answered]:
    message = find(row, "output.choices.0.message") or {}
    text, thought = _parts(message.get("content"))
    response = _resolved(with_thought(thought, find(row, "output.completion") if text is None else text), row)
    if response is None or (response == "" and row.get("error")):
        raise ValueError(f"it has no completion{_why(row.get('error'))}")
    usage = find(row, "output.usage") or next(iter((row.get("model_usage") or {}).values()), None) or {}
    yield Answered(
        response=response,
        gold=row.get("target"),
        problem=_resolved(_question(row.get("input")), row),
        problem_id=row.get("id"),
        benchmark=row.get("task"),
        budget=find(row, "metadata.budget"),
        mode=find(row, "metadata.budget_mode"),
        used=usage.get("output_tokens"),
        thinking=usage.get("reasoning_tokens"),
        truncated=find(row, "output.choices.0.stop_reason", "output.stop_reason"),
        label=_label(row.get("scores") or row.get("score")),
        options=row.get("choices"),
    )


def _parts(content: Any) -> tuple[Any, str | None]:
    """Text and thought of a message, whose content is text or a list of parts."""
    if not isinstance(content, list):
        return content, None
    said = [part for part in content if isinstance(part, dict)]
    thoughts = [str(part.get("reasoning") or "") for part in said if part.get("type") == "reasoning"]
    texts = [str(part.get("text") or "") for part in said if part.get("type") == "text"]
    return "".join(texts), "\n".join(thoughts) or None


def _question(given: Any) -> Any:
    if not isinstance(given, list):
        return given
    asked = [message for message in given if isinstance(message, dict) and message.get("role") == "user"]
    return _parts(asked[-1].get("content"))[0] if asked else None


def _resolved(text: Any, row: Row) -> Any:
    attachments = row.get("attachments")
    if isinstance(text, str) and "attachment://" in text and isinstance(attachments, dict):
        for name, content in attachments.items():
            text = text.replace(f"attachment://{name}", str(content))
    return text


def _why(error: Any) -> str:
    message = find(error, "message") if isinstance(error, dict) else error
    return f": {str(message).splitlines()[0]:.80}" if message else ""


def _label(scores: Any) -> bool | None:
    """Of the first scorer that says right or wrong."""
    values = [find(score, "value") for score in scores.values()] if has(scores, "*") else [find(scores, "value")]
    grades = (_GRADES[value] if isinstance(value, str) and value in _GRADES else label_of(value) for value in values)
    return next((grade for grade in grades if grade is not None), None)


FORM = Form(
    "inspect",
    "inspect_ai's logs, .eval and .json",
    lambda row: has(row, "input", "target", "output") and isinstance(row["output"], dict),
    _read,
)
