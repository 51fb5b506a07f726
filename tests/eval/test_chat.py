from __future__ import annotations

import pytest

from eval.chat import Chat
from l1_verl.cli import InputError
from l1_verl.thought import thinking_tokens
from recipes.tiny.tokenizer import build_tokenizer
from tests.eval.conftest import chat_with_spelled_tag


def test_a_tokenizer_without_a_chat_template_is_refused():
    tokenizer = build_tokenizer()
    tokenizer.chat_template = None
    with pytest.raises(InputError, match="no chat template"):
        Chat(tokenizer, "tiny")


def test_a_folder_without_a_tokenizer_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(InputError, match="no tokenizer"):
        Chat.load(str(tmp_path))


@pytest.mark.parametrize("chat", [Chat(build_tokenizer(), "tiny"), chat_with_spelled_tag()])
@pytest.mark.parametrize(
    ("response", "thought"),
    [
        ("1:2\n</think>\n\\boxed{2}", "1:2\n</think>"),
        ("1:2\n</think> 3 </think> 4", "1:2\n</think>"),
        ("1:2\n3:4", "1:2\n3:4"),
        ("</think>", "</think>"),
        ("", ""),
    ],
)
def test_thinking_is_what_stands_before_the_first_close(chat, response, thought):
    prompt = chat.render([{"role": "user", "content": "What is 1 + 1?"}])
    assert chat.opens_thought(prompt)
    assert chat.thinking_tokens(prompt, chat.encode(response)) == len(chat.encode(thought))


def test_a_response_without_a_close_is_a_thought_as_rewards_count_it():
    chat = Chat(build_tokenizer(), "tiny")
    prompt = chat.encode("What is 1 + 1?")
    for text in ("the answer is \\boxed{2}", "<think>1 + 1"):
        ids = chat.encode(text)
        assert chat.thinking_tokens(prompt, ids) == thinking_tokens(ids, chat.end_of_thought) == len(ids)


def test_a_response_has_no_thought_where_the_prompt_closed_it_or_the_model_knows_none():
    chat, spelled = Chat(build_tokenizer(), "tiny"), chat_with_spelled_tag()
    answer = "the answer is \\boxed{2}"
    assert chat.thinking_tokens(chat.encode("1 + 1? <think>\n\n</think>\n\n"), chat.encode(answer)) == 0
    prompt = spelled.encode("What is 1 + 1?")
    assert spelled.thinking_tokens(prompt, spelled.encode(answer)) == 0
    assert spelled.thinking_tokens(prompt, ids := spelled.encode("<think>1 + 1")) == len(ids)
