# shellcheck shell=bash
# What the scripts need from the machine, and how to get it. Sourced, after report.sh.

# version_at_least HAVE WANT: compares dotted versions
version_at_least() {
    [[ $(printf '%s\n%s\n' "$2" "$1" | sort --version-sort | head -n 1) == "$2" ]]
}

# require_cargo ROOT: cargo is there and as new as rust-version in ROOT/Cargo.toml
require_cargo() {
    local root=$1 wanted have
    local remedy="install Rust with rustup (https://rustup.rs), then open a new shell"
    wanted=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$root/Cargo.toml" | head -n 1)
    if ! command -v cargo >/dev/null; then
        fail "$EXIT_UNAVAILABLE" "cargo is not on PATH, and Rust ${wanted:-stable} is needed" "$remedy"
    fi
    if ! have=$(cd "$root" && cargo --version); then
        fail "$EXIT_UNAVAILABLE" "cargo is installed and does not run here (its message is above)" "$remedy"
    fi
    have=$(awk '{ print $2 }' <<<"$have")
    if [[ -n $wanted ]] && ! version_at_least "$have" "$wanted"; then
        fail "$EXIT_UNAVAILABLE" "cargo is $have, and $wanted or newer is needed" "rustup update"
    fi
    if ! command -v cc >/dev/null; then
        fail "$EXIT_UNAVAILABLE" "cc is not on PATH, and Rust needs a C compiler to link and for its crypto library" \
            "apt-get install build-essential, or your system's package of gcc or clang"
    fi
}

# require_go MODULE_DIR: a Go that satisfies MODULE_DIR/go.mod.
# Sets GO_VERSION (go1.26.8); sets GOTOOLCHAIN=local when the preferred toolchain is not to be had.
require_go() {
    local module=$1 wanted preferred
    local remedy="install Go from https://go.dev/dl and put its bin directory on PATH"
    wanted=$(sed -n 's/^go \([0-9.]*\)$/\1/p' "$module/go.mod")
    preferred=$(sed -n 's/^toolchain \(go[0-9.]*\)$/\1/p' "$module/go.mod")
    if ! command -v go >/dev/null; then
        fail "$EXIT_UNAVAILABLE" "go is not on PATH, and Go $wanted or newer is needed to build etcd" "$remedy"
    fi
    # Go itself takes the toolchain that go.mod names, unless GOTOOLCHAIN=local forbids it.
    if ! GO_VERSION=$(cd "$module" && go env GOVERSION 2>/dev/null); then
        export GOTOOLCHAIN=local
        GO_VERSION=$(cd / && go env GOVERSION 2>/dev/null) || GO_VERSION=unknown
    fi
    if [[ $GO_VERSION == unknown ]] || ! version_at_least "${GO_VERSION#go}" "$wanted"; then
        fail "$EXIT_UNAVAILABLE" "go is ${GO_VERSION#go}, and $wanted or newer is needed to build etcd" "$remedy"
    fi
    if [[ -n $preferred ]] && ! version_at_least "${GO_VERSION#go}" "${preferred#go}"; then
        say "note: building with $GO_VERSION; the official etcd uses $preferred (GOTOOLCHAIN=auto lets go fetch it)"
    fi
}

# require_commands COMMAND=PACKAGE...: on Debian-like systems, missing ones are installed when that needs no password
require_commands() {
    local pair missing=() packages=() as_root=()
    for pair in "$@"; do
        if ! command -v "${pair%%=*}" >/dev/null; then
            missing+=("${pair%%=*}")
            packages+=("${pair#*=}")
        fi
    done
    if ((${#missing[@]} == 0)); then
        return
    fi
    local by_hand="install ${packages[*]} with your package manager"
    if ! command -v apt-get >/dev/null; then
        fail "$EXIT_UNAVAILABLE" "not on PATH: ${missing[*]}" "$by_hand"
    fi
    if ((EUID != 0)); then
        if ! sudo -n true 2>/dev/null; then
            fail "$EXIT_UNAVAILABLE" "not on PATH: ${missing[*]}" "sudo apt-get install ${packages[*]}"
        fi
        as_root=(sudo -n)
    fi
    say "installing ${packages[*]} (for ${missing[*]})"
    if ! install_packages; then
        fail "$EXIT_UNAVAILABLE" "apt-get could not install ${packages[*]} (its last lines are above)" "$by_hand"
    fi
}

# Uses as_root and packages of require_commands. The package lists are refreshed only when they turn out too old.
install_packages() {
    local output
    local install=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive
        apt-get install --yes --no-install-recommends "${packages[@]}")
    if "${install[@]}" </dev/null >/dev/null 2>&1; then
        return
    fi
    if output=$("${as_root[@]}" apt-get update 2>&1 </dev/null && "${install[@]}" 2>&1 </dev/null); then
        return
    fi
    tail -n 5 <<<"$output" >&2
    return 1
}
