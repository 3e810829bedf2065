// Writer writes unique keys into an etcd cluster with etcd's own client until its standard input is closed, and tells in one
// line of JSON what that cost. With -verify it then reads all of them back.
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
	"time"
)

// From the beginning of one write to that of the next, if it is acknowledged before.
const pace = 2 * time.Millisecond

func main() {
	log.SetFlags(0)
	log.SetPrefix("writer: ")
	endpoints := flag.String("endpoints", "", "client URLs, with commas between")
	directory := flag.String("certificates", "", "directory with ca.crt, client.crt and client.key, followed when they change")
	prefix := flag.String("prefix", "writer/", "what all keys begin with")
	pinned := flag.Bool("pinned", false, "stay on one endpoint until a request timed out, instead of using all in turn")
	limit := flag.Duration("try", time.Second, "how long one try may take, before the write is tried again")
	verify := flag.Bool("verify", false, "read everything back in the end")
	flag.Parse()
	if *endpoints == "" || *directory == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(64)
	}
	if err := run(strings.Split(*endpoints, ","), *directory, *prefix, *limit, *pinned, *verify); err != nil {
		log.Fatal(err)
	}
}

func run(endpoints []string, directory, prefix string, limit time.Duration, pinned, verify bool) error {
	certificates, err := follow(directory)
	if err != nil {
		return err
	}
	connections := newConnections(endpoints, certificates, pinned)
	defer connections.close()
	commands, marks := listen()
	writer := writer{connections: connections, prefix: prefix, limit: limit}
	result := writer.write(commands, marks)
	if verify {
		if err := writer.readBack(&result); err != nil {
			return err
		}
	}
	return json.NewEncoder(os.Stdout).Encode(result)
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
		// Whatever it was, nobody is there any more.
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
	// Null unless they were looked for.
	Lost *int `json:"lost"`
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

func key(prefix string, number int) string {
	return fmt.Sprintf("%s%012d", prefix, number)
}

func value(prefix string, number int) string {
	return fmt.Sprintf("%d of %s", number, prefix)
}
