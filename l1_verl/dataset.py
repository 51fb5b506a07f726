"""verl's dataset, with a budget for every row.

Use it from any verl project: ``data.custom_cls.path=pkg://l1_verl.dataset data.custom_cls.name=LCPODataset``. Budgets
are set in ``data.budget`` (see ``recipes/config/lcpo.yaml``); without that node they follow the paper, U(100, 4000).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from verl.utils.dataset.rl_dataset import RLHFDataset

from l1_verl.budget import Budget, BudgetSampler, with_budget
from l1_verl.config import parse_budget
from l1_verl.row import read_row, row_id, split_budget
from l1_verl.thought import closing


class LCPODataset(RLHFDataset):
    """verl's ``RLHFDataset`` whose user messages end with a budget sentence.

    A row of split "train" without a budget draws one, a pure function of (seed, row id, draw). A row that carries
    ``extra_info.budget`` keeps it, and so does a benchmark row without one: an uncontrolled baseline stays so.

    ``data.budget.draws = k`` makes each drawing row appear k times with k independent budgets.

    A data set does not know the training step, and the loader's workers read ahead. So under ``data.budget.schedule``
    the trainer asks for the budgets of the rows that draw one, with :func:`ask_drawn`.

    Attributes:
        asks: whether rows that draw a budget ask for it, under a schedule for the one of step 1; if not, the trainer
            asks. None, the default: yes, but under a schedule no such row is given out, since nobody would follow it.

    Raises:
        ValueError: at construction, for a wrong knob or a row that could not be graded, with key, value and row.
    """

    asks: bool | None = None

    def _read_files_and_tokenize(self) -> None:
        self._budgets = parse_budget(self.config.get("budget"))
        self._draws = self._budgets.draws
        super()._read_files_and_tokenize()

    def maybe_filter_out_long_prompts(self, dataframe: Any = None) -> Any:
        """verl's filter, with room left for the longest budget sentence."""
        drawing = [_check_row(row, position) for position, row in enumerate(dataframe)]
        sentences = {s for sampler in self._budgets.stages.values() for s in sampler.longest_sentences}
        reserve = max(len(self.tokenizer(f" {s}", add_special_tokens=False)["input_ids"]) for s in sentences)
        if any(sampler.draws_zero for sampler in self._budgets.stages.values()):
            reserve += len(closing(self.tokenizer, **self.apply_chat_template_kwargs).added)
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
        if item >= len(self):
            raise IndexError(f"row {item} of {len(self)}")
        repeated = item - len(self.dataframe)
        if repeated >= 0:
            row = super().__getitem__(self._drawing[repeated % len(self._drawing)])
            draw = 1 + repeated // len(self._drawing)
        else:
            row, draw = super().__getitem__(item), 0
        extra = row["extra_info"]
        said = _said(row)
        if said is not None or not _draws_budget(extra):
            return _ask(row, Budget.from_dict(extra.get("budget")) or said)
        if self._budgets.scheduled and self.asks is None:
            raise ValueError(
                "data.budget.schedule is set, but this trainer does not follow it; set trainer.v1.trainer_mode=lcpo "
                "and VERL_USE_EXTERNAL_MODULES=l1_verl.plugin, or unset it"
            )
        row["extra_info"] = {**extra, _DRAW: draw}
        return row if self.asks is False else ask_drawn(row, self._budgets.at(1))


def ask_drawn(row: Mapping[str, Any], sampler: BudgetSampler) -> dict[str, Any]:
    """A row of :class:`LCPODataset` that asks for the budget which ``sampler`` draws; as it is where it draws none.

    Args:
        row: its ``prompt``, ``raw_prompt`` and ``extra_info``, yet to ask for a budget.
        sampler: of the training step that the row goes into.
    """
    extra = row["extra_info"]
    return _ask(dict(row), sampler.draw(row_id(row), extra[_DRAW])) if _DRAW in extra else dict(row)


def _ask(row: dict[str, Any], budget: Budget | None) -> dict[str, Any]:
    """``row`` asking for ``budget``, in words and in ``extra_info.budget``."""
    row["raw_prompt"] = with_budget(row["raw_prompt"], budget)
    row["extra_info"] = {**row["extra_info"], "budget": None if budget is None else budget.to_dict()}
    return row


def _said(row: dict[str, Any]) -> Budget | None:
    """The budget that a row of another project has in its prompt, which is taken out of it: ``_ask`` says it again."""
    *before, last = row["raw_prompt"]
    if not isinstance(last["content"], str):
        return None
    content, budget = split_budget(last["content"], Budget.from_dict(row["extra_info"].get("budget")))
    if budget is not None:
        row["raw_prompt"] = [*before, {**last, "content": content}]
    return budget


# The key of extra_info that says which of the row's draws this is
_DRAW = "budget_draw"
_DRAWS = "__draws_budget__"


def _check_row(row: Mapping[str, Any], position: int) -> bool:
    """Whether the row draws its budget; refuses a row that could not be trained on."""
    try:
        facts = read_row(row)
    except ValueError as error:
        raise ValueError(f"row {position} ({row_id(row)[:60]!r}): {error}") from None
    return facts.budget is None and _draws_budget(row.get("extra_info") or {})


def _draws_budget(extra: Mapping[str, Any]) -> bool:
    return extra.get("budget") is None and (extra.get("split") or "train") == "train"
