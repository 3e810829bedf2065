# shellcheck shell=bash
# What a release is made of, as CycloneDX has it (JSON, 1.5): crates and Go modules with their versions and SHA-256. Sourced, after
# report.sh and sources.sh. The same sources make the same bytes: no serial number, and the time of SOURCE_DATE_EPOCH.

readonly CARGO_CYCLONEDX_VERSION=0.5.9

# fetch_sbom_tools ROOT: builds them once, into target/tools; sets CARGO_CYCLONEDX and CYCLONEDX_GOMOD
fetch_sbom_tools() {
    local tools=$1/target/tools
    CARGO_CYCLONEDX=$tools/cargo-cyclonedx-$CARGO_CYCLONEDX_VERSION/bin/cargo-cyclonedx
    CYCLONEDX_GOMOD=$tools/cyclonedx-gomod
    if [[ ! -x $CARGO_CYCLONEDX ]]; then
        say "building cargo-cyclonedx $CARGO_CYCLONEDX_VERSION (some minutes, once)"
        cargo install --quiet --locked --version "$CARGO_CYCLONEDX_VERSION" --target-dir "$tools/cargo-cyclonedx-build" \
            --root "${CARGO_CYCLONEDX%/bin/*}" cargo-cyclonedx >&2 ||
            fail "$EXIT_UNAVAILABLE" "cargo-cyclonedx was not built (cargo's message is above)" "see that cargo reaches its registry: cargo info serde"
        rm -rf -- "$tools/cargo-cyclonedx-build"
    fi
    if [[ ! -x $CYCLONEDX_GOMOD || $1/scripts/sbom/go.sum -nt $CYCLONEDX_GOMOD ]]; then
        GOFLAGS=-mod=readonly GOWORK=off CGO_ENABLED=0 go -C "$1/scripts/sbom" build -trimpath -ldflags "-s -w" \
            -o "$CYCLONEDX_GOMOD" github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod ||
            fail "$EXIT_UNAVAILABLE" "cyclonedx-gomod was not built (the message of go is above)" \
                "see that Go's module proxy can be reached: go env GOPROXY"
        touch "$CYCLONEDX_GOMOD"
    fi
}

# crates_sbom ROOT TARGET SCRATCH: the crates that zone-etcd is linked with
crates_sbom() {
    local copy=$3/sources
    # The tool writes beside every manifest.
    copy_sources "$1" "$copy"
    (cd "$copy" && "$CARGO_CYCLONEDX" cyclonedx --quiet --quiet --format json --spec-version 1.5 --describe binaries \
        --no-build-deps --target "$2") >&2 ||
        fail "$EXIT_SOFTWARE" "cargo-cyclonedx did not list the crates (its message is above)"
    sed "s,file://$copy,file:///zone-etcd,g" "$copy/zone-etcd_bin.cdx.json"
    rm -rf -- "$copy"
}

# modules_sbom PROGRAM VERSION: the modules that etcd is linked with, as the program itself has them, and Go's own
modules_sbom() {
    "$CYCLONEDX_GOMOD" bin -json -output-version 1.5 -noserial -notimestamp -std -version "v$2" "$1" ||
        fail "$EXIT_SOFTWARE" "cyclonedx-gomod did not list the modules of etcd (its message is above)"
}
