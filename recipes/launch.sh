# Sourced by run_*.sh: the knobs, and `launch`, which starts verl with one overlay of recipes/config.
# shellcheck shell=bash
#
#   PROFILE         gpu: the paper's 8 GPUs | tiny: the embedded model on CPU | smollm2: a real 135M model on CPU |
#                   cpu: any model on CPU with the recipe's own settings; set MODEL_PATH and TRAIN_FILE
#   MODEL_PATH      the model to start from: folder or Hugging Face id
#   TRAIN_FILE      parquet of data_prep/deepscaler_to_parquet.py
#   VAL_FILES       parquet files of data_prep, comma-separated; by default AIME 2024 as the recipe asks (`validation`)
#   CKPTS_DIR       where checkpoints, metrics and the run's configuration go; a run found there is resumed
#   NNODES          machines of the Ray cluster; for more than one set RAY_ADDRESS
#   NGPUS_PER_NODE  GPUs of each; on CPU, training workers
#   SEED            of budgets, data order and sampling, and of the tiny profile's model
#   OUTPUTS         where all of the defaults above lie; outputs/ of the clone
#   LOGGER          comma-separated: console,file,wandb,tensorboard,...
#   PYTHON          interpreter; where no environment is active, that of the clone's .venv-gpu (gpu) or .venv (others)

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export PYTHONPATH=$root${PYTHONPATH:+:$PYTHONPATH}
PROFILE=${PROFILE:-gpu}
# shellcheck source=recipes/interpreter.sh
source "$root/recipes/interpreter.sh"
PYTHON=$(find_python "$root" "$([[ $PROFILE == gpu ]] && echo gpu || echo cpu)")
SEED=${SEED:-0}
OUTPUTS=${OUTPUTS:-$root/outputs}
home=$OUTPUTS/$PROFILE
deepscaler=$OUTPUTS/data/deepscaler.parquet
NNODES=${NNODES:-1}
LOGGER=${LOGGER:-console,file}
case $PROFILE in
    gpu)
        NGPUS_PER_NODE=${NGPUS_PER_NODE:-8}
        export VERL_USE_EXTERNAL_MODULES=l1_verl.plugin
        ;;
    cpu | tiny | smollm2)
        NGPUS_PER_NODE=${NGPUS_PER_NODE:-1}
        [[ $PROFILE != tiny ]] || TRAIN_FILE=${TRAIN_FILE:-$home/data/train.parquet}
        export VERL_USE_EXTERNAL_MODULES=l1_verl.cpu,l1_verl.plugin VERL_PLATFORM=cpu
        # Compiling takes longer than a run of this size gains from it.
        export TORCH_COMPILE_DISABLE=1
        export OMP_NUM_THREADS=${OMP_NUM_THREADS:-2} TQ_NUM_THREADS=2 TOKENIZERS_PARALLELISM=false
        if ((NGPUS_PER_NODE > 1)); then
            # vLLM otherwise looks for one NUMA node per worker (vllm/utils/ompmultiprocessing.py:218).
            export VLLM_CPU_OMP_THREADS_BIND=${VLLM_CPU_OMP_THREADS_BIND:-nobind}
        fi
        ;;
    *)
        echo "PROFILE is '$PROFILE'; it must be gpu, cpu, tiny or smollm2" >&2
        exit 2
        ;;
esac

TRAIN_FILE=${TRAIN_FILE:-$deepscaler}

# The model that L1-Exact starts from. The CPU profiles build theirs where it is missing.
base_model() {
    case $PROFILE in
        gpu) echo agentica-org/DeepScaleR-1.5B-Preview ;;
        tiny) "$PYTHON" -m recipes.tiny.build --output "$home" --seed "$SEED" >&2 && echo "$home/base" ;;
        smollm2) "$PYTHON" -m recipes.smollm2 --output "$home" >&2 && echo "$home/base" ;;
        cpu) echo "PROFILE=cpu has no model of its own; set MODEL_PATH to a folder or hub id" >&2 && exit 2 ;;
    esac
}

