#!/usr/bin/env bash
# DeepScaleR-4K: the uncontrolled baseline, trained as L1-Exact with no budget. Knobs: recipes/launch.sh.
set -euo pipefail
# shellcheck source=recipes/launch.sh
source "$(dirname "${BASH_SOURCE[0]}")/launch.sh"

MODEL_PATH=${MODEL_PATH:-$(base_model)}
launch deepscaler_4k "$@"
