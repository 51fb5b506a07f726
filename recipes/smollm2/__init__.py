"""A real pretrained model and real word problems, with no model hub: SmolLM2-135M-Instruct on GSM8K.

``__main__`` makes the checkpoint, ``solutions`` writes a problem's solution in many lengths, ``supervised`` teaches
the model a first idea of budgets with them, and ``train.sh`` runs the whole.
"""
