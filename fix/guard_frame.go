package fix

import (
	"bytes"
	"strconv"
	"time"

	"github.com/quickfixgo/quickfix"
)

const soh = '\x01'

// Digits that the guard looks at in the numbers which the session layer would
// otherwise wrap or stumble over.
const (
	lengthDigits   = 7  // BodyLength, leading zeros included
	seqDigits      = 10 // MsgSeqNum and what refers to one
	tagDigits      = 9
	minBody        = 5  // characters of the smallest body, a MsgType
	beginMax       = 16 // characters of BeginString
	seqMax         = 9_999_999_999
	startOfMessage = "8=FIX"
)

// cutting is what cut found at the start of a buffer.
type cutting uint8

const (
	needMore cutting = iota // skip bytes can go, the rest is not whole
	garbled                 // skip bytes are no message: drop them, spend no number
	whole                   // frame is a message; skip bytes are used up
)

// cut takes the first message off a byte stream. A message is garbled when its
// BodyLength, CheckSum or first three fields are wrong; it then ends at the first
// trailer at or after the end that its BodyLength claims.
func cut(buf []byte, bodyMax int) (frame []byte, skip int, found cutting) {
	start := startIndex(buf)
	if start < 0 {
		return nil, max(0, len(buf)-len(startOfMessage)), needMore
	}
	if start > 0 {
		return nil, start, garbled
	}
	body, length, found := lengthOf(buf, bodyMax)
	switch found {
	case needMore:
		return nil, 0, needMore
	case garbled:
		return nil, len(startOfMessage), garbled
	}
	end := body + length
	if len(buf) < end+len("10=") {
		return nil, 0, needMore
	}
	trailer := bytes.Index(buf[end-1:], []byte("\x0110="))
	if trailer < 0 {
		return nil, 0, needMore
	}
	trailer += end
	stop := bytes.IndexByte(buf[trailer:], soh)
	if stop < 0 {
		return nil, 0, needMore
	}
	stop += trailer + 1
	sum, ok := digits(buf[trailer+3:stop-1], 3)
	right := ok && stop-trailer == len("10=000|") && trailer == end && sum == checksum(buf[:end])
	if !right || !bytes.HasPrefix(buf[body:], []byte("35=")) {
		return nil, stop, garbled
	}
	return buf[:stop], stop, whole
}

// startIndex finds BeginString at the start of the stream or of a field.
func startIndex(buf []byte) int {
	for from := 0; ; {
		i := bytes.Index(buf[from:], []byte(startOfMessage))
		if i < 0 {
			return -1
		}
		if i += from; i == 0 || buf[i-1] == soh {
			return i
		}
		from = i + 1
	}
}

// lengthOf reads BodyLength and where the body starts.
func lengthOf(buf []byte, bodyMax int) (body, length int, found cutting) {
	i := bytes.IndexByte(buf[:min(len(buf), beginMax+3)], soh)
	if i < 0 {
		return 0, 0, unless(len(buf) < beginMax+3)
	}
	i++
	field := buf[i:min(len(buf), i+2+lengthDigits+1)]
	if !bytes.HasPrefix(field, []byte("9=")) {
		return 0, 0, unless(len(field) < 2 && bytes.HasPrefix([]byte("9="), field))
	}
	j := bytes.IndexByte(field, soh)
	if j < 0 {
		return 0, 0, unless(len(field) < 2+lengthDigits+1)
	}
	n, ok := digits(field[2:j], lengthDigits)
	if !ok || n < minBody || n > int64(bodyMax) {
		return 0, 0, garbled
	}
	return i + j + 1, int(n), whole
}

// unless is needMore if the bytes may still become good, else garbled.
func unless(mayCome bool) cutting {
	if mayCome {
		return needMore
	}
	return garbled
}

// digits reads a plain number of 1..most digits.
func digits(b []byte, most int) (v int64, ok bool) {
	if len(b) == 0 || len(b) > most {
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		v = v*10 + int64(c-'0')
	}
	return v, true
}

func checksum(b []byte) int64 {
	var sum byte
	for _, c := range b {
		sum += c
	}
	return int64(sum)
}

// header is what the guard reads of a message.
type header struct {
	begin, kind, sender, target string
	seq                         int64
	number                      string // MsgSeqNum as it stands there
	hasSeq, possDup, sub        bool
	user, password              string
	signature                   string
	hasProof                    bool // Username, Password or RawData is there
	hasPassword                 bool // one of the former two
	hasSecret                   bool // a field that blank looks for is there
	heartbeat, encrypt          string
	hasHeartbeat, reset         bool
	dialect                     string
	hasDialect                  bool
	applVersion                 string // DefaultApplVerID
	sent                        string // SendingTime
	expected                    int64  // NextExpectedMsgSeqNum, if it is a number
}

