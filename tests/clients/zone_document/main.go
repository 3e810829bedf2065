// Verifies a zone document as a program that knows nothing of ours does: zone-document DOCUMENT CA.crt
//
// The signature is a detached JWS over the canonical JSON (RFC 8785) of the document without it. The protected header is
// printed, with the thumbprint of the CA's key (RFC 7638). Exit 1: it is not signed by this CA.
package main

import (
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"

	"github.com/go-jose/go-jose/v4"
	"github.com/gowebpki/jcs"
)

var algorithms = []jose.SignatureAlgorithm{jose.ES256, jose.ES384, jose.EdDSA, jose.RS256}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: zone-document DOCUMENT CA.crt")
		os.Exit(64)
	}
	header, err := verify(os.Args[1], os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(header); err != nil {
		os.Exit(74)
	}
}

func verify(documentFile, caFile string) (map[string]any, error) {
	key, err := readKey(caFile)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(documentFile)
	if err != nil {
		return nil, err
	}
	var document map[string]json.RawMessage
	if err := json.Unmarshal(text, &document); err != nil {
		return nil, err
	}
	var sign string
	if err := json.Unmarshal(document["sign"], &sign); err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	delete(document, "sign")
	rest, err := json.Marshal(document)
	if err != nil {
		return nil, err
	}
	payload, err := jcs.Transform(rest)
	if err != nil {
		return nil, err
	}
	signature, err := jose.ParseDetached(sign, payload, algorithms)
	if err != nil {
		return nil, err
	}
	if err := signature.DetachedVerify(payload, key); err != nil {
		return nil, err
	}
	thumbprint, err := (&jose.JSONWebKey{Key: key}).Thumbprint(crypto.SHA256)
	if err != nil {
		return nil, err
	}
	protected := signature.Signatures[0].Protected
	header := map[string]any{
		"kid":        protected.KeyID,
		"alg":        protected.Algorithm,
		"thumbprint": base64.RawURLEncoding.EncodeToString(thumbprint),
	}
	for name, value := range protected.ExtraHeaders {
		header[string(name)] = value
	}
	return header, nil
}

func readKey(file string) (any, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("no certificate")
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, err
	}
	return certificate.PublicKey, nil
}
