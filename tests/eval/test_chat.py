from __future__ import annotations

import pytest

from eval.chat import Chat
from eval.cli import InputError
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


def test_a_response_without_any_thought_has_no_thinking():
    chat = Chat(build_tokenizer(), "tiny")
    prompt = chat.encode("What is 1 + 1?")
    assert chat.thinking_tokens(prompt, chat.encode("the answer is \\boxed{2}")) == 0
    assert chat.thinking_tokens(prompt, ids := chat.encode("<think>1 + 1")) == len(ids)
