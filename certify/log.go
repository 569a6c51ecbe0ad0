package certify

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"
)

// Limits of a log.
const (
	lineMax  = 1 << 20 // bytes of a line
	LinesMax = 1_000_000
)

// An Entry is one message of a log.
type Entry struct {
	Line       int       // of the log
	At         time.Time // as the log says, else SendingTime
	FromClient bool
	Fields     Fields
	Kind       string // MsgType
	Seq        int    // MsgSeqNum
	Conn       int    // another connection than the session's; else 0
	Cut        bool   // it is the first after the client was cut because it did not read
	Unread     bool   // a TestRequest that such a client did not get to

	client string // CompID of the session
}

func (e *Entry) get(tag int) string { return e.Fields.Get(tag) }

// A Source is the side whose record a log is. What a side says came has come; what it
// says it sent may not have arrived, if the connection broke just then.
type Source string

// Sources. Unsaid is left to what stands in the lines: a log that the gateway writes
// names itself, any other counts as the client's.
const (
	Unsaid    Source = ""
	OfClient  Source = "client"
	OfGateway Source = "gateway"
)

// ErrNoSource means that no side is called so.
var ErrNoSource = errors.New("a log is of the client or of the gateway, not of")

// A Log is the messages of one session, and the chain of hashes over all lines of
// the file that they stand in.
type Log struct {
	Source          Source
	Client, Gateway string // CompIDs
	Entries         []*Entry
	Aside           []*Entry // of other connections
	Lines           int
	Chain           []string // one link a line, short
	Head            string   // the last link, whole

	cut  bool         // the next message is the first after a cut
	gaps map[int]bool // numbers that were left out, of messages still to come

	turns []*Entry // inOrder, once somebody has asked for it
}

// linkShort is how many digits of a link are kept for each line: enough to name
// the first line that is not what it was.
const linkShort = 16

// ErrNoSession means that a log has no message of the session that was asked for.
var ErrNoSession = errors.New("the log has no message of the session")

// ReadLog reads the messages of one session out of any text that has them, one a
// line: the log of an engine on either side, or of the gateway. Without a client
// or gateway named it takes those of the first Logon; who receives it is the
// gateway. Lines without a message count for the chain alone, which is there also
// with ErrNoSession.
func ReadLog(r io.Reader, source Source, client, gateway string) (*Log, error) {
	switch source {
	case Unsaid, OfClient, OfGateway:
	default:
		return nil, fmt.Errorf("%w %q", ErrNoSource, source)
	}
	l := &Log{Source: source, Client: client, Gateway: gateway}
	link := sha256.Sum256([]byte("certify log 1"))
	in := bufio.NewScanner(r)
	in.Buffer(nil, lineMax)
	in.Split(wholeLines)
	for in.Scan() {
		l.Lines++
		if l.Lines > LinesMax {
			return nil, fmt.Errorf("the log has more than %d lines", LinesMax)
		}
		link = sha256.Sum256(append(link[:], in.Bytes()...))
		l.Chain = append(l.Chain, hex.EncodeToString(link[:])[:linkShort])
		if e := readEntry(in.Text()); e != nil {
			e.Line = l.Lines
			l.take(e)
			if l.Source == Unsaid && gatewayLine.MatchString(in.Text()) {
				l.Source = OfGateway
			}
		} else {
			l.event(in.Text())
		}
	}
	if err := in.Err(); err != nil {
		return nil, fmt.Errorf("line %d: %w", l.Lines+1, err)
	}
	l.Source = cmp.Or(l.Source, OfClient)
	l.Head = hex.EncodeToString(link[:])
	if len(l.Entries) == 0 {
		return l, fmt.Errorf("%w: client %q, gateway %q", ErrNoSession, l.Client, l.Gateway)
	}
	return l, nil
}

// wholeLines cuts lines and keeps their ends, so that the chain covers every byte.
func wholeLines(data []byte, atEOF bool) (advance int, token []byte, err error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i+1], nil
	}
	if atEOF && len(data) > 0 {
		return len(data), data, nil
	}
	return 0, nil, nil
}

// take keeps a message of the session.
func (l *Log) take(e *Entry) {
	if l.besides(e) || !l.owns(e) {
		return
	}
	if !e.FromClient && l.gaps[e.Seq] && e.get(43) != "Y" {
		delete(l.gaps, e.Seq)
		return
	}
	e.Cut, l.cut = l.cut, false
	l.Entries = append(l.Entries, e)
}

// owns tells whether a message is of the session, and says from whom.
func (l *Log) owns(e *Entry) bool {
	sender, target := e.get(49), e.get(56)
	if e.Kind == "A" && e.get(98) != "" && (l.Client == "" || l.Client == sender) && (l.Gateway == "" || l.Gateway == target) {
		l.Client, l.Gateway = sender, target
	}
	switch {
	case l.Client == "" || l.Gateway == "":
		return false
	case sender == l.Client && target == l.Gateway:
		e.FromClient = true
	case sender != l.Gateway || target != l.Client:
		return false
	}
	return true
}

var (
	escapedSOH = strings.NewReplacer(`\u0001`, SOH, `\x01`, SOH, `^A`, SOH)
	fixTime    = regexp.MustCompile(`\d{8}-\d{2}:\d{2}:\d{2}(\.\d{1,9})?`)
	isoTime    = regexp.MustCompile(`\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})?`)
	trailer    = regexp.MustCompile(`[\x01|]10=\d{3}`)

	// gatewayLine is how the gateway logs a message, as text or as JSON.
	gatewayLine = regexp.MustCompile(`msg\W+fix message\W+comp_id\W`)
)

// readEntry finds a message in a line; nil without one.
func readEntry(line string) *Entry {
	i := strings.Index(line, "8=FIX")
	if i < 0 {
		return nil
	}
	text := escapedSOH.Replace(line[i:])
	text, shortened := whole(text)
	if text == "" {
		return nil
	}
	f := Parse(text)
	if shortened {
		f = f[:len(f)-1]
	}
	e := &Entry{Fields: f, Kind: f.Get(35), Seq: f.Int(34), Conn: connOf(line[:i])}
	if e.Kind == "" || e.Seq < 0 {
		return nil
	}
	e.At = timeOf(line[:i])
	if e.At.IsZero() {
		e.At = fixStamp(f.Get(52))
	}
	return e
}

// shortenedMark stands at the end of what the gateway logs of a long message.
const shortenedMark = "…"

// whole is the text of a message up to its end; of one that the gateway has shortened
// what there is, with a last field that may not be all of it.
func whole(text string) (message string, shortened bool) {
	if end := trailer.FindStringIndex(text); end != nil {
		return text[:end[1]], false
	}
	if end := strings.Index(text, shortenedMark); end > 0 {
		return text[:end], true
	}
	return "", false
}

func timeOf(prefix string) time.Time {
	if s := isoTime.FindString(prefix); s != "" {
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999"} {
			if t, err := time.Parse(layout, s); err == nil {
				return t.UTC()
			}
		}
	}
	return fixStamp(fixTime.FindString(prefix))
}

// fixStamp reads a time as FIX writes it; zero if it is none.
func fixStamp(s string) time.Time {
	t, err := time.Parse("20060102-15:04:05.999999999", s)
	if err != nil {
		return time.Time{}
	}
	return t
}
