"""Each check of a model, on checkpoints in published form that break one rule each."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from transformers import LlamaConfig, LlamaForCausalLM, MambaConfig

from recipes.check_model import CHECKS, __main__, check_model, shape
from recipes.check_model.checkpoint import load_checkpoint
from recipes.check_model.finding import Need
from recipes.check_model.run import read_prompts
from tests.families import FAMILIES, QWEN3, R1_DISTILL, SMOLLM2, Family

NEED = Need(prompt_length=160, response_length=64)
# DeepSeek-R1-Distill-Llama: the tokenizer's class is the same as that of the distills of Qwen.
R1_LLAMA = replace(R1_DISTILL, name="r1_llama", model=LlamaForCausalLM, config=LlamaConfig)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A checkpoint of each family, made once."""
    folders: dict[str, Path] = {}

    def save(family: Family) -> Path:
        if family.name not in folders:
            folders[family.name] = tmp_path_factory.mktemp(family.name)
            family.save(folders[family.name])
        return folders[family.name]

    return save


@pytest.fixture
def copy(saved, tmp_path):
    """A copy of a family's checkpoint, which may be broken."""
    return lambda family: Path(shutil.copytree(saved(family), tmp_path / family.name))


def edit(file: Path, **changes) -> None:
    """Sets keys of a JSON file; ``...`` removes one."""
    content = json.loads(file.read_text()) | changes
    file.write_text(json.dumps({key: value for key, value in content.items() if value is not ...}))


def found(folder: Path, check: str, need: Need = NEED):
    (finding,) = [one for one in check_model(load_checkpoint(str(folder)), need) if one.check == check]
    return finding


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_published_form_fails_no_check(family, saved):
    findings = check_model(load_checkpoint(str(saved(family))), NEED)
    assert len(findings) == len(CHECKS)
    assert [str(one) for one in findings if one.status == "fail"] == []
    warned = {one.check for one in findings if one.status == "warn"}
    assert warned == (set() if family.closes_thoughts else {"who opens the thought", "</think> is one token"})


@pytest.mark.parametrize(
    ("family", "who"), [(R1_DISTILL, "the prompt"), (QWEN3, "the model")], ids=lambda value: str(value)[:10]
)
def test_it_says_who_opens_the_thought(family, who, saved):
    assert found(saved(family), "who opens the thought").value == who


def test_a_model_without_thinking_tags_is_fine_where_none_are_required(saved):
    assert found(saved(SMOLLM2), "who opens the thought", replace(NEED, requires_think_end=False)).status == "pass"


def test_a_prompt_that_closes_the_thought_is_warned_of(saved):
    need = replace(NEED, template_arguments={"enable_thinking": False})
    finding = found(saved(QWEN3), "who opens the thought", need)
    assert finding.status == "warn"
    assert "closes the thought at once" in finding.value


def test_a_llama_distill_whose_spaces_vanish_is_named_and_its_way_out_works(copy):
    R1_LLAMA.save(folder := copy(R1_DISTILL))
    assert found(folder, "ids of tokenizer.json").status == "fail"
    assert found(folder, "decode(encode(text))").status == "fail"
    edit(folder / "tokenizer_config.json", tokenizer_class="PreTrainedTokenizerFast")
    assert found(folder, "ids of tokenizer.json").status == "pass"
    assert found(folder, "decode(encode(text))").status == "pass"


def test_a_tokenizer_that_changes_text_is_named(copy):
    folder = copy(QWEN3)
    edit(folder / "tokenizer.json", normalizer={"type": "Lowercase"})
    edit(folder / "tokenizer_config.json", tokenizer_class="PreTrainedTokenizerFast")
    assert found(folder, "ids of tokenizer.json").status == "pass"
    finding = found(folder, "decode(encode(text))")
    assert finding.status == "fail"
    assert "becomes" in finding.value


def test_without_tokenizer_json_nothing_is_compared_and_it_says_so(saved):
    checkpoint = replace(load_checkpoint(str(saved(QWEN3))), raw=None)
    assert CHECKS[0](checkpoint, NEED).status == "warn"


TEMPLATES = {
    "none": ("", "fail", "the tokenizer has none"),
    "raises": ("{{ raise_exception('only tools') }}", "fail", "it fails with only tools"),
    "drops the user's turn": ("<|im_start|>assistant\n", "fail", "do not stand once and whole"),
    "cuts the sentence": ("{{ messages[0].content[:-8] }}<|im_end|>", "fail", "do not stand once and whole"),
    "says it twice": ("{{ messages[0].content * 2 }}<|im_end|>", "fail", "do not stand once and whole"),
    "adds words": ("{{ messages[0].content }} Be brief.<|im_end|>", "warn", "' Be brief.<|im_end|>'"),
    "ends there": ("{{ messages[0].content }}", "warn", "comes text: ''"),
}