# What recipe $1 is validated with: AIME 2024, asked as its training asks.
validation() {
    local aime=$OUTPUTS/data/aime2024
    case $PROFILE/$1 in
        gpu/deepscaler_4k) echo "${aime}_none.parquet" ;;
        gpu/l1_max) echo "$aime.parquet,${aime}_max.parquet" ;;
        gpu/*) echo "$aime.parquet" ;;
        tiny/*) echo "$home/data/validation.parquet" ;;
        *) echo "$TRAIN_FILE" ;;
    esac
}

# The newest checkpoint that recipe $1 left in its default folder, as a Hugging Face folder.
newest_checkpoint() {
    local folder=$home/$1 step
    if ! step=$(cat "$folder/latest_checkpointed_iteration.txt" 2>/dev/null); then
        echo "no checkpoint in $folder: run recipes/run_$1.sh first, or set MODEL_PATH to a folder or hub id" >&2
        exit 2
    fi
    echo "$folder/global_step_$step/actor/huggingface"
}

# Ends what this run's Ray left behind: its agents outlive a driver that was killed by minutes. Some write their title
# ("ray::...", "VLLM::...") over the environment that /proc shows, and are known by the logs that they hold open.
stop_ray() {
    local process
    for process in /proc/[0-9]*; do
        if grep -qsz "^RAY_TMPDIR=$RAY_TMPDIR\$" "$process/environ" ||
            { grep -qsE '^(ray|VLLM)::' "$process/cmdline" &&
                [[ -n $(find "$process/fd" -lname "$RAY_TMPDIR/*" -print -quit 2>/dev/null) ]]; }; then
            kill -9 "${process#/proc/}" 2>/dev/null || true
        fi
    done
    rm -rf "$RAY_TMPDIR"
}

# launch OVERLAY [verl's overrides ...]
launch() {
    local overlay=$1
    shift
    CKPTS_DIR=${CKPTS_DIR:-$home/$overlay}
    VAL_FILES=${VAL_FILES:-$(validation "$overlay")}
    # Inner quotes: Hydra reads '=', ',' and blanks in a value as its own syntax.
    local arguments=(
        --config-dir "$root/recipes/config" --config-name "$overlay" "profile=$PROFILE"
        "actor_rollout_ref.model.path='$MODEL_PATH'"
        "actor_rollout_ref.rollout.agent.agent_loop_config_path='$root/l1_verl/agent_loops.yaml'"
        "data.train_files='$TRAIN_FILE'"
        "data.val_files=['${VAL_FILES//,/"','"}']"
        "trainer.default_local_dir='$CKPTS_DIR'"
        "data.seed=$SEED" "data.budget.seed=$SEED" "actor_rollout_ref.rollout.seed=$SEED"
        "trainer.nnodes=$NNODES" "trainer.n_gpus_per_node=$NGPUS_PER_NODE" "trainer.logger=[$LOGGER]"
        "hydra.run.dir='$CKPTS_DIR/hydra'"
    )
    # verl's file logger starts a file anew; a resumed run must not erase what was logged before it.
    export VERL_FILE_LOGGER_PATH=${VERL_FILE_LOGGER_PATH:-$CKPTS_DIR/metrics/$(date -u +%Y%m%dT%H%M%S).jsonl}
    if [[ -n ${RAY_ADDRESS:-} ]]; then
        # A cluster that runs already has its size; Ray refuses to be told another. Nor does it know our environment.
        arguments+=(
            ++ray_kwargs.ray_init.{num_cpus,num_gpus,object_store_memory}"=null"
            "++ray_kwargs.ray_init.runtime_env.env_vars.VERL_FILE_LOGGER_PATH='$VERL_FILE_LOGGER_PATH'"
        )
    fi
    arguments+=("$@")
    "$PYTHON" -m recipes.preflight "${arguments[@]}" || exit $?
    mkdir -p "$(dirname "$VERL_FILE_LOGGER_PATH")"

    if [[ -z ${RAY_ADDRESS:-} && -z ${RAY_TMPDIR:-} ]]; then
        # Short, since a socket's path may have 107 characters; its own, so that runs never meet.
        RAY_TMPDIR=$(mktemp -d /tmp/l1-XXXXXX)
        export RAY_TMPDIR
        trap stop_ray EXIT
    fi
    "$PYTHON" -m verl.trainer.main_ppo "${arguments[@]}"
}
