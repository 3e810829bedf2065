# shellcheck shell=bash
# Named steps that end at the first failure. Sourced, after report.sh.
#
# A step is run as a plain command, never in a condition: there "set -e" would be off inside it.

step_names=()
step_seconds=()
step_running=''

# step NAME COMMAND...
step() {
    local started=$SECONDS
    step_running=$1
    shift
    printf '\n== %s\n' "$step_running" >&2
    "$@"
    step_names+=("$step_running")
    step_seconds+=($((SECONDS - started)))
    step_running=''
}

# left_out WHAT: is not run here, and said at the end, also of the script that runs this one
left_out() {
    if [[ -n ${LEFT_OUT:-} ]]; then
        printf '%s\n' "$*" >>"$LEFT_OUT"
    else
        say "not checked: $*"
    fi
}

# For "trap report_failed_step EXIT"
report_failed_step() {
    local status=$?
    if ((status != 0)) && [[ -n $step_running ]]; then
        printf '\n' >&2
        say "failed at: $step_running"
    fi
    return "$status"
}

# The seconds that each step took, as a table
report_steps() {
    local i width=5 total=0
    for i in "${!step_names[@]}"; do
        ((${#step_names[i]} <= width)) || width=${#step_names[i]}
        ((total += step_seconds[i])) || true
    done
    printf '\n' >&2
    for i in "${!step_names[@]}"; do
        printf '%-*s  %4d s\n' "$width" "${step_names[i]}" "${step_seconds[i]}" >&2
    done
    printf '%-*s  %4d s\n' "$width" total "$total" >&2
}
