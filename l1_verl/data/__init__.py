"""Turns data sets into verl's rows: read, clean, give a budget, write parquet. data_prep/README.md has an example.

``rows`` is the row format, ``sources`` reads files (``tables``) and the hub, ``fields`` finds problems in records of
any layout, ``answers`` and ``repeats`` clean, and ``convert`` is the command line of a script. Needs neither torch nor
verl.
"""

from l1_verl.data.convert import Benchmark, convert
from l1_verl.data.fields import ProblemFields
from l1_verl.data.rows import Problem, choice_problem, math_problem
from l1_verl.data.sources import Record

__all__ = ["Benchmark", "Problem", "ProblemFields", "Record", "choice_problem", "convert", "math_problem"]