// read takes a frame apart. Forbidden fields (XmlData) and a MsgSeqNum that is
// empty, too long or no plain number are reported: the session layer would
// panic on them or read another number. So it would on a second BodyLength, and
// of a second BeginString or MsgType it might believe the other one.
func read(frame []byte) (h header, forbidden, bad bool) {
	opened := 0
	for field := range bytes.SplitSeq(frame[:len(frame)-1], []byte{soh}) {
		tag, value, ok := bytes.Cut(field, []byte{'='})
		if !ok || len(tag) == 0 || len(tag) > tagDigits {
			return h, forbidden, true
		}
		switch string(tag) {
		case "8", "9", "35":
			if opened++; opened > 3 {
				return h, forbidden, true
			}
			h.take(string(tag), string(value))
		case "34":
			seq, good := digits(value, seqDigits)
			if !good {
				return h, forbidden, true
			}
			if !h.hasSeq {
				h.seq, h.hasSeq = seq, true
				if h.kind == "A" {
					h.number = string(value)
				}
			}
		case "212", "213":
			forbidden = true
		default:
			h.take(string(tag), string(value))
		}
	}
	return h, forbidden, false
}

func (h *header) take(tag, value string) {
	switch tag {
	case "8":
		h.begin = value
	case "35":
		h.kind = value
	case "49":
		h.sender = value
	case "56":
		h.target = value
	case "52":
		h.sent = value
	case "50", "142", "57", "143":
		h.sub = true
	case "43":
		h.possDup = value == "Y"
	case "98":
		h.encrypt = value
	case "108":
		h.heartbeat, h.hasHeartbeat = value, true
	case "141":
		h.reset = value == "Y"
	case "553":
		h.user, h.hasProof, h.hasPassword = value, true, true
	case "554":
		h.password, h.hasProof, h.hasPassword, h.hasSecret = value, true, true, true
	case "96":
		h.signature, h.hasProof, h.hasSecret = value, true, true
	case "925":
		h.hasSecret = true
	case "789":
		h.expected, _ = digits([]byte(value), seqDigits)
	case "1137":
		h.applVersion = value
	case "22000":
		h.dialect, h.hasDialect = value, true
	}
}

// blank overwrites Password(554), NewPassword(925) and RawData(96) of a valid
// frame: nothing behind the guard needs them, so nothing there can tell them.
func (h header) blank(frame []byte) {
	if !h.hasSecret {
		return
	}
	for field := range bytes.SplitSeq(frame, []byte{soh}) {
		tag, value, _ := bytes.Cut(field, []byte{'='})
		switch string(tag) {
		case "554", "925", "96":
			for i := range value {
				value[i] = '*'
			}
		}
	}
	end := len(frame) - len("10=000|")
	sum := checksum(frame[:end])
	copy(frame[end+len("10="):], []byte{byte('0' + sum/100), byte('0' + sum/10%10), byte('0' + sum%10)})
}

// names tells whether a message is from the client of a session to us.
func (h header) names(id quickfix.SessionID) bool {
	return h.begin == id.BeginString && h.sender == id.TargetCompID && h.target == id.SenderCompID
}

// outNumber reads MsgSeqNum of one of our own messages.
func outNumber(frame []byte) (seq int64) {
	for field := range bytes.SplitSeq(frame, []byte{soh}) {
		if value, ok := bytes.CutPrefix(field, []byte("34=")); ok {
			seq, _ = digits(value, seqDigits)
			return seq
		}
	}
	return 0
}

// typeOf reads MsgType of one of our own messages: the third field.
func typeOf(frame []byte) string {
	_, rest, _ := bytes.Cut(frame, []byte("\x0135="))
	kind, _, _ := bytes.Cut(rest, []byte{soh})
	return string(kind)
}

// build makes a message from us to a client without the session layer.
func build(id quickfix.SessionID, kind string, seq int64, now time.Time, text string) []byte {
	body := "35=" + kind + "\x0134=" + strconv.FormatInt(seq, 10) + "\x0149=" + id.SenderCompID +
		"\x0152=" + now.UTC().Format("20060102-15:04:05.000") + "\x0156=" + id.TargetCompID + "\x01"
	if text != "" {
		body += "58=" + text + "\x01"
	}
	frame := []byte("8=" + id.BeginString + "\x019=" + strconv.Itoa(len(body)) + "\x01" + body)
	sum := checksum(frame)
	return append(frame, "10="+strconv.Itoa(int(sum/100))+strconv.Itoa(int(sum/10%10))+strconv.Itoa(int(sum%10))+"\x01"...)
}
