#!/usr/bin/env bash
# The paper's whole protocol for one model: seven benchmarks, both modes, four budgets, 16 samples at temperature 0.6,
# and the report. Interrupted, the same command goes on.
#
#   bash eval/run_paper.sh l3lab/L1-Qwen-1.5B-Max
#   BASELINE_MODEL=agentica-org/DeepScaleR-1.5B-Preview bash eval/run_paper.sh MODEL --tensor-parallel 2
#
# What follows MODEL goes to every eval.generate. Many GPUs: start `vllm serve MODEL --data-parallel-size 8` and add
#   --engine openai --server URL --tokenizer MODEL
# and BASELINE_SERVER=URL, where another one serves BASELINE_MODEL.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [[ $# -lt 1 || $1 == -* ]]; then
    echo "usage: [KNOB=value ...] bash eval/run_paper.sh MODEL [eval.generate flags]" >&2
    exit 2
fi
MODEL=$1
shift

source recipes/interpreter.sh
export PYTHONPATH=$PWD${PYTHONPATH:+:$PYTHONPATH}
PYTHON=$(find_python "$PWD" gpu)
BENCHMARKS=${BENCHMARKS:-aime2025 math500 amc olympiad_bench gpqa lsat mmlu}
MODES=${MODES:-exact max}
BUDGETS=${BUDGETS:-512 1024 2048 3600}
SAMPLES=${SAMPLES:-16}
DATA_DIR=${DATA_DIR:-outputs/eval/data}
# verl calls every checkpoint huggingface; its run and step tell them apart.
if [[ $MODEL =~ ([^/]+)/(global_step_[0-9]+)/actor/huggingface/?$ ]]; then
    NAME=${BASH_REMATCH[1]}-${BASH_REMATCH[2]}
else
    NAME=$(basename "$MODEL")
fi
OUTPUT_DIR=${OUTPUT_DIR:-outputs/eval/$NAME}
# The model that budget forcing is applied to, and that runs uncontrolled; empty for no baselines.
BASELINE_MODEL=${BASELINE_MODEL:-}
BASELINE_SERVER=${BASELINE_SERVER:-}
# Of: uncontrolled s1-truncate s1-wait s1-paper
BASELINES=${BASELINES:-uncontrolled s1-truncate s1-wait s1-paper}

# The authors' grader and the recipes' training give no credit without </think>; 0 for a model without thinking tags.
think_end=(--require-think-end)
[[ ${REQUIRE_THINK_END:-1} == 0 ]] && think_end=()

read -ra benchmarks <<<"$BENCHMARKS"
read -ra modes <<<"$MODES"
read -ra budgets <<<"$BUDGETS"
read -ra baselines <<<"$BASELINES"
runs=()

# A server has one model: MODEL's would refuse BASELINE_MODEL, but only after hours of MODEL.
baseline_flags=()
if [[ -n $BASELINE_SERVER ]]; then
    baseline_flags=(--engine openai --server "$BASELINE_SERVER")
fi
for flag in "$@"; do
    case $flag in
        --server | --server=*)
            if [[ -n $BASELINE_MODEL && -z $BASELINE_SERVER ]]; then
                echo "$flag serves $MODEL; set BASELINE_SERVER to the URL that serves $BASELINE_MODEL" >&2
                exit 2
            fi
            ;;
        --tokenizer | --tokenizer=*) baseline_flags+=(--tokenizer "$BASELINE_MODEL") ;;
    esac
done

# Rows of every benchmark for a mode, in BENCHMARK-MODE-BUDGETS.parquet (none has no budgets); files that are there are
# kept, so local ones can be put into DATA_DIR.
prepare() {
    local mode=$1 benchmark arguments rows=$1
    [[ $mode == none ]] || rows+=$(printf -- '-%s' "${budgets[@]}")
    data=()
    for benchmark in "${benchmarks[@]}"; do
        data+=("$DATA_DIR/$benchmark-$rows.parquet")
        [[ -f ${data[-1]} ]] && continue
        arguments=(--output "${data[-1]}" --mode "$mode")
        [[ $mode == none ]] || arguments+=(--budgets "${budgets[@]}")
        "$PYTHON" "data_prep/${benchmark}_to_parquet.py" "${arguments[@]}"
    done
}

# measure NAME MODEL SAMPLES MODE [flags]: generate and grade one run.
measure() {
    local name=$1 model=$2 samples=$3 mode=$4
    shift 4
    prepare "$mode"
    local folder=$OUTPUT_DIR/$name
    "$PYTHON" -m eval.generate --model "$model" --data "${data[@]}" --output "$folder/samples.jsonl" \
        --samples "$samples" --temperature 0.6 --top-p 0.95 --max-tokens 8192 "$@"
    "$PYTHON" -m eval.grade "$folder/samples.jsonl" --output "$folder/graded.jsonl" "${think_end[@]}"
    runs+=("$name=$folder/graded.jsonl")
}

for mode in "${modes[@]}"; do
    # The authors cut exact answers at twice their budget and max answers at 8,192 tokens.
    limits=()
    [[ $mode == exact ]] && limits=(--max-budget-multiple 2)
    measure "$mode" "$MODEL" "$SAMPLES" "$mode" "${limits[@]}" "$@"
done

if [[ -n $BASELINE_MODEL ]]; then
    set -- "$@" "${baseline_flags[@]}"
    for baseline in "${baselines[@]}"; do
        case $baseline in
            uncontrolled) measure uncontrolled "$BASELINE_MODEL" "$SAMPLES" none "$@" --strategy plain ;;
            # The authors drew one response per problem here.
            s1-paper) measure s1-paper "$BASELINE_MODEL" 1 exact "$@" --strategy s1-paper ;;
            *) measure "$baseline" "$BASELINE_MODEL" "$SAMPLES" exact "$@" --strategy "$baseline" ;;
        esac
    done
fi

"$PYTHON" -m eval.report --runs "${runs[@]}" --output "$OUTPUT_DIR/report" --overwrite --title "$NAME"