@pytest.mark.parametrize("kind", TEMPLATES)
def test_a_template_must_leave_the_budget_s_sentence_whole_and_last(kind, copy):
    template, status, said = TEMPLATES[kind]
    folder = copy(QWEN3)
    edit(folder / "tokenizer_config.json", chat_template=template or ...)
    finding = found(folder, "chat template")
    assert finding.status == status
    assert said in finding.value
    assert finding.way_out


def test_a_template_that_does_not_render_leaves_no_builder(copy):
    folder = copy(QWEN3)
    edit(folder / "tokenizer_config.json", chat_template="{{ raise_exception('only tools') }}")
    assert found(folder, "verl's prompt builder").status == "fail"
    assert found(folder, "who opens the thought").status == "fail"


def test_another_wording_in_data_or_template_is_warned_of(saved, copy):
    asked = "What is 2? Think for exactly 512 tokens."
    assert found(saved(QWEN3), "wording of the budget", replace(NEED, prompts=("fine", asked))).status == "warn"
    assert (
        found(saved(QWEN3), "wording of the budget", replace(NEED, prompts=("Think for 9 tokens.",))).status == "pass"
    )
    folder = copy(QWEN3)
    text = "{{ messages[0].content }}<|im_end|>{# #}Think for exactly {{ 5 }} tokens"
    edit(folder / "tokenizer_config.json", chat_template=text.replace("{{ 5 }}", "N"))
    assert found(folder, "wording of the budget").status == "warn"


def test_a_turn_that_ends_where_vllm_does_not_stop_is_named(copy):
    folder = copy(QWEN3)
    edit(folder / "tokenizer_config.json", eos_token="<|endoftext|>")
    ids = {"eos_token_id": load_checkpoint(str(folder)).tokenizer.convert_tokens_to_ids("<|endoftext|>")}
    edit(folder / "generation_config.json", **ids)
    finding = found(folder, "end of turn")
    assert finding.status == "fail"
    assert "ends the model's turn with '<|im_end|>', but vLLM stops at '<|endoftext|>' only" in finding.value
    # Qwen3's own generation configuration names both.
    both = [ids["eos_token_id"], load_checkpoint(str(folder)).tokenizer.convert_tokens_to_ids("<|im_end|>")]
    edit(folder / "generation_config.json", eos_token_id=both)
    assert found(folder, "end of turn").status == "pass"


def test_an_eos_that_the_generation_configuration_does_not_know_is_warned_of(copy):
    folder = copy(QWEN3)
    edit(folder / "generation_config.json", eos_token_id=0)
    assert found(folder, "end of turn").status == "warn"


def test_a_tokenizer_without_eos_is_named(copy):
    folder = copy(QWEN3)
    edit(folder / "tokenizer_config.json", eos_token=None)
    assert found(folder, "end of turn").status == "fail"


def test_padding_that_is_missing_or_differs_is_warned_of(copy):
    folder = copy(QWEN3)
    edit(folder / "generation_config.json", pad_token_id=1)
    assert "while the generation configuration has" in found(folder, "padding").value
    edit(folder / "tokenizer_config.json", pad_token=None)
    assert found(folder, "padding").status == "warn"


def test_a_thought_of_several_tokens_cannot_be_counted(saved):
    assert found(saved(SMOLLM2), "</think> is one token").status == "warn"
    finding = found(saved(SMOLLM2), "</think> is one token", replace(NEED, counts_thinking=True))
    assert finding.status == "fail"
    assert "count=response" in finding.way_out


@pytest.mark.parametrize(("response", "status"), [(352, "pass"), (353, "fail")])
def test_prompt_and_response_must_fit_the_context(response, status, saved):
    assert found(saved(QWEN3), "context", replace(NEED, response_length=response)).status == status


def test_yarn_makes_the_context_longer(copy):
    folder = copy(QWEN3)
    rope = {"rope_type": "yarn", "rope_theta": 10000.0, "factor": 2.0, "original_max_position_embeddings": 512}
    edit(folder / "config.json", rope_parameters=rope)
    assert found(folder, "context", replace(NEED, response_length=864)).status == "pass"
    assert found(folder, "context", replace(NEED, response_length=865)).status == "fail"


@pytest.mark.parametrize(
    ("heads", "groups", "gpus", "status"),
    [(12, 2, 2, "pass"), (12, 2, 4, "pass"), (12, 2, 8, "fail"), (12, 4, 6, "fail"), (15, 15, 5, "fail")],
)
def test_heads_and_vocabulary_must_fit_the_gpus_of_an_engine(heads, groups, gpus, status, copy):
    folder = copy(QWEN3)
    edit(folder / "config.json", num_attention_heads=heads, num_key_value_heads=groups)
    assert found(folder, "tensor parallelism", replace(NEED, tensor_parallel=gpus)).status == status


