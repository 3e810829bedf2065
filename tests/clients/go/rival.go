package main

import (
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// From one operation of a rival to the next: enough to be in the way, and no load beside that of the writer.
const rivalPace = 25 * time.Millisecond

// contend reads, swaps and deletes the writer's keys, and writes them too, until it is told to stop. Nothing is tried again.
func (c *client) contend(limit time.Duration, written *atomic.Int64, stop <-chan struct{}) {
	seen := map[string]int64{}
	for number := 0; ; number++ {
		select {
		case <-stop:
			return
		case <-time.After(rivalPace):
		}
		o := &operation{key: c.key(int(written.Load()) + rand.IntN(slots)), kind: choose()}
		switch o.kind {
		case put:
			o.value = fmt.Sprintf("%d by %d", number, c.number)
		case swap:
			o.value, o.expected = fmt.Sprintf("%d by %d", number, c.number), seen[o.key]
		}
		limited, cancel := background(limit)
		if err := c.do(limited, o); err != nil {
			c.connections.moveOnIfSilent(err)
		} else if o.writes() && o.kind != remove {
			seen[o.key] = o.revision
		} else {
			seen[o.key] = o.before.modified
		}
		cancel()
	}
}

func choose() kind {
	switch drawn := rand.IntN(10); {
	case drawn < 4:
		return get
	case drawn < 7:
		return swap
	case drawn < 9:
		return remove
	default:
		return put
	}
}
