"""What other programs wrote, as samples.jsonl: ``python -m eval.convert FILE --output samples.jsonl``.

``forms`` has one module for each layout, ``records`` makes and checks the samples, and
``run`` reads a whole file.
"""
