"""The model card of a checkpoint: how it was trained, from its own run's configuration, and what was measured."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pyarrow.parquet as pq
from jinja2 import Environment, FileSystemLoader, StrictUndefined, UndefinedError
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from l1_verl.budget import MODES, Budget, BudgetSampler, Mode
from l1_verl.cli import InputError
from l1_verl.config import Budgets, Count, parse_advantage, parse_budget, parse_reward, parse_stops
from l1_verl.data.rows import INSTRUCTION
from l1_verl.rewards import REWARDS
from publish.measured import Report

TEMPLATE = Path(__file__).with_name("model_card.md.j2")

#: Lets a request of vLLM say ``thinking_token_budget``; the answer stays whole, unlike with ``--reasoning-parser``.
#: vLLM's second model runner, its default for Qwen3, Llama and Mistral, refuses such requests (0.24).
CLOSING_RUNNER = "VLLM_USE_V2_MODEL_RUNNER=0 "
SERVE_CLOSING = """ --reasoning-config '{"reasoning_start_str": "<think>", "reasoning_end_str": "</think>"}'"""


@dataclass(frozen=True)
class Stage:
    """One run of the trainer: ``steps`` of what ``config`` says."""

    steps: int
    file: Path
    config: DictConfig

    @property
    def name(self) -> str:
        return str(self.config.trainer.experiment_name)

    @property
    def base(self) -> str:
        """Where the weights came from: folder or hub id."""
        return str(self.config.actor_rollout_ref.model.path)

    @property
    def budgets(self) -> Budgets | None:
        """What the data set drew budgets from; None where the rows bring their own."""
        return parse_budget(self.config.data.budget) if "budget" in self.config.data else None

    @property
    def counted(self) -> Count:
        """The tokens that its budgets count."""
        return parse_reward(self.config.reward.get("reward_kwargs"))[1].count

    @property
    def shares(self) -> dict[str, float]:
        """Share of the prompts by mode at the end, "none" included; those that are never drawn are left out."""
        if self.budgets is None:
            return {}
        modes = self.budgets.at(self.steps).modes
        total = sum(modes.values())
        return {mode: modes[mode] / total for mode in (*MODES, "zero", "none") if modes.get(mode)}

    @property
    def range(self) -> str:
        if self.budgets is None:
            return "each row's own"
        if not set(self.shares) - {"none"}:
            return "none"
        first, *later = (
            (step, _range(sampler)) for step, sampler in self.budgets.stages.items() if step <= self.steps
        )
        return "; ".join([first[1], *(f"from step {step} {budgets}" for step, budgets in later)])

    @property
    def rewards(self) -> dict[str, str]:
        """The formula by mode, with this run's knobs; every mode that its prompts may have."""
        node = self.config.reward.get("reward_kwargs")
        parse_reward(node)
        knobs = {} if node is None else cast(dict[str, Any], OmegaConf.to_container(node, resolve=True))
        formulas = {}
        for mode in self.shares or ("exact", "max"):
            asked = "exact" if mode == "zero" else mode  # BudgetSampler's
            name = "none" if mode == "none" else knobs.get(f"for_{asked}", "max" if asked == "max" else "exact")
            formulas[mode] = REWARDS[name].formula_with(knobs.get(name) or {})
        return formulas

    @property
    def budgets_asked(self) -> dict[str, Budget]:
        """By mode, or mode and name of a level, a budget that it was trained on."""
        last = self.budgets.at(self.steps) if self.budgets is not None else BudgetSampler()
        found = {}
        for mode in self.shares or ("exact", "max"):
            if mode == "range":
                found[mode] = Budget("range", self.example, least=max(1, self.example // 2))
            elif mode == "zero":
                found[mode] = Budget("exact", 0)
            elif mode == "level":
                found |= {f"level {name}": Budget("level", n, level=name) for name, n in (last.levels or {}).items()}
            elif mode != "none":
                found[mode] = Budget(cast(Mode, mode), self.example)
        return found

    @property
    def example(self) -> int:
        """A budget that it was trained on, a power of two where there is one; 1024 where the rows brought theirs."""
        if self.budgets is None:
            return 1024
        sampler = self.budgets.at(self.steps)
        if sampler.distribution == "choices" and sampler.choices:
            return sorted(sampler.choices)[len(sampler.choices) // 2]
        middle = (sampler.low + sampler.high) // 2
        return max(sampler.low, 1 << (middle.bit_length() - 1))

    @property
    def data(self) -> list[str]:
        """File name, and rows and sources where the file is still there; never its path, which is a machine's."""
        files = self.config.data.train_files
        return [_describe(Path(file)) for file in ([files] if isinstance(files, str) else files)]


def _range(sampler: BudgetSampler) -> str:
    """The numbers that are drawn, what levels stand for, and 0."""
    said = []
    if any(sampler.modes.get(mode) for mode in ("exact", "max", "range")):
        if sampler.distribution == "choices":
            said.append(", ".join(map(str, sampler.choices or ())))
        else:
            said.append(f"{sampler.low} to {sampler.high}, {sampler.distribution.replace('_', '-')}")
    if sampler.modes.get("level"):
        said += [f"{name} {tokens}" for name, tokens in (sampler.levels or {}).items()]
    return ", ".join(said + (["0"] if sampler.modes.get("zero") else [])) or "none"


def _describe(file: Path) -> str:
    try:
        sources = pq.read_table(file, columns=["data_source"])["data_source"]
    except (OSError, pa.ArrowException, KeyError):
        return f"`{file.name}`"
    return f"`{file.name}` ({', '.join(sorted(set(sources.to_pylist())))}: {len(sources):,} problems)"


def stages(checkpoint: Path, config: Path | None = None) -> list[Stage]:
    """The run that made ``checkpoint`` and, before it, the runs that its base model came from, oldest first.

    Args:
        checkpoint: a folder ``global_step_N``.
        config: its run's configuration; None for what a recipe leaves beside its checkpoints.

    Raises:
        InputError: the folder's name or configuration is missing, or it is another project's.
    """
    stage = _stage(checkpoint, config)
    before = Path(stage.base).expanduser()
    if before.parts[-2:] == ("actor", "huggingface") and _config_of(before.parents[1]) is not None:
        return [*stages(before.parents[1]), stage]
    return [stage]


def _stage(checkpoint: Path, config: Path | None) -> Stage:
    step = re.fullmatch(r"global_step_(\d+)", checkpoint.resolve().name)
    if step is None:
        raise InputError(f"{checkpoint} is not called global_step_N, so the card could not say its step")
    file = config or _config_of(checkpoint)
    if file is None:
        raise InputError(
            f"{checkpoint.parent} has neither config.yaml nor hydra/.hydra/config.yaml, so the card could not say how "
            "the model was trained; give the run's configuration with --config"
        )
    try:
        loaded = OmegaConf.load(file)
        manager = OmegaConf.select(loaded, "reward.reward_manager.name") if isinstance(loaded, DictConfig) else None
    except (OSError, YAMLError, OmegaConfBaseException) as error:
        raise InputError(f"{file} cannot be read as a configuration: {' '.join(str(error).split())}") from None
    if manager not in ("LCPORewardManager", "lcpo"):
        raise InputError(
            f"{file} has reward.reward_manager.name={manager!r}; only runs of LCPORewardManager have a card"
        )
    if OmegaConf.select(loaded, "actor_rollout_ref.model.lora_rank"):
        raise InputError(f"{file} is of a LoRA run; verl's merger leaves its adapter apart, merge it with peft first")
    OmegaConf.set_struct(loaded, True)
    return Stage(int(step[1]), file, cast(DictConfig, loaded))


def _config_of(checkpoint: Path) -> Path | None:
    # What preflight wrote, or else what Hydra did.
    candidates = (checkpoint.parent / name for name in ("config.yaml", "hydra/.hydra/config.yaml"))
    return next((file for file in candidates if file.is_file()), None)


def model_card(name: str, history: Sequence[Stage], report: Report | None, license: str) -> str:
    """The text of README.md, with the metadata header that the Hugging Face hub reads.

    Args:
        name: what the card calls the model.
        history: from :func:`stages`.
        report: from :meth:`Report.of`; None where nothing was measured.
        license: a hub identifier.

    Raises:
        InputError: a configuration lacks what a card says, or has a value that no run can have.
    """
    try:
        return _environment().get_template(TEMPLATE.name).render(_facts(name, history, report, license))
    except (OmegaConfBaseException, UndefinedError, ValueError) as error:
        files = ", ".join(str(stage.file) for stage in history)
        raise InputError(f"{files} cannot be told as a model card: {' '.join(str(error).split())}") from None


def _facts(name: str, history: Sequence[Stage], report: Report | None, license: str) -> dict[str, Any]:
    last, origin = history[-1], history[0].base
    counted = last.counted
    stops = parse_stops(last.config.actor_rollout_ref.rollout, counted)
    budgets = last.budgets_asked
    return {
        "name": name,
        "license": license,
        "history": history,
        "last": last,
        "origin": origin if _is_hub_id(origin) else None,
        "base_name": _base_name,
        "asked": {mode: (budget.sentence, _meaning(budget)) for mode, budget in budgets.items()},
        # That of the example, which asks for the first of them
        "tokens": next((budget.tokens for budget in budgets.values()), None),
        "counted": counted,
        "decoupled": parse_advantage(last.config) is not None,
        "stops": stops,
        "measured": "thinking_tokens" if counted == "thinking" else "used_tokens",
        "runner": CLOSING_RUNNER if stops.close_thinking else "",
        "reasoning": SERVE_CLOSING if stops.close_thinking else "",
        "instruction": INSTRUCTION,
        "context": last.config.data.max_prompt_length + last.config.data.max_response_length,
        "rollout": last.config.actor_rollout_ref.rollout,
        "report": report,
    }


def _meaning(budget: Budget) -> str:
    """What a budget's sentence asks for, in words."""
    if budget.tokens == 0:
        return "no thought"
    if budget.mode == "range":
        return "any number between"
    if budget.mode == "level":
        return f"about {budget.tokens} tokens"
    return "at most as many" if budget.mode == "max" else "about as many"


def _is_hub_id(base: str) -> bool:
    return base.count("/") == 1 and not base.startswith((".", "~", "/")) and not Path(base).exists()


def _base_name(base: str) -> str:
    """A hub id as it is; of a folder its name, or its run and step where it is a checkpoint."""
    if _is_hub_id(base):
        return f"[{base}](https://huggingface.co/{base})"
    parts = Path(base).parts
    return f"`{'/'.join(parts[-4:-2])}`" if parts[-2:] == ("actor", "huggingface") else f"`{parts[-1]}`"


def _environment() -> Environment:
    loader = FileSystemLoader(TEMPLATE.parent)
    environment = Environment(loader=loader, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["interval"] = _interval
    return environment


def _interval(estimate: Mapping[str, float | None], digits: int = 1, factor: float = 1.0) -> str:
    """``12.3 [11.0, 13.9]``; a dash for what cannot be known."""
    value, low, high = (None if (x := estimate[key]) is None else x * factor for key in ("value", "low", "high"))
    if value is None:
        return "–"
    return f"{value:.{digits}f}" if low is None else f"{value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"
