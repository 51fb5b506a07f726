#!/usr/bin/env bash
# L1-Exact: 700 steps of LCPO-Exact. Knobs: recipes/launch.sh. Any key of verl's configuration may follow:
#   bash recipes/run_l1_exact.sh trainer.total_training_steps=100
set -euo pipefail
# shellcheck source=recipes/launch.sh
source "$(dirname "${BASH_SOURCE[0]}")/launch.sh"

MODEL_PATH=${MODEL_PATH:-$(base_model)}
launch l1_exact "$@"
