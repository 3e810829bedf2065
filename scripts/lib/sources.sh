# shellcheck shell=bash
# Sourced.

# copy_sources ROOT TO: what a build needs, without what builds have left
copy_sources() {
    mkdir "$2"
    tar --create --directory "$1" --exclude ./target --exclude ./libexec --exclude ./.git . | tar --extract --directory "$2"
}

# time_of ROOT: SOURCE_DATE_EPOCH, else when these sources were committed, in seconds
time_of() {
    if [[ -n ${SOURCE_DATE_EPOCH:-} ]]; then
        printf '%s' "$SOURCE_DATE_EPOCH"
    else
        git -C "$1" log -1 --format=%ct 2>/dev/null || stat --format %Y "$1/Cargo.lock"
    fi
}
