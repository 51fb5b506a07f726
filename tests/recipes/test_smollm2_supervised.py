"""SmolLM2's supervised stage: what is learned of an example."""

from __future__ import annotations

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from recipes.smollm2.supervised import IGNORED, answer_loss


def test_the_loss_without_the_prompt_s_logits_is_the_model_s_own_with_the_same_gradient():
    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    model = LlamaForCausalLM(LlamaConfig(vocab_size=100, **sizes))
    ids, mask = torch.randint(0, 100, (3, 20)), torch.ones(3, 20, dtype=torch.long)
    mask[1, 15:] = 0
    labels = ids.masked_fill(mask == 0, IGNORED)
    labels[:, :8] = IGNORED
    own = model(input_ids=ids, attention_mask=mask, labels=labels).loss
    ours = answer_loss(model, ids, mask, labels)
    torch.testing.assert_close(ours, own)
    parameters = list(model.parameters())
    torch.testing.assert_close(torch.autograd.grad(ours, parameters), torch.autograd.grad(own, parameters))
