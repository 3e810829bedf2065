# shellcheck shell=bash disable=SC2034
# Messages of the scripts: all to standard error, standard output stays free for data.
# Sourced; the caller's own name is put before each line.

readonly EXIT_USAGE=64        # wrong arguments
readonly EXIT_DATA=65         # input is there and is wrong
readonly EXIT_NO_INPUT=66     # input is missing
readonly EXIT_UNAVAILABLE=69  # a tool or the network is missing
readonly EXIT_SOFTWARE=70     # a build that should have worked did not
readonly EXIT_CANT_CREATE=73  # a file or directory cannot be made

say() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
}

# fail CODE WHAT [NEXT STEP]
fail() {
    local code=$1 what=$2 next=${3:-}
    printf '%s: error: %s\n' "${0##*/}" "$what" >&2
    if [[ -n $next ]]; then
        printf '%s: next: %s\n' "${0##*/}" "$next" >&2
    fi
    exit "$code"
}
