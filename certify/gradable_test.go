package certify

import (
	"errors"
	"strings"
	"testing"
)

// TestOtherVersionsAreNotJudged: a day in FIX 4.2 is no bad day in FIX 4.4. What a client
// tried before it was let in is none of it.
func TestOtherVersionsAreNotJudged(t *testing.T) {
	day := written(t, goodDay)
	_, err := NewReport(logOf(t, strings.ReplaceAll(day, "8=FIX.4.4", "8=FIX.4.2")), nil)
	if !errors.Is(err, ErrVersion) || !strings.Contains(err.Error(), "FIX.4.2") {
		t.Errorf("FIX.4.2: %v", err)
	}
	logon, rest, _ := strings.Cut(day, SOH+"\n")
	logon += SOH + "\n"
	if r, err := NewReport(logOf(t, strings.ReplaceAll(logon, "8=FIX.4.4", "8=FIX.4.2")+day), nil); err != nil || r.Begin != "FIX.4.4" || r.Dict != reportOf(t, day).Dict {
		t.Errorf("another version was tried first: %v, %+v", err, r)
	}
	if _, err := NewReport(logOf(t, logon+strings.ReplaceAll(rest, "8=FIX.4.4", "8=FIX.4.2")), nil); !errors.Is(err, ErrVersion) {
		t.Errorf("the gateway says FIX.4.2: %v", err)
	}
}

func logOf(t *testing.T, text string) *Log {
	t.Helper()
	l, err := ReadLog(strings.NewReader(text), Unsaid, "", "")
	if err != nil {
		t.Fatal(err)
	}
	return l
}
