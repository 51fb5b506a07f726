"""Are two answers the same? ``compare`` holds the rules in their order; text alone decides most of them.

``algebra``, ``latex`` and ``solutions`` import sympy, and may take for ever: only workers call them.
"""
