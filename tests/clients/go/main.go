// Writer writes into an etcd cluster with etcd's own client until its standard input is closed, and tells in one line of JSON
// what that cost, and whether all that etcd answered was true: rivals read, swap and delete the same keys, a watch tells
// all that was changed, and the history has to be linearizable.
//
// It is a client as a careful application is one: each write is tried until it is acknowledged, and certificates that are
// renewed on disk are taken up without a restart.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"sync"
	"time"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("writer: ")
	endpoints := flag.String("endpoints", "", "client URLs, with commas between")
	directory := flag.String("certificates", "", "directory with ca.crt, client.crt and client.key, followed when they change")
	prefix := flag.String("prefix", "writer/", "what all keys begin with")
	pinned := flag.Bool("pinned", false, "stay on one endpoint until a request timed out, instead of using all in turn")
	limit := flag.Duration("try", time.Second, "how long one try may take, before the write is tried again")
	serializable := flag.Bool("serializable", false, "have the rivals read what one member has, which is refused if it is old")
	live := flag.Bool("watch", false, "watch while it happens, and not what has happened in the end; a member that stops gives a watch 5 s to end")
	listed := flag.Bool("list", false, "have one more client read all keys that are in use by one range, again and again")
	pace := flag.Duration("pace", 2*time.Millisecond, "from the beginning of one write to that of the next, if it is acknowledged before")
	kept := flag.String("history", "", "file to write the history to, if something is found in it")
	flag.Parse()
	if *endpoints == "" || *directory == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(64)
	}
	certificates, err := follow(*directory)
	if err != nil {
		log.Fatal(err)
	}
	connect := func(pinned bool) *connections {
		return newConnections(strings.Split(*endpoints, ","), certificates, pinned)
	}
	history := &history{begun: time.Now()}
	clientOf := func(number int) client {
		return client{number, connect(*pinned), history, *prefix, *serializable && number > 0}
	}
	watcher := newWatcher(connect(false), *prefix, 0)
	var lister *client
	if *listed {
		another := clientOf(3)
		lister = &another
	}
	result, err := run(&writer{client: clientOf(0), limit: *limit, pace: *pace}, []client{clientOf(1), clientOf(2)}, lister, watcher, *live)
	if err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		log.Fatal(err)
	}
	if *kept != "" && len(result.Violations) > 0 {
		if err := history.keep(*kept); err != nil {
			log.Fatal(err)
		}
	}
}

// run has all of them at work until standard input is closed. A live watch follows them; another one begins in the end where they began.
func run(writer *writer, rivals []client, lister *client, watcher *watcher, live bool) (result, error) {
	begun, err := writer.insist(operation{kind: get, key: writer.prefix})
	if err != nil {
		return result{}, fmt.Errorf("cannot begin: %w", err)
	}
	watcher.next = begun + 1
	watching, stopWatching := context.WithCancel(context.Background())
	defer stopWatching()
	if live {
		go watcher.watch(watching)
	}
	stop := make(chan struct{})
	var contending sync.WaitGroup
	for i := range rivals {
		contending.Go(func() { rivals[i].contend(writer.limit, &writer.written, stop) })
	}
	if lister != nil {
		contending.Go(func() { lister.list(writer.limit, &writer.written, stop) })
	}
	result := writer.write(listen())
	close(stop)
	contending.Wait()
	last, err := writer.readBack()
	if err != nil {
		return result, err
	}
	if !live {
		go watcher.watch(watching)
	}
	changes, err := watcher.upTo(last)
	if err != nil {
		return result, err
	}
	keys := map[string]bool{}
	for _, operation := range writer.history.operations {
		keys[operation.key] = true
		result.Operations++
		if !operation.answered {
			result.Unanswered++
		}
	}
	result.Keys, result.Listings, result.Told = len(keys), len(writer.history.listings), len(changes)
	result.Violations = append(check(writer.history.operations, changes), judgeListings(writer.history.listings, changes)...)
	if live {
		second := newWatcher(writer.connections, writer.prefix, begun+1)
		go second.watch(watching)
		all, err := second.upTo(last)
		if err != nil {
			return result, err
		}
		result.Violations = append(result.Violations, judgeWatch(changes, all)...)
	}
	return result, nil
}

// listen tells of the end of standard input, and of the lines before: each names what begins.
func listen() (<-chan struct{}, <-chan string) {
	closed, marks := make(chan struct{}), make(chan string)
	go func() {
		defer close(closed)
		lines := bufio.NewScanner(os.Stdin)
		for lines.Scan() {
			marks <- strings.TrimSpace(lines.Text())
		}
		// Whatever it was, no caller is there any more.
		_, _ = io.Copy(io.Discard, os.Stdin)
	}()
	return closed, marks
}

// result is what is printed. Durations are milliseconds.
type result struct {
	Written      int     `json:"written"`
	Retried      int     `json:"retried"`
	Failed       int     `json:"failed"`
	LongestGapMs float64 `json:"longest_gap_ms"`
	Redialled    int     `json:"redialled"`
	// Spans between two lines on standard input.
	Spans []span `json:"spans"`
	// What was asked of etcd in all, and how much of it without an answer: it was done or not.
	Operations int `json:"operations"`
	Unanswered int `json:"unanswered"`
	// Keys with a history each, range reads of all keys in use, and changes that the watch told.
	Keys     int `json:"keys"`
	Listings int `json:"listings"`
	Told     int `json:"told"`
	// What etcd answered, and no linearizable store would.
	Violations []string `json:"violations"`
}

type span struct {
	Name         string  `json:"name"`
	Written      int     `json:"written"`
	Retried      int     `json:"retried"`
	Failed       int     `json:"failed"`
	LongestGapMs float64 `json:"longest_gap_ms"`
	// The last errors that were tried again, for people.
	Errors []string `json:"errors,omitempty"`
}

func milliseconds(duration time.Duration) float64 {
	return float64(duration.Microseconds()) / 1000
}

func background(limit time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), limit)
}
