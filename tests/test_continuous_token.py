"""The prompt builder of a rollout: chosen by the tokens, for checkpoints in their published form."""

from __future__ import annotations

import pytest
from tokenizers import Tokenizer, models
from transformers import AutoTokenizer, PreTrainedTokenizerFast
from verl.utils.tokenizer.continuous_token_wiring import create_continuous_token_builder

from l1_verl.continuous_token import builder_model_type
from tests.families import FAMILIES, QWEN3, R1_DISTILL, SMOLLM2, load_raw

MESSAGES = [{"role": "user", "content": "What is 7 + 8? Think for 64 tokens."}]


def load(family, folder):
    family.save_tokenizer(folder)
    return AutoTokenizer.from_pretrained(folder, config=family.config())


@pytest.mark.parametrize(
    ("family", "model_type", "builder"),
    [
        (R1_DISTILL, "qwen2", "DeepSeekContinuousTokenBuilder"),
        # DeepSeek-R1-Distill-Llama-8B
        (R1_DISTILL, "llama", "DeepSeekContinuousTokenBuilder"),
        # DeepSeek-R1-0528-Qwen3-8B
        (R1_DISTILL, "qwen3", "DeepSeekContinuousTokenBuilder"),
        (QWEN3, "qwen3", "QwenContinuousTokenBuilder"),
        (QWEN3, "qwen2", "QwenContinuousTokenBuilder"),
        (SMOLLM2, "llama", "QwenContinuousTokenBuilder"),
        (QWEN3, None, "QwenContinuousTokenBuilder"),
    ],
)
def test_the_builder_follows_the_tokens_and_not_the_model_type(family, model_type, builder, tmp_path):
    tokenizer = load(family, tmp_path)
    made = create_continuous_token_builder(tokenizer, hf_model_type=builder_model_type(tokenizer, model_type))
    assert type(made).__name__ == builder
    rendered = tokenizer.apply_chat_template(MESSAGES, add_generation_prompt=True, tokenize=False)
    assert made.build_initial_tokens(MESSAGES) == tokenizer.encode(rendered, add_special_tokens=False)


def test_verl_s_own_choice_refuses_a_distill_of_qwen(tmp_path):
    # Once verl issue 7637 is solved this fails, and l1_verl.continuous_token can go.
    with pytest.raises(ValueError, match=r"does not define required token '<\|im_end\|>'"):
        create_continuous_token_builder(load(R1_DISTILL, tmp_path), hf_model_type="qwen2")


@pytest.mark.parametrize("model_type", ["qwen2", "deepseek_v3", "llama", None])
def test_a_tokenizer_of_no_family_gets_the_default_builder(model_type):
    # Llama 2 and others have an unknown token, which stands for every token that they lack.
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.WordLevel({"<unk>": 0}, "<unk>")))
    tokenizer.unk_token = "<unk>"
    assert tokenizer.convert_tokens_to_ids("<|im_end|>") == 0
    made = create_continuous_token_builder(tokenizer, hf_model_type=builder_model_type(tokenizer, model_type))
    assert type(made).__name__ == "ContinuousTokenBuilder"


def test_without_one_token_for_a_line_break_qwen_s_builder_is_not_taken():
    vocabulary = {"a": 0, "<|im_start|>": 1, "<|im_end|>": 2}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.BPE(vocabulary, [])))
    assert tokenizer.encode("\n") == []
    assert builder_model_type(tokenizer, "qwen2") is None


@pytest.mark.parametrize("model_type", ["gpt_oss", "gemma4", "qwen2_5_vl", "glm4_moe"])
def test_families_that_verl_knows_by_name_are_left_to_it(model_type, tmp_path):
    assert builder_model_type(load(QWEN3, tmp_path), model_type) == model_type


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_transformers_loads_each_published_form_with_the_ids_of_its_own_file(family, tmp_path):
    tokenizer = load(family, tmp_path)
    raw = load_raw(tmp_path)
    text = "What is 7 + 8 + 5?\n\n  Let's think, step by step: \\boxed{20} </think>"
    assert tokenizer.encode(text, add_special_tokens=False) == raw.encode(text, add_special_tokens=False)
    assert tokenizer.decode(tokenizer.encode(text, add_special_tokens=False)) == text
