#!/usr/bin/env bash
# L1-Max: 120 steps from L1-Exact with exact and max budgets mixed. Knobs: recipes/launch.sh.
set -euo pipefail
# shellcheck source=recipes/launch.sh
source "$(dirname "${BASH_SOURCE[0]}")/launch.sh"

MODEL_PATH=${MODEL_PATH:-$(newest_checkpoint l1_exact)}
launch l1_max "$@"
