# shellcheck shell=bash
# The operations of scripts/soak, and what is measured of them. Sourced, after report.sh.
#
# soak_inside runs inside "zone-etcd dev", which gives it ZONE_ETCD_ZONE, the settings of etcdctl, and both programs in PATH.

# For clients that use all endpoints, in milliseconds: the median over the rounds of the longest gap between two acknowledged
# writes, and the longest of all. One that stays on an endpoint may have to wait for its own time-out, once.
readonly SOAK_MEDIAN=25 SOAK_LONGEST=150 SOAK_PINNED=1150

# The operations of a round: the name in the report, and the command. $round is the number of the round.
readonly SOAK_OPERATIONS=(
    "nothing         sleep 1"
    "renew           zone-etcd pki renew --all"
    "revoke-client   revoke_a_client"
    "revoke-admin    zone-etcd pki revoke client/admin"
    "restart         zone-etcd restart --rolling"
    "rotate-peer     zone-etcd pki rotate-ca --plane peer --force"
    "rotate-client   zone-etcd pki rotate-ca --plane client --force"
    "rotate-root     zone-etcd pki rotate-ca --root --force"
)

revoke_a_client() {
    zone-etcd pki issue --client "soak-$round"
    zone-etcd pki revoke "client/soak-$round" --reason superseded
}

# A rotation is killed at a random instant of the first eight seconds, and the same command finishes it.
rotate_killed() {
    local rotation
    zone-etcd pki rotate-ca --root --force &
    rotation=$!
    sleep "$((RANDOM % 8)).$((RANDOM % 10))"
    kill -KILL "$rotation" 2>/dev/null || true
    wait "$rotation" || true
    zone-etcd pki rotate-ca
}

soak_inside() {
    set -euo pipefail
    local round operation name to_all to_pinned
    exec {to_all}> >(write_keys all -try 100ms)
    local all=$!
    # A writer ends when no process can write to it any more, and the second one would hold the first one's input.
    exec {to_pinned}> >(exec {to_all}>&- && write_keys pinned -pinned)
    local pinned=$!
    local asked=0
    until etcdctl get --prefix pinned/ --limit 1 --keys-only | grep -q .; do
        ((++asked < 100)) || fail 1 "the writers do not write"
    done
    for ((round = 1; round <= SOAK_ROUNDS && EPOCHSECONDS < SOAK_UNTIL; round++)); do
        for operation in "${SOAK_OPERATIONS[@]}"; do
            name=${operation%% *}
            if [[ $name =~ ^(${SOAK_LEFT_OUT:-})$ ]]; then
                continue
            fi
            begins "$name"
            eval "${operation#* }" >&2
            begins rest
            check_chains
        done
    done
    for ((round = 1; round <= SOAK_KILLS; round++)); do
        begins killed
        rotate_killed
        begins rest
        check_chains
    done
    exec {to_all}>&- {to_pinned}>&-
    wait "$all"
    wait "$pinned"
}

# begins NAME: tells the writers, whose inputs are in to_all and to_pinned
begins() {
    printf '%s\n' "$1" >&"$to_all"
    printf '%s\n' "$1" >&"$to_pinned"
}

# write_keys NAME OPTION...: what the writer says goes to NAME.json
write_keys() {
    local name=$1
    shift
    exec "$SOAK_WRITER" -prefix "$name/" -endpoints "$ETCDCTL_ENDPOINTS" \
        -certificates "$(dirname "$ETCDCTL_CERT")" "$@" >"$SOAK_OUTPUT/$name.json"
}

# What every member shows is what is on the disk for it, and leads to what is trusted there.
check_chains() {
    local name client peer files
    etcdctl member list --write-out json |
        jq --raw-output '.members[] | [.name, .clientURLs[0], .peerURLs[0]] | @tsv' |
        while IFS=$'\t' read -r name client peer; do
            files=$ZONE_ETCD_ZONE/nodes/$name/pki/current
            check_chain "$name" server "${client#https://}" "$(dirname "$ETCDCTL_CERT")/ca.crt" "$files/client"
            check_chain "$name" peer "${peer#https://}" "$files/peer-ca.crt" "$files/peer"
        done
}

# check_chain NODE ROLE ADDRESS TRUST OWN: OWN.crt and OWN.key are presented
check_chain() {
    local shown serial
    if ! shown=$(openssl s_client -connect "$3" -CAfile "$4" -partial_chain -verify_return_error -verify_ip "${3%:*}" \
        -cert "$5.crt" -key "$5.key" </dev/null 2>&1); then
        printf '%s\n' "$shown" >&2
        fail 1 "openssl refuses what $1 shows at $3"
    fi
    serial=$(openssl x509 -noout -serial <<<"$shown")
    if [[ $serial != "$(openssl x509 -noout -serial -in "$ZONE_ETCD_ZONE/nodes/$1/pki/current/$2.crt")" ]]; then
        fail 1 "$1 shows another certificate at $3 than the one on its disk"
    fi
}

# soak_rows ALL PINNED: a line of JSON for each operation, in the order of the first round
soak_rows() {
    jq --null-input --compact-output --slurpfile all "$1" --slurpfile pinned "$2" '
        def rows(spans): spans | map(select(.name != "start")) | group_by(.name) | map({key: .[0].name, value: .}) | from_entries;
        def longest: map(.longest_gap_ms) | sort;
        rows($all[0].spans) as $a | rows($pinned[0].spans) as $p
        | reduce $all[0].spans[].name as $name ([]; if index([$name]) or $name == "start" then . else . + [$name] end)
        | .[] | {
            name: ., rounds: ($a[.] | length),
            median: ($a[.] | longest | .[(length - 1) / 2 | floor]), longest: ($a[.] | longest | last),
            pinned: ($p[.] | longest | last),
            retried: ($a[.] + $p[.] | map(.retried) | add)
        }'
}

# soak_table ALL PINNED
soak_table() {
    printf '%-16s %6s %18s %18s %18s %8s\n' operation rounds 'median gap' 'longest gap' 'longest, pinned' retried
    soak_rows "$1" "$2" | jq --raw-output '[.name, .rounds, .median, .longest, .pinned, .retried] | @tsv' |
        while IFS=$'\t' read -r name rounds median longest pinned retried; do
            printf '%-16s %6s %15.0f ms %15.0f ms %15.0f ms %8s\n' "$name" "$rounds" "$median" "$longest" "$pinned" "$retried"
        done
    printf '%-16s %6s %15s ms %15s ms %15s ms\n' 'goal, at most' '' "$SOAK_MEDIAN" "$SOAK_LONGEST" "$SOAK_PINNED"
    jq --raw-output --slurp '"\(map(.written) | add) writes: \(map(.failed) | add) failed for good; \(map(.operations) | add) operations: \(map(.violations | length) | add) violations of linearizability"' "$1" "$2"
}

# soak_missed ALL PINNED: how many goals are missed
soak_missed() {
    soak_rows "$1" "$2" | jq --slurp --argjson median "$SOAK_MEDIAN" --argjson longest "$SOAK_LONGEST" --argjson pinned "$SOAK_PINNED" \
        'map((.median > $median, .longest > $longest, .pinned > $pinned) | select(.)) | length'
}
