#!/usr/bin/env bash
# `make train-smollm2`: SmolLM2-135M-Instruct on GSM8K. A short supervised stage, L1-Exact, L1-Max; each model is asked
# unseen problems at four budgets, and the report compares them.
# Every part that is done already is skipped, so the same command goes on after an interrupt. Knobs: recipes/launch.sh, and
#   GSM8K_TRAIN, GSM8K_TEST  files, where the hub (openai/gsm8k) cannot be reached
#   PROBLEMS                 unseen problems that each model is asked; 200
set -euo pipefail
export PROFILE=smollm2 LOGGER=${LOGGER:-file}
# shellcheck source=recipes/launch.sh
source "$(dirname "${BASH_SOURCE[0]}")/../launch.sh"

for knob in CKPTS_DIR MODEL_PATH; do
    [[ -z ${!knob:-} ]] || { echo "$knob=${!knob} does not go with this script; unset it, or set OUTPUTS" >&2 && exit 2; }
done
data=$home/data
export TRAIN_FILE=$data/train.parquet VAL_FILES=$data/test.parquet

# convert FILE SCRIPT [options]: writes data/FILE where it is missing
convert() {
    [[ -f $data/$1 ]] || "$PYTHON" "$root/data_prep/$2_to_parquet.py" --output "$data/$1" "${@:3}"
}

# ask NAME MODEL DATA
ask() {
    local samples=$home/eval/$1.samples.jsonl
    "$PYTHON" -m eval.generate --model "$2" --data "$data/$3.parquet" --output "$samples" --samples 1 \
        --temperature 1.0 --top-p 1.0 --max-tokens 192 --seed "$SEED"
    "$PYTHON" -m eval.grade "$samples" --output "$home/eval/$1.graded.jsonl"
    runs+=("$1=$home/eval/$1.graded.jsonl")
}

# ask_trained RECIPE NAME DATA: the newest checkpoint, under a name of its own, since samples of different weights must not
# meet
ask_trained() {
    local model
    model=$(newest_checkpoint "$1")
    ask "$2-$(basename "$(dirname "$(dirname "$model")")")" "$model" "$3"
}

# A step takes less than half the time in bfloat16 where the processor computes in it, and longer where it does not.
precision=()
if grep -qsw avx512_bf16 /proc/cpuinfo; then
    precision=(actor_rollout_ref.actor.fsdp_config.mixed_precision.param_dtype=bf16 actor_rollout_ref.rollout.dtype=bfloat16)
fi

mkdir -p "$data"
problems=${PROBLEMS:-200} train=${GSM8K_TRAIN:-openai/gsm8k} test=${GSM8K_TEST:-openai/gsm8k}
convert train.parquet any --input "$train" --split train --config main --name gsm8k --train --problem question --answer answer
convert test.parquet gsm8k --input "$test" --limit "$problems" --budgets 48 85 122 160
convert test_max.parquet gsm8k --input "$test" --limit "$problems" --mode max --budgets 48 85 122 160

runs=()
base=$(base_model)
ask base "$base" test
"$PYTHON" -m recipes.smollm2.supervised --base "$base" --problems "$train" --seed "$SEED" --output "$home/supervised"
ask supervised "$home/supervised" test
MODEL_PATH=$home/supervised bash "$root/recipes/run_l1_exact.sh" "${precision[@]}" "$@"
ask_trained l1_exact l1-exact test
bash "$root/recipes/run_l1_max.sh" "${precision[@]}" "$@"
ask_trained l1_max l1-max test_max
"$PYTHON" -m eval.report --title "L1 on SmolLM2-135M-Instruct" --overwrite --output "$home/report" --runs "${runs[@]}" \
    --training "$home"/l1_exact/metrics/*.jsonl
echo "report: $home/report/report.html"
