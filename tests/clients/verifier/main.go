// Says of sets of certificates whether Go serves with them, as etcd does: verifier HOST DIRECTORY...
//
// A directory holds ca.crt, node.crt and node.key. Two members with these files dial each other as HOST, configured as etcd's
// client/pkg/transport/listener.go does. For each directory a line of JSON is printed: why it was refused, or nothing.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"
)

type answer struct {
	Set     string `json:"set"`
	Refused string `json:"refused"`
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: verifier HOST DIRECTORY...")
		os.Exit(64)
	}
	output := json.NewEncoder(os.Stdout)
	for _, directory := range os.Args[2:] {
		told := answer{Set: directory}
		if err := judge(os.Args[1], directory); err != nil {
			told.Refused = err.Error()
		}
		if err := output.Encode(told); err != nil {
			os.Exit(74)
		}
	}
}

func judge(host, directory string) error {
	pool, err := readPool(filepath.Join(directory, "ca.crt"))
	if err != nil {
		return fmt.Errorf("CA file: %w", err)
	}
	load := func() (*tls.Certificate, error) {
		pair, err := tls.LoadX509KeyPair(filepath.Join(directory, "node.crt"), filepath.Join(directory, "node.key"))
		return &pair, err
	}
	pair, err := load()
	if err != nil {
		return fmt.Errorf("key pair: %w", err)
	}
	if err := verify(pair, pool, host); err != nil {
		return fmt.Errorf("Verify: %w", err)
	}
	server := &tls.Config{
		MinVersion:     tls.VersionTLS12,
		ClientAuth:     tls.RequireAndVerifyClientCert,
		ClientCAs:      pool,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return load() },
	}
	client := &tls.Config{
		MinVersion:           tls.VersionTLS12,
		RootCAs:              pool,
		ServerName:           host,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return load() },
	}
	return handshake(server, client)
}

// readPool is tlsutil.NewCertPool of etcd.
func readPool(path string) (*x509.CertPool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	for {
		var block *pem.Block
		block, text = pem.Decode(text)
		if block == nil {
			return pool, nil
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		pool.AddCert(certificate)
	}
}

func verify(pair *tls.Certificate, pool *x509.CertPool, host string) error {
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return err
	}
	between := x509.NewCertPool()
	for _, der := range pair.Certificate[1:] {
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			return err
		}
		between.AddCert(certificate)
	}
	for _, options := range []x509.VerifyOptions{
		{DNSName: host, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}},
		{KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}},
	} {
		options.Roots, options.Intermediates = pool, between
		if _, err := leaf.Verify(options); err != nil {
			return err
		}
	}
	return nil
}

// handshake lets the one dial the other, until a byte of the server has come: in TLS 1.3 the client does not wait for its own
// certificate to be accepted.
func handshake(server, client *tls.Config) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer listener.Close()
	deadline := time.Now().Add(10 * time.Second)
	served := make(chan error, 1)
	go func() {
		plain, err := listener.Accept()
		if err != nil {
			served <- err
			return
		}
		connection := tls.Server(plain, server)
		defer connection.Close()
		connection.SetDeadline(deadline)
		_, err = connection.Write([]byte{1})
		served <- err
	}()
	plain, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		return err
	}
	connection := tls.Client(plain, client)
	defer connection.Close()
	connection.SetDeadline(deadline)
	_, err = connection.Read(make([]byte, 1))
	if err != nil {
		err = fmt.Errorf("client: %w", err)
		connection.Close()
	}
	if of := <-served; of != nil {
		err = errors.Join(err, fmt.Errorf("server: %w", of))
	}
	return err
}
