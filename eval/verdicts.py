"""What a graded file tells about itself: which samples nobody could grade, and how the file's own labels compare."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eval.files import read_lines
from l1_verl.grading import check_gold


@dataclass
class Verdicts:
    """Attributes:
    ungradable: samples without a text or a gold to grade by, each with its reason.
    labelled: samples that a converted file labels right or wrong.
    differing: of these, the ones that are graded otherwise.
    """

    ungradable: list[str] = field(default_factory=list)
    labelled: int = 0
    differing: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, graded: Path) -> Verdicts:
        """Reads a graded file."""
        verdicts = cls()
        for sample in read_lines(graded):
            if why := fault(sample):
                verdicts.ungradable.append(f"{sample['id']} ({why})")
            if sample.get("label") is not None:
                verdicts.labelled += 1
                if sample["label"] != sample["correct"]:
                    kept = ("id", "label", "correct", "answer", "ground_truth", "status")
                    verdicts.differing.append({key: sample[key] for key in kept})
        return verdicts

    def agreement(self, shown: int) -> list[str]:
        """The agreement with the file's labels, and its first exceptions, one line each; nothing without labels."""
        if not self.labelled:
            return []
        agree = self.labelled - len(self.differing)
        lines = [f"agreement with the file's labels: {agree:,} of {self.labelled:,} ({agree / self.labelled:.1%})"]
        for sample in self.differing[:shown]:
            label, ours = ("right" if sample[key] else "wrong" for key in ("label", "correct"))
            read = f"answer {sample['answer']!r:.60}, gold {sample['ground_truth']!r:.60}"
            lines.append(f"  {sample['id']}: label {label}, graded {ours} ({sample['status']}): {read}")
        if len(self.differing) > shown:
            lines.append(f"  and {len(self.differing) - shown:,} more")
        return lines


def fault(sample: dict[str, Any]) -> str | None:
    """Why a sample cannot be graded, or ``None``."""
    if not isinstance(sample["response"], str):
        return f"response is {sample['response']!r:.60}; it must be text"
    try:
        check_gold(sample["ground_truth"], sample["answer_type"])
    except ValueError as error:
        return str(error)
    return None
