# Sourced after launch.sh by train.sh and train_max.sh.
# shellcheck shell=bash

for knob in CKPTS_DIR MODEL_PATH; do
    if [[ -n ${!knob:-} ]]; then
        echo "$knob=${!knob} does not go with this script, which trains and compares its own models; unset it, or set OUTPUTS" >&2
        exit 2
    fi
done
# The report draws the file logger's curves.
[[ ,$LOGGER, == *,file,* ]] || LOGGER=file,$LOGGER

# The training step of a checkpoint's Hugging Face folder: answers of different weights must not meet.
step_of() {
    basename "$(dirname "$(dirname "$1")")"
}

# done_with PART: notes how long the part took, for `parts`.
parts_noted=()
part_began=$SECONDS
done_with() {
    parts_noted+=("$(printf '%-28s %3d:%02d' "$1" $(((SECONDS - part_began) / 60)) $(((SECONDS - part_began) % 60)))")
    part_began=$SECONDS
}

# parts: how long each part of this command took. What was there already took no time.
parts() {
    printf '%s\n' "minutes by part" "${parts_noted[@]}" "$(printf '%-28s %3d:%02d' all $((SECONDS / 60)) $((SECONDS % 60)))"
}

# ask NAME MODEL DATA TEMPERATURE TOP_P: 400 unseen problems at each of four budgets.
ask() {
    # shellcheck disable=SC2154  # launch.sh sets home
    local samples=$home/eval/$1.samples.jsonl graded=$home/eval/$1.graded.jsonl
    "$PYTHON" -m eval.generate --model "$2" --data "$home/data/$3.parquet" --output "$samples" \
        --samples 1 --temperature "$4" --top-p "$5" --max-tokens 160 --seed "$SEED"
    "$PYTHON" -m eval.grade "$samples" --output "$graded" --require-think-end
}
