package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// watcher follows all that changes below a prefix, and goes on where it was if it is interrupted.
type watcher struct {
	connections *connections
	prefix      string
	mutex       sync.Mutex
	next        int64
	changes     []change
	err         error
}

func newWatcher(connections *connections, prefix string, next int64) *watcher {
	return &watcher{connections: connections, prefix: prefix, next: next}
}

// watch follows from a revision until stopped.
func (w *watcher) watch(stopped context.Context) {
	for stopped.Err() == nil {
		etcd, err := w.connections.current()
		if err != nil {
			time.Sleep(backOff)
			continue
		}
		w.watchBy(stopped, etcd)
	}
}

// watchBy returns when this client is no longer the one to use, or the watch was ended.
func (w *watcher) watchBy(stopped context.Context, etcd *clientv3.Client) {
	// A member that has no leader ends the watch, and another is asked.
	context, cancel := context.WithCancel(clientv3.WithRequireLeader(stopped))
	defer cancel()
	told := etcd.Watch(context, w.prefix, clientv3.WithPrefix(), clientv3.WithRev(w.next))
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for {
		select {
		case answer, open := <-told:
			if !open {
				return
			}
			w.take(answer)
		case <-tick.C:
			if now, err := w.connections.current(); err != nil || now != etcd {
				return
			}
		}
	}
}

func (w *watcher) take(answer clientv3.WatchResponse) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if answer.CompactRevision != 0 {
		w.err = fmt.Errorf("the watch lost what was compacted: %w", answer.Err())
	}
	for _, event := range answer.Events {
		w.changes = append(w.changes, change{
			string(event.Kv.Key), string(event.Kv.Value), event.Kv.ModRevision, event.Type == clientv3.EventTypeDelete,
		})
		w.next = event.Kv.ModRevision + 1
	}
}

// upTo waits for a change of this revision, and returns all until then. A watch from the beginning is told of at most a thousand
// revisions at a time (etcd, server/storage/mvcc/watchable_store.go): it may take as long as it goes on.
func (w *watcher) upTo(revision int64) ([]change, error) {
	var came int64
	for deadline := time.Now().Add(writeLimit); time.Now().Before(deadline); time.Sleep(backOff) {
		w.mutex.Lock()
		changes, next, err := w.changes, w.next, w.err
		w.mutex.Unlock()
		if err != nil || next > revision {
			// A write that was given up may be done after it.
			later := slices.IndexFunc(changes, func(c change) bool { return c.revision > revision })
			if later >= 0 {
				changes = changes[:later]
			}
			return changes, err
		}
		if came < next-1 {
			came = next - 1
			deadline = time.Now().Add(writeLimit)
		}
	}
	return nil, fmt.Errorf("the watch came to revision %d, and not to %d within %s of that", came, revision, writeLimit)
}
