package main

import (
	"fmt"
	"math"
	"os"
	"strings"
	"sync"
	"time"
)

// kind is what a client asks for.
type kind string

const (
	put kind = "put"
	get kind = "get"
	// A put that is done only if the key is as it was seen before, and a get otherwise.
	swap   kind = "swap"
	remove kind = "delete"
)

// stored is a key as etcd holds it; all zero if it is not there.
type stored struct {
	value                      string
	created, modified, version int64
}

// operation is one call of a client, and what it was answered.
type operation struct {
	client int
	kind   kind
	key    string
	// What a put or a swap writes; no two write the same.
	value string
	// The revision by which a swap expects the key to be changed last; 0 if it expects none.
	expected int64
	// Nanoseconds since the history began; an end that is not known is never.
	call, end int64
	// Without an answer it was done, or not, or will be.
	answered bool
	// What the answer says: the revision of the store, whether the swap was done, and the key as it was before.
	revision int64
	swapped  bool
	before   stored
	// What was there before is not known of a write that only the watch tells of.
	seenByWatch bool
}

const never = math.MaxInt64

// writes tells whether it changed the key, if it was done.
func (o *operation) writes() bool {
	switch o.kind {
	case put:
		return true
	case swap:
		return o.swapped
	case remove:
		return o.before.version > 0 || o.seenByWatch
	default:
		return false
	}
}

func (o *operation) String() string {
	text := fmt.Sprintf("%s %s by client %d", o.kind, o.key, o.client)
	if o.kind == put || o.kind == swap {
		text += fmt.Sprintf(" (value %s)", o.value)
	}
	switch {
	case !o.answered:
		return text + ", not answered"
	case o.kind == swap:
		text += fmt.Sprintf(", expected revision %d, done: %t", o.expected, o.swapped)
	}
	return text + fmt.Sprintf(", before %+v, at revision %d", o.before, o.revision)
}

// change is what the watch tells of a key.
type change struct {
	key, value string
	revision   int64
	deleted    bool
}

// history is all that the clients of a run asked for.
type history struct {
	begun      time.Time
	mutex      sync.Mutex
	operations []*operation
	listings   []listing
}

func (h *history) now() int64 {
	return time.Since(h.begun).Nanoseconds()
}

func (h *history) add(operation *operation) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.operations = append(h.operations, operation)
}

func (h *history) addListing(listed listing) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.listings = append(h.listings, listed)
}

// keep writes a line for each operation: when it was asked for, when it was answered (in nanoseconds), and what.
func (h *history) keep(path string) error {
	var text strings.Builder
	for _, o := range h.operations {
		fmt.Fprintf(&text, "%d %d %s\n", o.call, o.end, o)
	}
	return os.WriteFile(path, []byte(text.String()), 0o600)
}