def test_a_token_without_a_row_of_the_embedding_is_named(copy):
    folder = copy(QWEN3)
    rows = json.loads((folder / "config.json").read_text())["vocab_size"]
    edit(folder / "config.json", vocab_size=rows - 1)
    assert found(folder, "embedding rows").status == "fail"
    edit(folder / "config.json", vocab_size=rows + 100)
    assert found(folder, "embedding rows").status == "pass"


def check(capsys, *arguments) -> tuple[int, str, str]:
    code = __main__.main([str(argument) for argument in arguments])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


SIZES = ("--prompt-length", "160", "--response-length", "64")


def test_the_command_prints_a_line_for_each_check_and_exits_with_2_where_one_fails(saved, capsys):
    code, out, _ = check(capsys, saved(R1_DISTILL), *SIZES)
    assert code == 0
    assert len(out.splitlines()) == len(CHECKS)
    assert all(line.startswith("pass  ") for line in out.splitlines())
    code, out, _ = check(capsys, saved(R1_DISTILL))
    assert code == 2
    assert "fail  context: prompt 1024 + response 4096 = 5120 tokens, while the model has 512 positions; " in out


def test_json_names_each_check_with_its_value_and_way_out(saved, capsys):
    code, out, _ = check(capsys, saved(SMOLLM2), *SIZES, "--count-thinking", "--json")
    answer = json.loads(out)
    assert (code, answer["ok"]) == (2, False)
    assert len(answer["checks"]) == len(CHECKS)
    (failed,) = [one for one in answer["checks"] if one["status"] == "fail"]
    assert failed["check"] == "</think> is one token"
    assert failed["way_out"]


@pytest.mark.parametrize(
    ("file", "content"),
    [("config.json", "{"), ("config.json", '{"model_type": "no_such_model"}'), ("tokenizer.json", "{}"),
     ("tokenizer.json", "not json"), ("tokenizer_config.json", "["), ("generation_config.json", "{,")],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_one_line(file, content, copy, capsys):
    folder = copy(QWEN3)
    (folder / file).write_text(content)
    code, out, said = check(capsys, folder)
    assert (code, out, said.count("\n")) == (2, "", 1)
    assert said.startswith(f"check_model: {folder}: ")


@pytest.mark.parametrize("name", ["/nowhere/model", "./model", "model", "a/b/c"])
def test_what_is_no_folder_and_no_id_is_one_line(name, capsys):
    code, _, said = check(capsys, name)
    assert (code, said.count("\n")) == (2, 1)
    assert f"{name} does not exist" in said


def test_a_folder_without_a_model_is_one_line(tmp_path, capsys):
    assert check(capsys, tmp_path)[0] == 2


def test_a_hub_that_cannot_be_reached_is_one_line():
    environment = {"HF_ENDPOINT": "http://127.0.0.1:9", "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-m", "recipes.check_model", "Qwen/Qwen3-8B"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "check_model: Qwen/Qwen3-8B is neither a folder nor a model that the hub gives out" in done.stderr
    assert "Traceback" not in done.stderr


def test_prompts_of_the_data_are_read_and_what_is_no_data_is_named(tmp_path):
    file = tmp_path / "rows.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"prompt": [[{"role": "user", "content": "One?"}]] * 100}), file)
    assert read_prompts(file) == ("One?",) * 64
    pyarrow.parquet.write_table(pyarrow.table({"prompt": ["One?"]}), file)
    with pytest.raises(ValueError, match="no conversation in column prompt"):
        read_prompts(file)
    pyarrow.parquet.write_table(pyarrow.table({"question": ["One?"]}), file)
    with pytest.raises(ValueError, match="no conversation in column prompt"):
        read_prompts(file)
    file.write_text("none")
    with pytest.raises(ValueError, match="cannot be read as parquet"):
        read_prompts(file)


def test_a_hub_that_never_answers_is_one_line_in_seconds():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        environment = {"HF_ENDPOINT": f"http://127.0.0.1:{silent.getsockname()[1]}", "PATH": "/usr/bin:/bin"}
        command = [sys.executable, "-m", "recipes.check_model", "Qwen/Qwen3-8B"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=90, check=False)
    assert (done.returncode, done.stderr.count("Traceback")) == (2, 0)
    assert "is neither a folder nor a model that the hub gives out" in done.stderr


def test_sizes_below_one_folders_without_a_tokenizer_and_models_without_heads_are_named(copy, saved, capsys):
    assert check(capsys, saved(QWEN3), "--tensor-parallel", "0")[2].startswith("check_model: tensor_parallel is 0")
    headless = load_checkpoint(str(saved(QWEN3)))
    finding = shape.tensor_parallel(replace(headless, config=MambaConfig()), NEED)
    assert finding.status == "warn"
    folder = copy(QWEN3)
    (folder / "tokenizer.json").unlink()
    assert "has no tokenizer" in check(capsys, folder)[2]
