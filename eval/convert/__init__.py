"""What other programs wrote, as samples.jsonl: ``python -m eval.convert FILE --output samples.jsonl``.

``forms`` has one module for each layout, ``paths`` finds fields in rows, ``records`` makes and checks the samples, and
``run`` reads a whole file.
"""
