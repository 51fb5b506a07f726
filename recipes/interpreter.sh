# Sourced: finds the interpreter of this clone.
# shellcheck shell=bash

# find_python CLONE gpu|cpu: PYTHON if set, else the active environment's, else the clone's own for that hardware.
find_python() {
    local own=$1/.venv
    [[ $2 == gpu ]] && own=$1/.venv-gpu
    if [[ -n ${PYTHON:-} ]]; then
        echo "$PYTHON"
    elif [[ -n ${VIRTUAL_ENV:-} || ! -x $own/bin/python ]]; then
        command -v python >/dev/null && echo python || echo python3
    else
        echo "$own/bin/python"
    fi
}
