# shellcheck shell=bash
# Real inputs for the fuzz targets to begin with: what the program itself and openssl write. Sourced by scripts/fuzz.

# The public half of the key in fuzz/src/bin/bundle.rs
readonly FUZZ_RECIPIENT=age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa

# make_seeds PROGRAM MAKER CORPUS: into the directory CORPUS/TARGET of each target. MAKER writes data directories.
make_seeds() {
    local program=$1 maker=$2 corpus=$3 root=$PWD made
    made=$(mktemp -d -p "$TMPDIR")
    (
        cd "$made" || exit
        make_zone "$program"
        make_keys
        mkdir data
        "$maker" data
    )
    seed "$corpus" zone_description "$root"/examples/*/*.toml "$made/z/zone.toml"
    seed "$corpus" local_config "$root"/examples/*/*.json "$made/n/node.json" "$made/inline.json"
    seed "$corpus" zone_document "$made"/*.document
    seed "$corpus" certificate "$made"/z/ca/*.crt "$made"/der/*.crt "$made/n/pki/current/peer.crt"
    seed "$corpus" private_key "$made"/z/ca/*.key "$made"/der/*.key
    seed "$corpus" encrypted_key "$made"/encrypted/*
    seed "$corpus" revocation_list "$made"/z/ca/*.crl
    seed "$corpus" certificate_request "$made"/der/*.csr "$made/peer.csr"
    seed "$corpus" request_file "$made/requests"
    seed "$corpus" bundle "$made"/bundles/*
    seed "$corpus" bundle_archive "$made/archive.tar"
    seed "$corpus" bundle_manifest "$made/n/pki/current/manifest.json"
    seed "$corpus" bundle_signature "$made/n/pki/current/manifest.sig"
    seed "$corpus" existing_certificates "$made/existing.der"
    seed "$corpus" age_identity "$made"/identity/*
    seed "$corpus" record_log "$made"/z/*.jsonl
    seed "$corpus" etcd_log "$root"/tests/it/diagnosis/lines/*
    seed "$corpus" data_directory "$made"/data/*
    seed "$corpus" passphrase "$made/passphrase"
    local target
    for target in "$root"/fuzz/seeds/*/; do
        seed "$corpus" "$(basename "$target")" "$target"*
    done
    rm -r -- "$made"
}

# seed CORPUS TARGET FILE...
seed() {
    local into=$1/$2 file
    shift 2
    mkdir -p "$into"
    for file in "$@"; do
        # Many have the same name in different directories.
        cp -- "$file" "$into/seed-$(basename "$(dirname "$file")")-$(basename "$file")"
    done
}

# A zone with bundles of its nodes, one of which is activated, and requests of another one.
make_zone() {
    local program=$1 fingerprint
    "$program" init --zone z --name example.zone --node node1=10.0.1.1 --node node2=10.0.1.2 --node node3=10.0.1.3
    "$program" bundle node1 --zone z --no-encryption --out bundles
    "$program" bundle node2 --zone z --recipient "$FUZZ_RECIPIENT" --out bundles
    "$program" nameservice sign --zone z --address 192.0.2.1 --out signed.document
    sed 's/"sign": /"color": /; s/"10.0.1.1"/""/' signed.document >unsigned.document
    fingerprint=$(openssl x509 -noout -fingerprint -sha256 -in z/ca/root.crt)
    "$program" activate bundles/node1.bundle --node-dir n --node node1 --root-fingerprint "$fingerprint"
    "$program" pki csr --node-dir m --node node3.example.zone >requests
    awk '/BEGIN/ { found = 1 } found; /END/ { exit }' requests >peer.csr
    archive n/pki/current >archive.tar
    inline_config n/pki/current >inline.json
} >/dev/null 2>&1

# archive DIR: the archive in the bundle that DIR came in
archive() {
    local tree
    tree=$(mktemp -d -p "$PWD")
    cp -- "$1/manifest.json" "$1/manifest.sig" "$tree"
    mkdir "$tree/pki"
    cp -- "$1"/* "$tree/pki"
    sed -nE 's/^ *"path": "([^"]*)",$/\1/p' "$1/manifest.json" >"$tree.list"
    # Without tar's own padding to 10 KiB.
    tar --create --format=ustar --blocking-factor=1 --owner=0 --group=0 --directory "$tree" \
        manifest.json manifest.sig --files-from "$tree.list"
}

# inline_config DIR: a local config with the certificates themselves
inline_config() {
    printf '{"name": "node1.example.zone", "ca": "%s", "cert": "%s", "key": "%s",\n' \
        "$(one_line "$1/peer-ca.crt")" "$(one_line "$1/peer.crt")" "$(one_line "$1/peer.key")"
    printf ' "etcd": [{"node_name": "node1.example.zone", "address": "", "client_port": 2379}]}\n'
}

one_line() {
    sed 's/$/\\n/' "$1" | tr -d '\n'
}

# Keys, certificates and requests in DER, and keys under the passphrase that the target knows
make_keys() {
    local name
    mkdir der encrypted identity
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out p256.pem
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out p384.pem
    openssl genpkey -algorithm ED25519 -out ed25519.pem
    openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.pem
    for name in p256 p384 ed25519 rsa; do
        openssl pkcs8 -topk8 -nocrypt -in $name.pem -outform DER -out der/$name.key
        openssl req -new -key $name.pem -subj /CN=node1 -addext subjectAltName=DNS:node1.example.zone,IP:10.0.1.1 \
            -addext extendedKeyUsage=serverAuth,clientAuth -outform DER -out der/$name.csr
        openssl req -x509 -key $name.pem -subj /CN=node1 -days 30 -outform DER -out der/$name.crt
        { printf i && cat der/$name.key; } >encrypted/inside-$name
    done
    openssl pkey -in p256.pem -traditional -outform DER -out der/p256-sec1.key
    openssl pkey -in rsa.pem -traditional -outform DER -out der/rsa-pkcs1.key
    encrypt pbkdf2 -v2 aes-256-cbc -iter 1
    encrypt sha512 -v2 aes-128-cbc -v2prf hmacWithSHA512 -iter 2
    encrypt scrypt -scrypt -scrypt_N 2 -scrypt_r 1 -scrypt_p 1
    openssl x509 -in n/pki/current/peer-ca.crt -outform DER >existing.der
    openssl x509 -in n/pki/current/peer.crt -outform DER >>existing.der
    openssl pkey -in n/pki/current/peer.key -outform DER >>existing.der
    printf '# public key: %s\nAGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33\n' \
        "$FUZZ_RECIPIENT" >identity/age
    openssl pkey -in rsa.pem -traditional -out identity/rsa
    if command -v ssh-keygen; then
        ssh-keygen -q -t ed25519 -N '' -f identity/ed25519
        ssh-keygen -q -t rsa -b 2048 -N '' -f identity/rsa-openssh
        ssh-keygen -q -t ed25519 -N fuzz -f identity/locked
    fi
    printf 'a passphrase\r\nand a second line\n' >passphrase
} >/dev/null 2>&1

# encrypt NAME OPTION...
encrypt() {
    local name=$1
    shift
    openssl pkcs8 -topk8 -in p256.pem -passout pass:fuzz "$@" -outform DER -out "encrypted/$name"
}
