"""Verifies a zone document as main.go beside it does, with jwcrypto: verify.py DOCUMENT CA.crt"""

import json
import sys

from jwcrypto import jwk, jws
from jwcrypto.common import base64url_encode

ALGORITHMS = ["ES256", "ES384", "EdDSA", "RS256"]


def refuse_twins(pairs):
    """JSON says nothing of a key that is there twice; the signature is of one of the two."""
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise ValueError("a key is there twice")
    return dict(pairs)


def canonical(document):
    """RFC 8785, for what a zone document has: names in ASCII and whole numbers."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def verify(document_file, ca_file):
    with open(ca_file, "rb") as file:
        key = jwk.JWK.from_pem(file.read())
    with open(document_file, "rb") as file:
        document = json.load(file, object_pairs_hook=refuse_twins)
    # The payload goes back to where it was taken out (RFC 7515, appendix F).
    header, _, signature = document.pop("sign").split(".")
    token = jws.JWS()
    token.allowed_algs = ALGORITHMS
    token.deserialize(f"{header}.{base64url_encode(canonical(document))}.{signature}")
    token.verify(key)
    return {**token.jose_header, "thumbprint": key.thumbprint()}


def main():
    if len(sys.argv) != 3:
        print("usage: verify.py DOCUMENT CA.crt", file=sys.stderr)
        return 64
    try:
        header = verify(sys.argv[1], sys.argv[2])
    except jws.InvalidJWSSignature as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(header))
    return 0


sys.exit(main())
