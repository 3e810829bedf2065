package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// How often the certificate files are looked at.
const lookAgain = 20 * time.Millisecond

// certificates are what a client presents and trusts, as it is on disk now.
type certificates struct {
	directory string
	mutex     sync.Mutex
	pem       [3][]byte
	pair      tls.Certificate
	pool      *x509.CertPool
	// Counts the changes.
	generation int
}

// follow reads the certificates, and again whenever they change.
func follow(directory string) (*certificates, error) {
	followed := &certificates{directory: directory}
	if err := followed.read(); err != nil {
		return nil, err
	}
	go func() {
		for range time.Tick(lookAgain) {
			// Files that do not fit each other are in the middle of a change, and looked at again.
			_ = followed.read()
		}
	}()
	return followed, nil
}

func (c *certificates) read() error {
	// The directory may be a link that is switched; all three are read by what it leads to now.
	directory, err := filepath.EvalSymlinks(c.directory)
	if err != nil {
		return err
	}
	var pem [3][]byte
	for i, name := range []string{"ca.crt", "client.crt", "client.key"} {
		if pem[i], err = os.ReadFile(filepath.Join(directory, name)); err != nil {
			return err
		}
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.generation > 0 && bytes.Equal(pem[0], c.pem[0]) && bytes.Equal(pem[1], c.pem[1]) && bytes.Equal(pem[2], c.pem[2]) {
		return nil
	}
	pair, err := tls.X509KeyPair(pem[1], pem[2])
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem[0]) {
		return fmt.Errorf("no certificate in %s", filepath.Join(directory, "ca.crt"))
	}
	c.pem, c.pair, c.pool = pem, pair, pool
	c.generation++
	return nil
}

// configuration is how a member is dialled from now on, and the generation that this is of. The certificate is looked up at
// each handshake; a pool cannot be, so a caller has to dial again when the generation is another.
func (c *certificates) configuration() (*tls.Config, int) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	configuration := &tls.Config{
		MinVersion: tls.VersionTLS12,
		RootCAs:    c.pool,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			c.mutex.Lock()
			defer c.mutex.Unlock()
			pair := c.pair
			return &pair, nil
		},
	}
	return configuration, c.generation
}
