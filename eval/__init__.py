"""Evaluation in three steps that can be repeated alone: generate -> grade -> report."""
