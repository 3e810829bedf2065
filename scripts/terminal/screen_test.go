package main

import (
	"strings"
	"testing"
	"time"
)

func TestLinesAreAsATerminalShowsThem(t *testing.T) {
	for text, wanted := range map[string]string{
		"one\r\ntwo":                       "one\ntwo\n",
		"10%\r20%\r\x1b[Kdone":             "done\n",
		"a\r\nb\r\n\x1b[1A\x1b[2Kc":        "a\nc\n\n",
		"\x1b]133;A\a$ \x1b[1mx\x1b[0m":    "$ x\n",
		strings.Repeat("x", columns) + "y": strings.Repeat("x", columns) + "\ny\n",
	} {
		var whole, pieces screen
		whole.write(text, 0)
		for _, piece := range []byte(text) {
			pieces.write(string([]byte{piece}), 0)
		}
		if whole.text() != wanted || pieces.text() != wanted {
			t.Errorf("%q: %q and %q, not %q", text, whole.text(), pieces.text(), wanted)
		}
	}
}

func TestACharacterInTwoPiecesIsOne(t *testing.T) {
	var screen screen
	for _, piece := range []byte("└ é") {
		screen.write(string([]byte{piece}), 0)
	}
	if screen.text() != "└ é\n" {
		t.Errorf("%q", screen.text())
	}
}

func TestTimesAndTextAreThoseOfTheSession(t *testing.T) {
	var screen screen
	screen.write("$ ", 0)
	screen.typed(100 * time.Millisecond)
	screen.write("zone-etcd <x>\r\n\x1b[32mdone\x1b[0m\r\n", 300*time.Millisecond)
	screen.write("$ ", 2600*time.Millisecond)
	screen.ended(2600 * time.Millisecond)
	picture := screen.svg("a & b")
	for _, part := range []string{
		"a &amp; b", "$ zone-etcd &lt;x&gt;", `class="took"`, ">2.50 s<", `class="s2"`, "animation-delay:300ms",
	} {
		if !strings.Contains(picture, part) {
			t.Errorf("no %q in\n%s", part, picture)
		}
	}
}
