#!/usr/bin/env bash
# `make eval`: the protocol at the size of the embedded model, on CPU. The trained model (or, before `make train`, the
# base) is asked under its budgets, alone and with a hard cap; the base model's budgets are forced in three ways; and
# the report compares them. Interrupted, the same command goes on. Knobs: recipes/launch.sh, PROBLEMS and SAMPLES.
set -euo pipefail
export PROFILE=tiny
# shellcheck source=recipes/launch.sh
source "$(dirname "${BASH_SOURCE[0]}")/../recipes/launch.sh"

PROBLEMS=${PROBLEMS:-50}
SAMPLES=${SAMPLES:-4}

base=$(base_model)
model=$base
step=base
if [[ -f $home/l1_exact/latest_checkpointed_iteration.txt ]]; then
    model=$(newest_checkpoint l1_exact)
    step=global_step_$(cat "$home/l1_exact/latest_checkpointed_iteration.txt")
fi
# A folder per checkpoint: samples of different weights must not meet.
folder=$home/protocol/$step
runs=()

# measure NAME MODEL STRATEGY SAMPLES
measure() {
    local own=()
    case $3 in hard-cap | s1-truncate | s1-wait) own=(--answer-tokens 8) ;; esac
    "$PYTHON" -m eval.generate --model "$2" --data "$home/data/test.parquet" --limit "$PROBLEMS" --strategy "$3" \
        --samples "$4" --max-tokens 160 "${own[@]}" --seed "$SEED" --output "$folder/$1.samples.jsonl"
    "$PYTHON" -m eval.grade "$folder/$1.samples.jsonl" --output "$folder/$1.graded.jsonl" \
        --require-think-end
    runs+=("$1=$folder/$1.graded.jsonl")
}

measure l1 "$model" plain "$SAMPLES"
measure l1-hard-cap "$model" hard-cap "$SAMPLES"
measure s1-truncate "$base" s1-truncate "$SAMPLES"
measure s1-wait "$base" s1-wait "$SAMPLES"
measure s1-paper "$base" s1-paper 1
"$PYTHON" -m eval.report --title "The embedded model under budgets" --overwrite --output "$folder/report" \
    --runs "${runs[@]}"
echo "report: $folder/report/report.html"
