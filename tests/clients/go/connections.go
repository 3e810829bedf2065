package main

import (
	"context"
	"errors"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// How long a new connection may take before another one is tried.
const dialLimit = 2 * time.Second

// connections hold etcd's client: one for all endpoints, which asks them in turn, or one for a single endpoint at a time.
type connections struct {
	endpoints    []string
	certificates *certificates
	pinned       bool
	place        int
	mutex        sync.Mutex
	client       *clientv3.Client
	generation   int
	redialled    int
	renewing     bool
}

func newConnections(endpoints []string, certificates *certificates, pinned bool) *connections {
	return &connections{endpoints: endpoints, certificates: certificates, pinned: pinned}
}

// current is the client to use now. When the certificates have changed, another one is made in the background, and takes over
// once it was answered.
func (c *connections) current() (*clientv3.Client, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	_, generation := c.certificates.configuration()
	if c.client == nil {
		client, generation, err := c.dial()
		if err != nil {
			return nil, err
		}
		c.client, c.generation = client, generation
	} else if generation != c.generation && !c.renewing {
		c.renewing = true
		go c.renew()
	}
	return c.client, nil
}

// moveOnIfSilent goes to the next endpoint, if it is one at a time, and this one did not answer.
func (c *connections) moveOnIfSilent(err error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.pinned && errors.Is(err, context.DeadlineExceeded) {
		c.place++
		c.drop()
	}
}

func (c *connections) drop() {
	if c.client != nil {
		// Of no use any more, however that ends.
		_ = c.client.Close()
		c.client = nil
	}
}

func (c *connections) renew() {
	client, generation, err := c.dial()
	if err == nil {
		context, cancel := background(dialLimit)
		_, err = client.Get(context, "nothing")
		cancel()
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.renewing = false
	switch {
	case client == nil:
	case err != nil:
		// The next write asks for it again.
		_ = client.Close()
	default:
		old := c.client
		c.client, c.generation = client, generation
		c.redialled++
		if old != nil {
			// What is under way there is answered first.
			time.AfterFunc(dialLimit, func() { _ = old.Close() })
		}
	}
}

func (c *connections) dial() (*clientv3.Client, int, error) {
	configuration, generation := c.certificates.configuration()
	endpoints := c.endpoints
	if c.pinned {
		endpoints = []string{c.endpoints[c.place%len(c.endpoints)]}
	}
	client, err := clientv3.New(clientv3.Config{
		Endpoints:            endpoints,
		DialTimeout:          dialLimit,
		DialKeepAliveTime:    time.Second,
		DialKeepAliveTimeout: time.Second,
		TLS:                  configuration,
		Logger:               zap.NewNop(),
	})
	return client, generation, err
}
