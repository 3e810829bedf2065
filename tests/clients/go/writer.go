package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

const (
	// How long a write is tried.
	writeLimit = 10 * time.Second
	// Between two tries of one write.
	backOff = 10 * time.Millisecond
	// How long a page of what was written may take.
	readLimit = time.Second
	// As many keys as are read at once.
	page = 1000
	// Errors that are told of each span.
	errorsTold = 3
)

type writer struct {
	connections *connections
	prefix      string
	// How long one try may take.
	limit time.Duration
	// Whether each write was acknowledged, by number.
	acknowledged []bool
}

// write writes until closed is. A line of marks begins another span.
func (w *writer) write(closed <-chan struct{}, marks <-chan string) result {
	var spans []span
	current := span{Name: "start"}
	last := time.Now()
	note := func() {
		current.LongestGapMs = max(current.LongestGapMs, milliseconds(time.Since(last)))
	}
	for number := 0; ; number++ {
		select {
		case <-closed:
			note()
			return w.sum(append(spans, current))
		case name := <-marks:
			spans = append(spans, current)
			current = span{Name: name}
		default:
		}
		began := time.Now()
		tries, err := w.put(number, &current)
		if tries > 1 {
			current.Retried++
		}
		w.acknowledged = append(w.acknowledged, err == nil)
		if err != nil {
			current.Failed++
		} else {
			current.Written++
			note()
			last = time.Now()
		}
		if number == 0 {
			// What it takes to connect is no gap between two writes.
			current.LongestGapMs = 0
		}
		time.Sleep(time.Until(began.Add(pace)))
	}
}

func (w *writer) put(number int, span *span) (int, error) {
	deadline := time.Now().Add(writeLimit)
	for tries := 1; ; tries++ {
		err := w.try(number)
		if err == nil {
			return tries, nil
		}
		span.Errors = append(span.Errors, err.Error())
		if len(span.Errors) > errorsTold {
			span.Errors = span.Errors[1:]
		}
		if time.Now().After(deadline) {
			return tries, err
		}
		if errors.Is(err, context.DeadlineExceeded) {
			w.connections.moveOn()
		}
		time.Sleep(backOff)
	}
}

func (w *writer) try(number int) error {
	client, err := w.connections.current()
	if err != nil {
		return err
	}
	limited, cancel := background(w.limit)
	defer cancel()
	_, err = client.Put(limited, key(w.prefix, number), value(w.prefix, number))
	return err
}

func (w *writer) sum(spans []span) result {
	total := result{Spans: spans, Redialled: w.connections.redialled}
	for _, span := range spans {
		total.Written += span.Written
		total.Retried += span.Retried
		total.Failed += span.Failed
		total.LongestGapMs = max(total.LongestGapMs, span.LongestGapMs)
	}
	return total
}

// readBack counts the acknowledged writes that are not there with their values.
func (w *writer) readBack(result *result) error {
	found := map[string]string{}
	from, end := w.prefix, clientv3.GetPrefixRangeEnd(w.prefix)
	for {
		answer, err := w.page(from, end)
		if err != nil {
			return fmt.Errorf("cannot read back: %w", err)
		}
		for _, pair := range answer.Kvs {
			found[string(pair.Key)] = string(pair.Value)
		}
		if !answer.More {
			break
		}
		from = string(answer.Kvs[len(answer.Kvs)-1].Key) + "\x00"
	}
	lost := 0
	for number, acknowledged := range w.acknowledged {
		if acknowledged && found[key(w.prefix, number)] != value(w.prefix, number) {
			lost++
		}
	}
	result.Lost = &lost
	return nil
}

func (w *writer) page(from, end string) (*clientv3.GetResponse, error) {
	var err error
	for deadline := time.Now().Add(writeLimit); time.Now().Before(deadline); time.Sleep(backOff) {
		var client *clientv3.Client
		if client, err = w.connections.current(); err != nil {
			continue
		}
		limited, cancel := background(readLimit)
		var answer *clientv3.GetResponse
		answer, err = client.Get(limited, from, clientv3.WithRange(end), clientv3.WithLimit(page))
		cancel()
		if err == nil {
			return answer, nil
		}
		w.connections.moveOn()
	}
	return nil, err
}
