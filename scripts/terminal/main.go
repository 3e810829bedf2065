// terminal types commands into a shell on a pseudo-terminal, and writes what is seen there as an SVG in which every line comes
// when it came. Commands are lines of standard input; "await TEXT" types nothing before TEXT is on the screen. Of what was
// seen nothing is left out or changed but the time between two commands, which is that of a reader.
package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

const (
	columns = 80
	rows    = 200
	// What the shell prints when it waits for a command: a mark that terminals do not show (OSC 133), and "$ ".
	mark   = "\x1b]133;A\a"
	prompt = `\[\e]133;A\a\]$ `
	limit  = 2 * time.Minute
)

// session is a shell on a pseudo-terminal, and what it has printed so far.
type session struct {
	master *os.File
	chunks chan []byte
	screen *screen
	began  time.Time
	seen   strings.Builder
	// The shell waits for a command.
	isReady bool
}

func main() {
	if len(os.Args) != 3 {
		fail(fmt.Errorf("usage: terminal OUT.svg TITLE <COMMANDS"))
	}
	shell, err := open()
	fail(err)
	input := bufio.NewScanner(os.Stdin)
	for input.Scan() {
		fail(shell.take(strings.TrimSpace(input.Text())))
	}
	fail(input.Err())
	fail(shell.settle())
	fail(os.WriteFile(os.Args[1], []byte(shell.screen.svg(os.Args[2])), 0o644))
}

// take is one line of the input: a command that is typed at the next prompt, or what is awaited.
func (s *session) take(line string) error {
	if line == "" || strings.HasPrefix(line, "#") {
		return nil
	}
	if text, isAwaited := strings.CutPrefix(line, "await "); isAwaited {
		return s.until(text, func() bool { return strings.Contains(s.seen.String(), text) })
	}
	if err := s.settle(); err != nil {
		return err
	}
	s.screen.typed(time.Since(s.began))
	s.isReady = false
	_, err := s.master.WriteString(line + "\n")
	return err
}

// settle waits for the prompt, so for the end of the command before it.
func (s *session) settle() error {
	return s.until("a prompt", func() bool { return s.isReady })
}

func (s *session) until(what string, isSeen func() bool) error {
	deadline := time.After(limit)
	for !isSeen() {
		select {
		case chunk, isOpen := <-s.chunks:
			if !isOpen {
				return fmt.Errorf("the shell has ended before %q was seen", what)
			}
			s.seen.Write(chunk)
			s.screen.write(string(chunk), time.Since(s.began))
			if strings.Contains(string(chunk), mark) {
				s.isReady = true
				s.screen.ended(time.Since(s.began))
			}
		case <-deadline:
			return fmt.Errorf("no %q within %s; the screen:\n%s", what, limit, s.screen.text())
		}
	}
	return nil
}

func open() (*session, error) {
	master, terminal, err := pair()
	if err != nil {
		return nil, err
	}
	shell := exec.Command("bash", "--norc", "--noprofile")
	shell.Env = append(os.Environ(), "PS1="+prompt, "TERM=xterm-256color", "HISTFILE=", "LC_ALL=C.UTF-8")
	shell.Stdin, shell.Stdout, shell.Stderr = terminal, terminal, terminal
	shell.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := shell.Start(); err != nil {
		return nil, err
	}
	terminal.Close()
	s := &session{master: master, chunks: make(chan []byte), screen: &screen{}, began: time.Now()}
	go s.read()
	return s, nil
}

func (s *session) read() {
	for {
		buffer := make([]byte, 4096)
		n, err := s.master.Read(buffer)
		if err != nil {
			close(s.chunks)
			return
		}
		s.chunks <- buffer[:n]
	}
}

// pair opens a pseudo-terminal: pts(4).
func pair() (*os.File, *os.File, error) {
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, err
	}
	var number, unlocked int32
	size := [4]uint16{rows, columns}
	if err := control(master, syscall.TIOCSPTLCK, unsafe.Pointer(&unlocked)); err != nil {
		return nil, nil, err
	}
	if err := control(master, syscall.TIOCGPTN, unsafe.Pointer(&number)); err != nil {
		return nil, nil, err
	}
	if err := control(master, syscall.TIOCSWINSZ, unsafe.Pointer(&size)); err != nil {
		return nil, nil, err
	}
	terminal, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	return master, terminal, err
}

func control(file *os.File, request uintptr, value unsafe.Pointer) error {
	if _, _, code := syscall.Syscall(syscall.SYS_IOCTL, file.Fd(), request, uintptr(value)); code != 0 {
		return code
	}
	return nil
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "terminal:", err)
		os.Exit(1)
	}
}
