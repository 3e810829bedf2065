package main

import (
	"context"
	"fmt"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// How many keys there are at a time, and how many writes of the writer go to them before others take their place: the time that
// the search for an order takes grows with the square of what was done to a key.
const (
	slots    = 5
	turnOver = 2000
)

// client does one operation after the other, and puts each into the history.
type client struct {
	number      int
	connections *connections
	history     *history
	prefix      string
	// Reads what one member has, which may be old.
	serializable bool
}

// key is the key that the writer's write of this number goes to.
func (c *client) key(number int) string {
	return fmt.Sprintf("%s%d", c.group(number), number%slots)
}

// group is the prefix of the keys that are in use at the same time as that one.
func (c *client) group(number int) string {
	return fmt.Sprintf("%s%04d/", c.prefix, number/turnOver)
}

// do asks for an operation. Whatever else than an answer comes back, it may have been done.
func (c *client) do(context context.Context, o *operation) error {
	etcd, err := c.connections.current()
	if err != nil {
		return err
	}
	o.client, o.call, o.end = c.number, c.history.now(), never
	err = c.ask(context, etcd, o)
	if err == nil {
		o.answered, o.end = true, c.history.now()
	}
	c.history.add(o)
	return err
}

func (c *client) ask(context context.Context, etcd *clientv3.Client, o *operation) error {
	switch o.kind {
	case put:
		answer, err := etcd.Put(context, o.key, o.value, clientv3.WithPrevKV())
		if err != nil {
			return err
		}
		o.revision, o.before = answer.Header.Revision, toStored(answer.PrevKv)
	case remove:
		answer, err := etcd.Delete(context, o.key, clientv3.WithPrevKV())
		if err != nil {
			return err
		}
		o.revision, o.before = answer.Header.Revision, toStored(answer.PrevKvs...)
	case get:
		var options []clientv3.OpOption
		if c.serializable {
			options = append(options, clientv3.WithSerializable())
		}
		answer, err := etcd.Get(context, o.key, options...)
		if err != nil {
			return err
		}
		o.revision, o.before = answer.Header.Revision, toStored(answer.Kvs...)
	case swap:
		answer, err := etcd.Txn(context).
			If(clientv3.Compare(clientv3.ModRevision(o.key), "=", o.expected)).
			Then(clientv3.OpPut(o.key, o.value, clientv3.WithPrevKV())).
			Else(clientv3.OpGet(o.key)).
			Commit()
		if err != nil {
			return err
		}
		o.revision, o.swapped = answer.Header.Revision, answer.Succeeded
		if o.swapped {
			o.before = toStored(answer.Responses[0].GetResponsePut().PrevKv)
		} else {
			o.before = toStored(answer.Responses[0].GetResponseRange().Kvs...)
		}
	}
	return nil
}

func toStored(found ...*mvccpb.KeyValue) stored {
	if len(found) == 0 || found[0] == nil {
		return stored{}
	}
	return stored{string(found[0].Value), found[0].CreateRevision, found[0].ModRevision, found[0].Version}
}
