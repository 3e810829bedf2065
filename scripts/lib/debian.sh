# shellcheck shell=bash
# Tools from Debian's packages, without installing anything. Sourced, after report.sh.

# fetch_packages DIRECTORY PACKAGE...: has their files below DIRECTORY, whole or not at all
fetch_packages() {
    local place=$1 packages package
    shift
    if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
        say "no apt-get and dpkg-deb here that could fetch $*"
        return 1
    fi
    packages=$(mktemp --directory)
    # apt-get fetches as a user of its own.
    chmod 755 "$packages"
    if ! apt_fetch "$packages" "$@"; then
        rm -rf -- "$packages"
        return 1
    fi
    rm -rf -- "$place.new"
    mkdir -p "$place.new"
    for package in "$packages"/*.deb; do
        dpkg-deb --extract "$package" "$place.new" || return
    done
    rm -rf -- "$packages" "$place"
    mv "$place.new" "$place"
}

# apt-get checks the digests against the signed lists. These may be older than the packages.
apt_fetch() {
    local output
    output=$(apt_download "$@" 2>&1) && return
    if ((EUID == 0)) && output=$(apt-get update 2>&1 </dev/null && apt_download "$@" 2>&1); then
        return
    fi
    tail -n 5 <<<"$output" >&2
    return 1
}

apt_download() {
    (cd "$1" && apt-get --quiet --quiet download "${@:2}" </dev/null)
}
