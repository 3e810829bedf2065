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

# fetch_with_libraries DIRECTORY PACKAGE...: the same, with every package that they need and that is not installed here
fetch_with_libraries() {
    local place=$1 missing needed
    shift
    if ! missing=$(missing_packages "$@"); then
        # The lists of packages may be missing altogether.
        if ((EUID != 0)) || ! apt-get update </dev/null >/dev/null 2>&1 || ! missing=$(missing_packages "$@"); then
            say "apt-get knows no packages $*"
            return 1
        fi
    fi
    # What is installed itself is not among them, and is wanted here all the same.
    readarray -t needed < <(printf '%s\n' "$@" "$missing" | sed '/^$/d' | sort --unique)
    fetch_packages "$place" "${needed[@]}"
}

# missing_packages PACKAGE...: names of those that apt-get would install for them
missing_packages() {
    local plan
    plan=$(apt-get --simulate --no-install-recommends install "$@" 2>/dev/null </dev/null) || return
    awk '$1 == "Inst" { print $2 }' <<<"$plan"
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
