package main

import (
	"fmt"
	"sync/atomic"
	"time"
)

const (
	// How long a write is tried.
	writeLimit = 10 * time.Second
	// Between two tries of one write.
	backOff = 10 * time.Millisecond
	// Errors that are told of each span.
	errorsTold = 3
)

// writer writes as an application does that must not lose a write: each is tried until it is acknowledged.
type writer struct {
	client
	// How long one try may take.
	limit time.Duration
	// From the beginning of one write to that of the next.
	pace time.Duration
	// How many writes are done with.
	written atomic.Int64
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
		w.written.Store(int64(number))
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
		time.Sleep(time.Until(began.Add(w.pace)))
	}
}

func (w *writer) put(number int, span *span) (int, error) {
	deadline := time.Now().Add(writeLimit)
	for tries := 1; ; tries++ {
		err := w.try(operation{kind: put, key: w.key(number), value: fmt.Sprintf("%d, try %d", number, tries)})
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
		w.connections.moveOnIfSilent(err)
		time.Sleep(backOff)
	}
}

func (w *writer) try(o operation) error {
	limited, cancel := background(w.limit)
	defer cancel()
	return w.do(limited, &o)
}

// insist asks again until there is an answer. It is for what is asked in the end, of members that may still be busy.
func (w *writer) insist(what operation) (int64, error) {
	for deadline := time.Now().Add(writeLimit); ; time.Sleep(backOff) {
		limited, cancel := background(dialLimit)
		asked := what
		err := w.do(limited, &asked)
		cancel()
		if err == nil || time.Now().After(deadline) {
			return asked.revision, err
		}
		w.connections.moveOnIfSilent(err)
	}
}

// readBack reads every key through every endpoint in turn, and writes a last one. It returns the revision of that.
func (w *writer) readBack() (int64, error) {
	for number := int64(0); number <= w.written.Load(); number += turnOver {
		for slot := range slots * len(w.connections.endpoints) {
			if _, err := w.insist(operation{kind: get, key: w.key(int(number) + slot%slots)}); err != nil {
				return 0, fmt.Errorf("cannot read back: %w", err)
			}
		}
	}
	revision, err := w.insist(operation{kind: put, key: w.prefix + "end", value: "end"})
	if err != nil {
		return 0, fmt.Errorf("cannot write in the end: %w", err)
	}
	return revision, nil
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
