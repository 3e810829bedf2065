// Verifies a zone document as main.go beside it does, with jose: verify.cjs DOCUMENT CA.crt
"use strict";

const { X509Certificate } = require("node:crypto");
const { readFileSync } = require("node:fs");
const { calculateJwkThumbprint, errors, exportJWK, flattenedVerify } = require("jose");

const ALGORITHMS = ["ES256", "ES384", "EdDSA", "RS256"];

// RFC 8785 is what JSON.stringify writes, with the keys in the order in which sort has them.
function canonical(value) {
    if (Array.isArray(value)) {
        return `[${value.map(canonical).join(",")}]`;
    }
    if (value !== null && typeof value === "object") {
        const pairs = Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`);
        return `{${pairs.join(",")}}`;
    }
    return JSON.stringify(value);
}

async function verify(documentFile, caFile) {
    const key = new X509Certificate(readFileSync(caFile)).publicKey;
    const { sign, ...document } = JSON.parse(readFileSync(documentFile, "utf8"));
    const [header, , signature] = sign.split(".");
    const payload = Buffer.from(canonical(document)).toString("base64url");
    const token = { protected: header, payload, signature };
    const { protectedHeader } = await flattenedVerify(token, key, { algorithms: ALGORITHMS });
    return { ...protectedHeader, thumbprint: await calculateJwkThumbprint(await exportJWK(key)) };
}

async function main() {
    if (process.argv.length !== 4) {
        console.error("usage: verify.cjs DOCUMENT CA.crt");
        return 64;
    }
    try {
        console.log(JSON.stringify(await verify(process.argv[2], process.argv[3])));
        return 0;
    } catch (error) {
        console.error(error.message);
        return error instanceof errors.JWSSignatureVerificationFailed ? 1 : 70;
    }
}

main().then((code) => (process.exitCode = code));
