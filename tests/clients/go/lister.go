package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// From one listing to the next.
const listPace = 50 * time.Millisecond

// listing is what a range read of a prefix was answered: all keys below it, at one revision.
type listing struct {
	prefix   string
	revision int64
	keys     map[string]stored
}

// list reads all keys that are in use now, again and again, until it is told to stop. In the history of each key a listing is a
// read of that key; that all of it was so at one revision is looked at besides.
func (c *client) list(limit time.Duration, written *atomic.Int64, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case <-time.After(listPace):
		}
		number := int(written.Load())
		limited, cancel := background(limit)
		call := c.history.now()
		etcd, err := c.connections.current()
		var answer *clientv3.GetResponse
		if err == nil {
			answer, err = etcd.Get(limited, c.group(number), clientv3.WithPrefix())
		}
		cancel()
		if err != nil {
			c.history.add(&operation{client: c.number, kind: get, key: c.key(number), call: call, end: never})
			c.connections.moveOnIfSilent(err)
			continue
		}
		listed := listing{c.group(number), answer.Header.Revision, map[string]stored{}}
		for _, found := range answer.Kvs {
			listed.keys[string(found.Key)] = toStored(found)
		}
		end := c.history.now()
		for slot := range slots {
			key := c.key(number - number%slots + slot)
			c.history.add(&operation{client: c.number, kind: get, key: key, call: call, end: end,
				answered: true, revision: listed.revision, before: listed.keys[key]})
		}
		c.history.addListing(listed)
	}
}

// judgeListings tells which listings are not what the changes had made of those keys by their revision.
func judgeListings(listings []listing, changes []change) []string {
	var violations []string
	slices.SortFunc(listings, func(a, b listing) int { return cmp.Compare(a.revision, b.revision) })
	now := map[string]stored{}
	for _, listed := range listings {
		for len(changes) > 0 && changes[0].revision <= listed.revision {
			changes[0].apply(now)
			changes = changes[1:]
		}
		below := 0
		for key, kept := range now {
			if !strings.HasPrefix(key, listed.prefix) {
				continue
			}
			below++
			if found := listed.keys[key]; found != kept {
				violations = append(violations, fmt.Sprintf("list: %s at revision %d: %+v, and it was %+v", key, listed.revision, found, kept))
			}
		}
		if below < len(listed.keys) {
			violations = append(violations, fmt.Sprintf("list: %s at revision %d: %d keys, and there were %d", listed.prefix, listed.revision, len(listed.keys), below))
		}
	}
	return violations
}

func (c change) apply(to map[string]stored) {
	if c.deleted {
		delete(to, c.key)
		return
	}
	before := to[c.key]
	after := stored{value: c.value, created: before.created, modified: c.revision, version: before.version + 1}
	if before.version == 0 {
		after.created = c.revision
	}
	to[c.key] = after
}

// judgeWatch compares what a watch told as it happened with what a second one is told in the end, of all since the beginning.
func judgeWatch(live, again []change) []string {
	for place := range max(len(live), len(again)) {
		switch {
		case place >= len(live):
			return []string{fmt.Sprintf("watch: it did not tell of: %+v", again[place])}
		case place >= len(again) || live[place] != again[place]:
			return []string{fmt.Sprintf("watch: it told %+v, which a second one in the end was not told there", live[place])}
		}
	}
	return nil
}
