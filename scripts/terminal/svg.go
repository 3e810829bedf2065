package main

import (
	"fmt"
	"html"
	"strings"
	"time"
)

const (
	width  = 8.4
	height = 20
	margin = 12
	head   = 40
	// How long a reader looks at what a command has printed, before the next one.
	reading = 1500 * time.Millisecond
	// A command that took less is not worth a number.
	worthTelling = 10 * time.Millisecond
)

const style = `svg { --screen: #12171e; --frame: #2b333d; --ink: #d7dee6; --faint: #8b96a3; --typed: #ffffff; }
rect { fill: var(--screen); stroke: var(--frame); }
text { fill: var(--ink); font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace; white-space: pre; }
.title, .took, .f { fill: var(--faint); } .title { text-anchor: middle; } .took { text-anchor: end; }
.c { fill: var(--typed); font-weight: bold; } .b { font-weight: bold; }
.s1 { fill: #ff8f85; } .s2 { fill: #6fd68a; } .s3 { fill: #e8c268; } .s4 { fill: #79b8ff; } .s5 { fill: #d2a8ff; } .s6 { fill: #6fd6d6; }
@keyframes come { from { opacity: 0; } to { opacity: 1; } }
.l { animation: come 1ms both; }
@media (prefers-reduced-motion: reduce) { .l { animation: none; } }
`

// svg shows all lines; where pictures may move, each comes when it came, and the time to read is added.
func (s *screen) svg(title string) string {
	lines := s.lines
	for len(lines) > 0 && strings.TrimSpace(lines[len(lines)-1].string()) == "$" {
		lines = lines[:len(lines)-1]
	}
	wide, high := columns*width+2*margin, float64(len(lines)*height+head+margin)
	var out strings.Builder
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f">`,
		wide, high, wide, high)
	fmt.Fprintf(&out, "\n<title>%s</title>\n<style>\n%s</style>\n", html.EscapeString(title), style)
	fmt.Fprintf(&out, `<rect x="0.5" y="0.5" width="%.0f" height="%.0f" rx="10"/>`+"\n", wide-1, high-1)
	fmt.Fprintf(&out, `<text class="title" x="%.0f" y="25">%s</text>`+"\n", wide/2, html.EscapeString(title))
	next, pauses := 0, time.Duration(0)
	for row, line := range lines {
		at, took := line.at, ""
		isTyped := next < len(s.commands) && s.commands[next].row == row
		if isTyped {
			command := s.commands[next]
			if next > 0 {
				pauses += reading
			}
			at = command.began
			if lasted := command.ended - command.began; lasted >= worthTelling {
				took = fmt.Sprintf("%.2f s", lasted.Seconds())
			}
			next++
		}
		y := head + row*height + 14
		fmt.Fprintf(&out, `<g class="l" style="animation-delay:%dms">`, (at + pauses).Milliseconds())
		for _, run := range line.runs() {
			fmt.Fprintf(&out, `<text%s x="%.1f" y="%d" textLength="%.1f">%s</text>`,
				run.class(isTyped), margin+float64(run.column)*width, y, float64(len([]rune(run.text)))*width,
				html.EscapeString(run.text))
		}
		if took != "" {
			// Beside a command that is longer than a line, there is room in the next one.
			if len([]rune(line.string())) > columns-len(took)-1 {
				y += height
			}
			fmt.Fprintf(&out, `<text class="took" x="%.1f" y="%d">%s</text>`, wide-margin, y, took)
		}
		out.WriteString("</g>\n")
	}
	out.WriteString("</svg>\n")
	return out.String()
}

// run is a part of a line that looks the same throughout.
type run struct {
	column int
	text   string
	look   cell
}

func (l *line) string() string {
	var text strings.Builder
	for _, cell := range l.cells {
		text.WriteRune(cell.character)
	}
	return text.String()
}

// runs are what is to be drawn: spaces at the ends are not.
func (l *line) runs() []run {
	var runs []run
	for column, cell := range l.cells {
		character := cell.character
		cell.character = 0
		if count := len(runs); count > 0 && runs[count-1].look == cell {
			runs[count-1].text += string(character)
		} else {
			runs = append(runs, run{column: column, text: string(character), look: cell})
		}
	}
	var drawn []run
	for _, run := range runs {
		bare := strings.TrimLeft(run.text, " ")
		run.column += len(run.text) - len(bare)
		run.text = strings.TrimRight(bare, " ")
		if run.text != "" {
			drawn = append(drawn, run)
		}
	}
	return drawn
}

func (r run) class(isTyped bool) string {
	var names []string
	if isTyped {
		names = append(names, "c")
	}
	if r.look.isBold {
		names = append(names, "b")
	}
	if r.look.isFaint {
		names = append(names, "f")
	}
	if r.look.colour >= 1 && r.look.colour <= 6 {
		names = append(names, fmt.Sprintf("s%d", r.look.colour))
	}
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf(` class="%s"`, strings.Join(names, " "))
}
