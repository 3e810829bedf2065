package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"
)

const (
	// How long the search for an order may take for one key.
	searchLimit = time.Minute
	// As many are told of.
	violationsTold = 10
)

// check tells what in a history etcd must not do: what it answered has to be what one store without copies would have, which
// does each operation at an instant between its call and its answer. changes is what a watch of all keys has told.
//
// The model knows revisions, so that a write which is done twice, undone, or seen too late is found where values alone would
// allow it, and the order of writes is given and need not be searched for. Revisions count over all keys, which are searched one
// by one, so their order is looked at besides. Whether a write without an answer was done is taken from the watch: each one that
// may be later than all others would double the orders.
func check(operations []*operation, changes []change) []string {
	happened, others := settle(operations, changes)
	others = append(others, judgeTimes(happened)...)
	violations := []string{}
	keys := map[string][]porcupine.Operation{}
	for _, o := range happened {
		keys[o.key] = append(keys[o.key], porcupine.Operation{ClientId: o.client, Input: o, Call: o.call, Return: o.end})
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		switch porcupine.CheckOperationsTimeout(model, keys[key], searchLimit) {
		case porcupine.Unknown:
			violations = append(violations, fmt.Sprintf("%s: no order was found within %s", key, searchLimit))
		case porcupine.Illegal:
			violations = append(violations, fmt.Sprintf("%s: not linearizable: %s", key, inexplicable(keys[key])))
		}
	}
	violations = append(violations, others...)
	if len(violations) > violationsTold {
		violations = append(violations[:violationsTold], fmt.Sprintf("and %d more", len(violations)-violationsTold))
	}
	return violations
}

// known is a key as the operations so far have left it, and the last revision of the store that an operation on it was told.
type known struct {
	stored
	revision int64
}

var model = porcupine.Model{
	Init: func() any { return known{} },
	Step: func(state, input, _ any) (bool, any) { return step(state.(known), input.(*operation)) },
}

// step does an operation on a key, and tells whether the answer is what it then has to be.
func step(before known, o *operation) (bool, known) {
	swaps := o.kind == swap && before.modified == o.expected
	switch {
	case !o.seenByWatch && o.before != before.stored, o.kind == swap && swaps != o.swapped:
		return false, before
	case o.kind == remove && o.seenByWatch && before.version == 0:
		return false, before
	case !o.writes():
		return o.revision >= before.revision, known{before.stored, o.revision}
	case o.kind == remove:
		return o.revision > before.revision, known{revision: o.revision}
	}
	now := stored{value: o.value, created: before.created, modified: o.revision, version: before.version + 1}
	if before.version == 0 {
		now.created = o.revision
	}
	return o.revision > before.revision, known{now, o.revision}
}

// settle compares what was written with what the watch told. It returns what happened, with the writes without an answer that
// were done.
func settle(operations []*operation, changes []change) ([]*operation, []string) {
	var happened []*operation
	var violations []string
	pending := map[string][]*operation{}
	acknowledged := map[int64]*operation{}
	for _, o := range operations {
		if !o.answered && o.kind != get {
			pending[o.key] = append(pending[o.key], o)
		} else if o.answered {
			happened = append(happened, o)
			if o.writes() {
				acknowledged[o.revision] = o
			}
		}
	}
	for _, waiting := range pending {
		slices.SortFunc(waiting, func(a, b *operation) int { return cmp.Compare(a.call, b.call) })
	}
	last := int64(0)
	for _, c := range changes {
		if c.revision <= last {
			violations = append(violations, fmt.Sprintf("watch: revision %d came after %d", c.revision, last))
		}
		last = c.revision
		if o := acknowledged[c.revision]; o != nil && c.isOf(o) {
			delete(acknowledged, c.revision)
			continue
		}
		place := slices.IndexFunc(pending[c.key], c.isOf)
		if place < 0 {
			violations = append(violations, fmt.Sprintf("watch: no client made the change %+v", c))
			continue
		}
		done := *pending[c.key][place]
		pending[c.key] = slices.Delete(pending[c.key], place, place+1)
		done.answered, done.seenByWatch, done.swapped, done.revision, done.end = true, true, true, c.revision, never
		happened = append(happened, &done)
	}
	for _, o := range acknowledged {
		violations = append(violations, fmt.Sprintf("watch: it did not tell of: %s", o))
	}
	return happened, violations
}

// isOf tells whether the operation, if it was done, makes this change.
func (c change) isOf(o *operation) bool {
	return c.key == o.key && c.deleted == (o.kind == remove) && c.value == o.value
}

// judgeTimes tells which answers name an older revision of the store than one that had arrived before they were asked for,
// whatever their keys.
func judgeTimes(happened []*operation) []string {
	var violations []string
	byCall, byEnd := slices.Clone(happened), slices.Clone(happened)
	slices.SortFunc(byCall, func(a, b *operation) int { return cmp.Compare(a.call, b.call) })
	slices.SortFunc(byEnd, func(a, b *operation) int { return cmp.Compare(a.end, b.end) })
	arrived, newest := 0, &operation{}
	for _, o := range byCall {
		for ; byEnd[arrived].end < o.call; arrived++ {
			if byEnd[arrived].revision > newest.revision {
				newest = byEnd[arrived]
			}
		}
		if o.revision < newest.revision || o.writes() && o.revision == newest.revision {
			violations = append(violations, fmt.Sprintf("stale: %s; it was asked for after the answer to: %s", o, newest))
		}
	}
	return violations
}

// inexplicable is the first operation that the longest order of all that were tried does not have.
func inexplicable(all []porcupine.Operation) string {
	_, explained := porcupine.CheckOperationsVerbose(model, all, searchLimit)
	var longest []porcupine.Operation
	for _, partition := range explained.PartialLinearizationsOperations() {
		for _, order := range partition {
			if len(order) > len(longest) {
				longest = order
			}
		}
	}
	has := map[any]bool{}
	for _, o := range longest {
		has[o.Input] = true
	}
	left := slices.DeleteFunc(slices.Clone(all), func(o porcupine.Operation) bool { return has[o.Input] })
	if len(left) == 0 {
		return "an operation"
	}
	text := slices.MinFunc(left, func(a, b porcupine.Operation) int { return cmp.Compare(a.Return, b.Return) }).Input.(*operation).String()
	if len(longest) > 0 {
		text += fmt.Sprintf("; it cannot come after: %s", longest[len(longest)-1].Input)
	}
	return text
}
