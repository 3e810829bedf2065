# shellcheck shell=bash
# zone-etcd as a static program, for scripts/release: by Rust's own musl and linker, and zig as the C compiler. Sourced, after
# report.sh and requirements.sh.

readonly ZIG_VERSION=0.17.1
# Of the packages for Linux on x86_64 and on aarch64
readonly ZIG_SHA256=(ea6cc5d87b033cf0aedfbc8f9549a908cae6c50ac31f1698188fa48a74524b54
    b7c5f02fccd40f89b999ee16a1f5ddced56e6182370f8affe494bcf8a28cf07e)

# rust_machine ARCH: what Rust and zig call it
rust_machine() {
    case $1 in
    amd64) printf x86_64 ;;
    arm64) printf aarch64 ;;
    esac
}

# fetch_zig ROOT: once, into target/tools; sets ZIG
fetch_zig() {
    local place=$1/target/tools/zig-$ZIG_VERSION
    export ZIG=$place/ziglang/zig
    if [[ -x $ZIG ]]; then
        return
    fi
    require_commands python3=python3
    if ! python3 -m pip --version >/dev/null 2>&1; then
        fail "$EXIT_UNAVAILABLE" "python3 has no pip, which fetches the C compiler (zig)" "apt-get install python3-pip"
    fi
    say "fetching zig $ZIG_VERSION (100 MB, once)"
    rm -rf -- "$place.new"
    if ! python3 -m pip install --quiet --no-deps --require-hashes --target "$place.new" --requirement <(
        printf 'ziglang==%s' "$ZIG_VERSION" && printf ' --hash=sha256:%s' "${ZIG_SHA256[@]}" && echo
    ) >&2; then
        fail "$EXIT_UNAVAILABLE" "zig could not be fetched (pip's message is above)" "see that pip reaches its index: python3 -m pip config list"
    fi
    mv "$place.new" "$place"
}

# require_target ROOT TARGET: Rust's standard library for it
require_target() {
    local installed
    installed=$(cd "$1" && rustc --print sysroot)/lib/rustlib/$2/lib
    if [[ -d $installed ]]; then
        return
    fi
    if ! command -v rustup >/dev/null || ! (cd "$1" && rustup target add "$2") >&2; then
        fail "$EXIT_UNAVAILABLE" "Rust's standard library for $2 is not installed" "rustup target add $2"
    fi
}

# build_static ROOT ARCH: prints where the program is
build_static() {
    local root=$1 target variable directory home
    target=$(rust_machine "$2")-unknown-linux-musl
    variable=${target//-/_}
    require_target "$root" "$target"
    fetch_zig "$root"
    directory=$(realpath --canonicalize-missing "${CARGO_TARGET_DIR:-$root/target}")
    home=$(realpath --canonicalize-missing "${CARGO_HOME:-$HOME/.cargo}")
    (
        cd "$root" || exit
        # What tells of this machine: flags of its user, and where things lie.
        unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CFLAGS
        # One crate (age, by rust-embed) has times of files in it that it was built from, unless it is told this one.
        export ZIG_TARGET=${target/-unknown/} SOURCE_DATE_EPOCH=0
        export "CC_$variable=$root/scripts/lib/zig_cc" "AR_$variable=$root/scripts/lib/zig_ar"
        # AES-GCM for AVX-512 is 680 KB of unrolled code; processors with it have the code for AES-NI as well.
        export "CFLAGS_$variable=-ffile-prefix-map=$home=/cargo -ffile-prefix-map=$directory=/target -DMY_ASSEMBLER_IS_TOO_OLD_FOR_512AVX=1"
        export "CARGO_TARGET_${variable^^}_LINKER=rust-lld"
        export "CARGO_TARGET_${variable^^}_RUSTFLAGS=--remap-path-prefix=$root=/zone-etcd \
--remap-path-prefix=$directory=/target --remap-path-prefix=$home=/cargo"
        # Relocations in the form that takes a fiftieth of the space, and no names of functions.
        CARGO_TARGET_DIR=$directory cargo rustc --profile dist --locked --target "$target" --bin zone-etcd -- \
            -C link-arg=--pack-dyn-relocs=relr -C link-arg=--strip-all
    ) >&2 || fail "$EXIT_SOFTWARE" "zone-etcd did not build (cargo's message is above)" "scripts/check, when it is your change"
    printf '%s/%s/dist/zone-etcd' "$directory" "$target"
}
