#!/usr/bin/env bash
# After train.sh: L1-Max from the L1-Exact model, both asked under maximum and exact budgets at the temperature of the
# paper's evaluation, and the report of the two.
# Every part that is done already is skipped. Knobs: recipes/launch.sh; whatever follows goes to verl.
set -euo pipefail
export PROFILE=tiny LOGGER=${LOGGER:-file}
# shellcheck source=recipes/launch.sh
source "$(dirname "${BASH_SOURCE[0]}")/../launch.sh"
# shellcheck source=recipes/tiny/ask.sh
source "$root/recipes/tiny/ask.sh"

exact=$(newest_checkpoint l1_exact)
base_model >/dev/null  # writes the data that an older build lacks
bash "$root/recipes/run_l1_max.sh" "$@"
done_with "train it"
max=$(newest_checkpoint l1_max)
runs=()

# compare NAME MODEL DATA
compare() {
    local name
    name=$1-$(step_of "$2")
    ask "$name" "$2" "$3" 0.6 0.95
    runs+=("$1=$home/eval/$name.graded.jsonl")
}

compare l1-exact "$exact" test
compare l1-exact-asked-max "$exact" test_max
compare l1-max "$max" test_max
compare l1-max-asked-exact "$max" test
done_with "ask both models"
"$PYTHON" -m eval.report --title "L1-Max on the embedded model" --overwrite --output "$home/report_max" \
    --runs "${runs[@]}" --training "$home"/l1_max/metrics/*.jsonl
done_with "report"
parts
echo "report: $home/report_max/report.html"
