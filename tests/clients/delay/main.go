// delay connects network interfaces as a switch does, and hands each frame on only after a while: links between machines that
// are far apart, where the kernel has no netem. What goes to or from the last interface is not delayed. When it is killed, all
// links are cut at the same instant.
package main

import (
	"fmt"
	"net"
	"os"
	"syscall"
	"time"
)

const (
	// ETH_P_ALL, in network order.
	allProtocols = 0x0300
	// PACKET_VNET_HDR of packet(7): frames keep what the kernel has left undone of them, such as checksums.
	packetVnetHeader = 15
	largest          = 1 << 17
	waiting          = 1 << 14
)

type frame struct {
	due   time.Time
	bytes []byte
}

func main() {
	if len(os.Args) < 4 {
		fail(fmt.Errorf("usage: delay DURATION INTERFACE INTERFACE..."))
	}
	delay, err := time.ParseDuration(os.Args[1])
	fail(err)
	var sockets []int
	for _, name := range os.Args[2:] {
		link, err := net.InterfaceByName(name)
		fail(err)
		socket, err := syscall.Socket(syscall.AF_PACKET, syscall.SOCK_RAW, allProtocols)
		fail(err)
		fail(syscall.SetsockoptInt(socket, syscall.SOL_PACKET, packetVnetHeader, 1))
		fail(syscall.SetsockoptInt(socket, syscall.SOL_SOCKET, syscall.SO_RCVBUFFORCE, 1<<24))
		fail(syscall.Bind(socket, &syscall.SockaddrLinklayer{Protocol: allProtocols, Ifindex: link.Index}))
		sockets = append(sockets, socket)
	}
	fmt.Println("connected")
	for from := range sockets[1:] {
		go receive(from+1, sockets, delay)
	}
	receive(0, sockets, delay)
}

// receive hands what comes from one interface to all others, which know by its address whether it is for them.
func receive(from int, sockets []int, delay time.Duration) {
	near := len(sockets) - 1
	queues := make([]chan frame, len(sockets))
	for to := range sockets {
		queues[to] = make(chan frame, waiting)
		go deliver(sockets[to], queues[to])
	}
	buffer := make([]byte, largest)
	for {
		count, sender, err := syscall.Recvfrom(sockets[from], buffer, 0)
		if err == syscall.EINTR {
			continue
		}
		fail(err)
		// What this process has sent comes back here.
		if link, ok := sender.(*syscall.SockaddrLinklayer); ok && link.Pkttype == syscall.PACKET_OUTGOING {
			continue
		}
		now, bytes := time.Now(), append([]byte(nil), buffer[:count]...)
		for to := range queues {
			due := now.Add(delay)
			if from == near || to == near {
				due = now
			}
			if to != from {
				select {
				case queues[to] <- frame{due, bytes}:
				default: // A full link drops.
				}
			}
		}
	}
}

func deliver(socket int, queue chan frame) {
	for next := range queue {
		time.Sleep(time.Until(next.due))
		// A frame that is not taken is lost, as on any link.
		_, _ = syscall.Write(socket, next.bytes)
	}
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "delay:", err)
		os.Exit(1)
	}
}
