package main

import (
	"strings"
	"testing"
)

// A check that no history could fail would say nothing.
func TestWhatEtcdMustNotAnswerIsRefused(t *testing.T) {
	first := stored{value: "a", created: 2, modified: 2, version: 1}
	second := stored{value: "b", created: 2, modified: 3, version: 2}
	writeFirst := operation{kind: put, value: "a", call: 1, end: 2, answered: true, revision: 2}
	writeSecond := operation{kind: put, value: "b", call: 3, end: 4, answered: true, revision: 3, before: first}
	cut := operation{kind: put, value: "b", call: 3, end: never}
	read := func(call, revision int64, found stored) operation {
		return operation{kind: get, call: call, end: call + 1, answered: true, revision: revision, before: found}
	}
	firstTold, secondTold := change{value: "a", revision: 2}, change{value: "b", revision: 3}
	cases := []struct {
		name       string
		operations []operation
		changes    []change
		refused    string
	}{
		{"what is written is read", []operation{writeFirst, writeSecond, read(5, 3, second)}, []change{firstTold, secondTold}, ""},
		{"a stale read", []operation{writeFirst, writeSecond, read(5, 2, first)}, []change{firstTold, secondTold}, "stale: get"},
		{"a stale read with a new revision", []operation{writeFirst, writeSecond, read(5, 3, first)}, []change{firstTold, secondTold},
			"not linearizable: get"},
		{"a read during the write may be of before", []operation{writeFirst, writeSecond, read(3, 2, first)}, []change{firstTold, secondTold}, ""},
		{"a write that is gone", []operation{writeFirst, read(5, 3, stored{})}, []change{firstTold}, "not linearizable"},
		{"a write that was undone", []operation{writeFirst, writeSecond}, []change{firstTold}, "did not tell of: put"},
		{"a write that is seen later than its revision", []operation{writeFirst,
			{kind: put, value: "b", call: 3, end: 9, answered: true, revision: 3, before: first}, read(4, 4, first)},
			[]change{firstTold, secondTold}, "not linearizable"},
		{"a write that was done twice", []operation{writeFirst, read(5, 3, stored{"a", 2, 3, 2})}, []change{firstTold}, "not linearizable"},
		{"a change that nobody made", []operation{writeFirst}, []change{firstTold, secondTold}, "no client made"},
		{"a watch that goes back", []operation{writeFirst, writeSecond}, []change{secondTold, firstTold}, "came after"},
		{"without an answer, and not done", []operation{writeFirst, cut, read(5, 2, first)}, []change{firstTold}, ""},
		{"without an answer, and done later", []operation{writeFirst, cut, read(5, 2, first), read(7, 3, second)},
			[]change{firstTold, secondTold}, ""},
		{"without an answer, done, and forgotten", []operation{writeFirst, cut, read(5, 3, second), read(7, 3, first)},
			[]change{firstTold, secondTold}, "not linearizable"},
		{"two writes with one revision", []operation{writeFirst, {kind: put, value: "b", call: 3, end: 4, answered: true, revision: 2, before: first}},
			[]change{firstTold}, "did not tell of: put"},
		{"a swap that ought to have failed",
			[]operation{writeFirst, {kind: swap, value: "b", expected: 1, call: 3, end: 4, answered: true, revision: 3, swapped: true, before: first}},
			[]change{firstTold, secondTold}, "not linearizable: swap"},
		{"a swap that ought to have been done",
			[]operation{writeFirst, {kind: swap, value: "b", expected: 2, call: 3, end: 4, answered: true, revision: 2, before: first}},
			[]change{firstTold}, "not linearizable: swap"},
		{"a deletion that found what was not there",
			[]operation{writeFirst, {kind: remove, call: 3, end: 4, answered: true, revision: 3, before: second}},
			[]change{firstTold, {revision: 3, deleted: true}}, "not linearizable: delete"},
		{"a deletion without an answer", []operation{writeFirst, {kind: remove, call: 3, end: never}, read(5, 3, stored{})},
			[]change{firstTold, {revision: 3, deleted: true}}, ""},
	}
	for _, each := range cases {
		t.Run(each.name, func(t *testing.T) {
			var history []*operation
			for i := range each.operations {
				history = append(history, &each.operations[i])
			}
			told := strings.Join(check(history, each.changes), "\n")
			if (each.refused == "") != (told == "") || !strings.Contains(told, each.refused) {
				t.Errorf("wanted %q, got %q", each.refused, told)
			}
		})
	}
}

// The keys are judged one by one, and revisions over all of them.
func TestAStaleReadOfAnotherKeyIsRefused(t *testing.T) {
	told := check([]*operation{
		{kind: put, key: "a", value: "1", call: 1, end: 2, answered: true, revision: 2},
		{kind: get, key: "b", call: 3, end: 4, answered: true, revision: 1},
	}, []change{{key: "a", value: "1", revision: 2}})
	if len(told) != 1 || !strings.HasPrefix(told[0], "stale: get b") {
		t.Errorf("%q", told)
	}
}

func TestAListingThatNeverWasIsRefused(t *testing.T) {
	changes := []change{{key: "p/a", value: "1", revision: 2}, {key: "p/b", value: "2", revision: 3}, {key: "p/a", revision: 4, deleted: true}}
	a, b := stored{"1", 2, 2, 1}, stored{"2", 3, 3, 1}
	cases := []struct {
		name    string
		listed  listing
		refused string
	}{
		{"as it was", listing{"p/", 3, map[string]stored{"p/a": a, "p/b": b}}, ""},
		{"after a deletion", listing{"p/", 4, map[string]stored{"p/b": b}}, ""},
		{"before it", listing{"p/", 4, map[string]stored{"p/a": a, "p/b": b}}, "there were 1"},
		{"of two revisions", listing{"p/", 3, map[string]stored{"p/b": b}}, "p/a at revision 3"},
		{"of another value", listing{"p/", 2, map[string]stored{"p/a": {"2", 2, 2, 1}}}, "p/a at revision 2"},
	}
	for _, each := range cases {
		t.Run(each.name, func(t *testing.T) {
			told := strings.Join(judgeListings([]listing{each.listed}, changes), "\n")
			if (each.refused == "") != (told == "") || !strings.Contains(told, each.refused) {
				t.Errorf("wanted %q, got %q", each.refused, told)
			}
		})
	}
}

func TestAWatchWithAGapOrARepeatIsRefused(t *testing.T) {
	a, b := change{key: "a", value: "1", revision: 2}, change{key: "b", value: "2", revision: 3}
	if told := judgeWatch([]change{a, b}, []change{a, b}); told != nil {
		t.Errorf("%q", told)
	}
	for _, live := range [][]change{{a}, {b}, {a, a, b}, {a, b, b}} {
		if told := judgeWatch(live, []change{a, b}); len(told) != 1 {
			t.Errorf("%v: %q", live, told)
		}
	}
}
