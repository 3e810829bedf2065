package main

import (
	"strconv"
	"strings"
	"time"
)

// cell is a character and how it looks: the numbers of SGR (ECMA-48) that count here.
type cell struct {
	character rune
	colour    int
	isBold    bool
	isFaint   bool
}

// line is a row of the screen, and when it was changed last.
type line struct {
	cells []cell
	at    time.Duration
}

// command is what was typed on a row, and how long it took until the shell asked for the next.
type command struct {
	row          int
	began, ended time.Duration
}

// screen understands what our programs send to a terminal: colours, lines that are written over, the cursor moved up.
type screen struct {
	lines    []*line
	commands []command
	row      int
	column   int
	style    cell
	pending  string
}

// typed marks the row of the cursor: a command is typed there.
func (s *screen) typed(at time.Duration) {
	s.commands = append(s.commands, command{row: s.row, began: at, ended: at})
}

// ended is the moment at which the shell asked for a command.
func (s *screen) ended(at time.Duration) {
	if count := len(s.commands); count > 0 {
		s.commands[count-1].ended = at
	}
}

func (s *screen) at(row int) *line {
	for len(s.lines) <= row {
		s.lines = append(s.lines, &line{})
	}
	return s.lines[row]
}

func (s *screen) write(text string, at time.Duration) {
	text = s.pending + text
	s.pending = ""
	for len(text) > 0 {
		if text[0] == 0x1b {
			length := sequence(text)
			if length == 0 {
				s.pending = text
				return
			}
			s.control(text[:length])
			text = text[length:]
			continue
		}
		character, size := rune(text[0]), 1
		for _, character = range text {
			size = len(string(character))
			break
		}
		// A character may come in two pieces.
		if character == '\uFFFD' && len(text) < 4 {
			s.pending = text
			return
		}
		s.put(character, at)
		text = text[min(size, len(text)):]
	}
}

func (s *screen) put(character rune, at time.Duration) {
	switch character {
	case '\r':
		s.column = 0
	case '\n':
		s.row++
		s.at(s.row).at = at
	case '\b':
		s.column = max(0, s.column-1)
	default:
		if character < ' ' {
			return
		}
		if s.column >= columns {
			s.row, s.column = s.row+1, 0
		}
		line := s.at(s.row)
		for len(line.cells) <= s.column {
			line.cells = append(line.cells, cell{character: ' '})
		}
		line.cells[s.column] = s.style
		line.cells[s.column].character = character
		line.at = at
		s.column++
	}
}

// sequence is the length of the escape sequence that text begins with, 0 if it is not whole yet.
func sequence(text string) int {
	if len(text) < 2 {
		return 0
	}
	switch text[1] {
	case '[':
		for i := 2; i < len(text); i++ {
			if text[i] >= 0x40 && text[i] <= 0x7e {
				return i + 1
			}
		}
		return 0
	case ']':
		if end := strings.IndexByte(text, '\a'); end >= 0 {
			return end + 1
		}
		return 0
	}
	return 2
}

func (s *screen) control(sequence string) {
	if !strings.HasPrefix(sequence, "\x1b[") {
		return
	}
	parameters := strings.Split(sequence[2:len(sequence)-1], ";")
	first, _ := strconv.Atoi(parameters[0])
	switch sequence[len(sequence)-1] {
	case 'm':
		for _, parameter := range parameters {
			number, _ := strconv.Atoi(parameter)
			s.look(number)
		}
	case 'K':
		line := s.at(s.row)
		if first == 2 {
			line.cells = nil
		} else if first == 0 && s.column < len(line.cells) {
			line.cells = line.cells[:s.column]
		}
	case 'A':
		s.row = max(0, s.row-max(1, first))
	}
}

func (s *screen) look(number int) {
	switch {
	case number == 0:
		s.style = cell{}
	case number == 1:
		s.style.isBold = true
	case number == 2:
		s.style.isFaint = true
	case number == 22:
		s.style.isBold, s.style.isFaint = false, false
	case number == 39:
		s.style.colour = 0
	case number >= 30 && number <= 37, number >= 90 && number <= 97:
		s.style.colour = number % 10
	}
}

func (s *screen) text() string {
	var text strings.Builder
	for _, line := range s.lines {
		for _, cell := range line.cells {
			text.WriteRune(cell.character)
		}
		text.WriteByte('\n')
	}
	return text.String()
}
