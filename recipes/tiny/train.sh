#!/usr/bin/env bash
# `make train`: build the embedded model, ask it under budgets, train it with LCPO-Exact, ask it again, draw the report.
# Every part that is done already is skipped, so the same command goes on after an interrupt. Knobs: recipes/launch.sh;
# whatever follows goes to verl.
set -euo pipefail
export PROFILE=tiny LOGGER=${LOGGER:-file}  # the trainer's one line per step says enough
# shellcheck source=recipes/launch.sh
source "$(dirname "${BASH_SOURCE[0]}")/../launch.sh"
# shellcheck source=recipes/tiny/ask.sh
source "$root/recipes/tiny/ask.sh"

base=$(base_model)
done_with "build the model and its data"
# Sampled as in training: harder than the 0.6 of the paper's evaluation.
ask before "$base" test 1.0 1.0
done_with "ask it"
bash "$root/recipes/run_l1_exact.sh" "$@"
done_with "train it"
trained=$(newest_checkpoint l1_exact)
after=after-$(step_of "$trained")
ask "$after" "$trained" test 1.0 1.0
done_with "ask it again"
"$PYTHON" -m eval.report --title "L1-Exact on the embedded model" --overwrite --output "$home/report" \
    --runs before="$home/eval/before.graded.jsonl" after="$home/eval/$after.graded.jsonl" \
    --training "$home"/l1_exact/metrics/*.jsonl
done_with "report"
parts
echo "report: $home/report/report.html"
