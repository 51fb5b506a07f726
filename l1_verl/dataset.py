"""verl's dataset, with a budget for every row.

Use it from any verl project: ``data.custom_cls.path=pkg://l1_verl.dataset data.custom_cls.name=LCPODataset``. Budgets
are set in ``data.budget`` (see ``recipes/config/lcpo.yaml``); without that node they follow the paper, U(100, 4000).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from verl.utils.dataset.rl_dataset import RLHFDataset

from l1_verl.budget import MODES, Budget, Mode
from l1_verl.config import parse_budget
from l1_verl.grading import check_gold


class LCPODataset(RLHFDataset):
    """verl's ``RLHFDataset`` whose user messages end with a budget sentence.

    A row of split "train" without a budget draws one, a pure function of (seed, row id, draw). A row that carries
    ``extra_info.budget`` keeps it, and so does a benchmark row without one: an uncontrolled baseline stays so.

    ``data.budget.draws = k`` makes each drawing row appear k times with k independent budgets.

    Raises:
        ValueError: at construction, for a wrong knob or a row that could not be graded, with key, value and row.
    """

    def _read_files_and_tokenize(self) -> None:
        self._sampler, self._draws = parse_budget(self.config.get("budget"))
        super()._read_files_and_tokenize()

    def maybe_filter_out_long_prompts(self, dataframe: Any = None) -> Any:
        """verl's filter, with room left for the longest budget sentence."""
        drawing = [_check_row(row, position) for position, row in enumerate(dataframe)]
        sentences = [Budget(cast(Mode, mode), self._sampler.largest).sentence for mode in MODES]
        reserve = max(len(self.tokenizer(f" {s}", add_special_tokens=False)["input_ids"]) for s in sentences)
        limit = self.max_prompt_length
        self.max_prompt_length = limit - reserve
        try:
            # Only the filter knows which rows stay, so let each row remember whether it draws.
            kept = super().maybe_filter_out_long_prompts(dataframe.add_column(_DRAWS, drawing))
        finally:
            self.max_prompt_length = limit
        self._drawing = [position for position, draws in enumerate(kept[_DRAWS]) if draws]
        return kept.remove_columns(_DRAWS)

    def __len__(self) -> int:
        return len(self.dataframe) + (self._draws - 1) * len(self._drawing)

    def __getitem__(self, item: int) -> dict[str, Any]:
        repeated = item - len(self.dataframe)
        if repeated >= 0:
            row = super().__getitem__(self._drawing[repeated % len(self._drawing)])
            draw = 1 + repeated // len(self._drawing)
        else:
            row, draw = super().__getitem__(item), 0
        extra = row["extra_info"]
        budget = (
            self._sampler.draw(_row_id(row), draw) if _draws_budget(extra) else Budget.from_dict(extra.get("budget"))
        )
        if budget is not None:
            *before, last = row["raw_prompt"]
            row["raw_prompt"] = [*before, {**last, "content": budget.append_to(last["content"])}]
        row["extra_info"] = {**extra, "budget": None if budget is None else budget.to_dict()}
        return row


_DRAWS = "__draws_budget__"


def _check_row(row: Mapping[str, Any], position: int) -> bool:
    """Whether the row draws its budget; refuses a row that could not be trained on."""
    name = f"row {position} ({_row_id(row)[:60]!r})"
    if not row.get("data_source"):
        raise ValueError(f"{name}: data_source is {row.get('data_source')!r}; it must name where the row comes from")
    message = row["prompt"][-1]
    if message["role"] != "user" or not isinstance(message["content"], str):
        raise ValueError(f"{name}: the last message is {message!r}; it must be the user's, as text")
    extra = row.get("extra_info") or {}
    gold = (row.get("reward_model") or {}).get("ground_truth")
    try:
        check_gold(gold, extra.get("answer_type") or "math")
        Budget.from_dict(extra.get("budget"))
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    return _draws_budget(extra)


def _draws_budget(extra: Mapping[str, Any]) -> bool:
    return extra.get("budget") is None and (extra.get("split") or "train") == "train"


def _row_id(row: Mapping[str, Any]) -> str:
    """The content hash of our own rows; any other row is known by what it asks."""
    extra = row.get("extra_info") or {}
    return extra.get("id") or str(row["prompt"][-1]["content"])
