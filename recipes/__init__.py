"""The recipes and what they need: preflight, checks of model and machine, and the models of the CPU profiles."""
