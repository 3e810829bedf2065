# shellcheck shell=bash disable=SC2034
# How a bundle lies on disk. Sourced by bundle-etcd and by scripts that ask whether one is there.
#
#   INTO/<version>                        symbolic link, switched atomically
#   INTO/builds/<version>-<12 hex>/       etcd etcdctl etcdutl manifest.json
#   INTO/builds/.partial-XXXXXX/          work in progress, removed by the next one to hold the lock
#   INTO/.lock

readonly BUNDLE_PROGRAMS=(etcd etcdctl etcdutl)
readonly BUNDLE_DEFAULT_VERSION=3.7.3

# bundled_versions_known DIR: the releases that can be built, one a line, newest first
bundled_versions_known() {
    find "$1" -mindepth 1 -maxdepth 1 -type d ! -name '*-*' -printf '%f\n' | sort --version-sort --reverse
}

# write_manifest DIR VERSION SOURCE
write_manifest() {
    local dir=$1 version=$2 source=$3 program digest comma
    {
        printf '{\n  "format": 1,\n  "version": "%s",\n  "source": "%s",\n  "files": {\n' "$version" "$source"
        for program in "${BUNDLE_PROGRAMS[@]}"; do
            digest=$(file_digest "$dir/$program")
            comma=,
            if [[ $program == "${BUNDLE_PROGRAMS[-1]}" ]]; then comma=; fi
            printf '    "%s": {"sha256": "%s", "size": %d}%s\n' \
                "$program" "$digest" "$(stat --format %s "$dir/$program")" "$comma"
        done
        printf '  }\n}\n'
    } >"$dir/manifest.json"
}

file_digest() {
    local digest
    digest=$(sha256sum <"$1")
    printf '%s' "${digest%% *}"
}

# manifest_source DIR: the "source" text
manifest_source() {
    sed -nE 's/^  "source": "([^"]*)",$/\1/p' "$1/manifest.json"
}

# bundle_fault DIR VERSION: prints what is wrong with a bundle, nothing when it is whole
bundle_fault() {
    local dir=$1 version=$2 digests
    if [[ ! -f $dir/manifest.json ]]; then
        printf 'manifest.json is missing'
        return
    fi
    digests=$(sed -nE 's/^    "([a-z]+)": \{"sha256": "([0-9a-f]{64})", "size": [0-9]+\},?$/\2  \1/p' "$dir/manifest.json")
    if [[ $(awk '{ print $2 }' <<<"$digests") != "$(printf '%s\n' "${BUNDLE_PROGRAMS[@]}")" ]] ||
        ! grep -qxF "  \"version\": \"$version\"," "$dir/manifest.json"; then
        printf 'manifest.json is altered'
        return
    fi
    digests=$(cd "$dir" && sha256sum --check --quiet - <<<"$digests" 2>/dev/null) ||
        printf '%s is missing or altered' "${digests%%:*}"
}
