package fix

import (
	"bytes"
	"strconv"
)

const (
	soh            = 1
	bodyDigitsMax  = 7        // of BodyLength; some clients pad with zeros
	messageMax     = 64 << 10 // of BodyLength
	firstMax       = 4 << 10  // bytes before the Logon is complete
	seqDigitsMax   = 10       // of MsgSeqNum
	trailerLen     = 7        // 10=ddd and its separator
	beginStringMax = 16       // of 8=
)

var beginMark = []byte("8=FIX")

// cut takes the first whole, sound message off buf. It returns the message,
// what is left, and whether garbled bytes were dropped on the way; a nil
// message means that more bytes are needed. A garbled message spends no number:
// it is as if it had never come, and the scan goes on at the next 8=FIX.
func cut(buf []byte) (msg, rest []byte, dropped bool) {
	for {
		start := bytes.Index(buf, beginMark)
		if start < 0 {
			keep := min(len(buf), len(beginMark)-1)
			return nil, buf[len(buf)-keep:], dropped || len(buf) > keep
		}
		if start > 0 {
			buf, dropped = buf[start:], true
		}
		n, verdict := extent(buf)
		switch verdict {
		case partial:
			// A length that lies would swallow what follows: a later sound
			// message shows that this one is garbled.
			if next := bytes.Index(buf[1:], beginMark); next >= 0 {
				if _, v := extent(buf[1+next:]); v == sound {
					buf, dropped = buf[1+next:], true
					continue
				}
			}
			return nil, buf, dropped
		case sound:
			return buf[:n:n], buf[n:], dropped
		}
		buf, dropped = buf[1:], true
	}
}

type frameVerdict uint8

const (
	partial frameVerdict = iota
	sound
	garbled
)

// extent measures the message at the start of buf: 8, 9 and 35 in this order,
// BodyLength within bounds and true, CheckSum of three digits and true.
func extent(buf []byte) (int, frameVerdict) {
	end := bytes.IndexByte(buf, soh)
	if end < 0 {
		if len(buf) > beginStringMax {
			return 0, garbled
		}
		return 0, partial
	}
	head := buf[end+1:]
	length, used, verdict := bodyLength(head)
	if verdict != sound {
		return 0, verdict
	}
	body := head[used:]
	if len(body) < 3 {
		return 0, partial
	}
	if string(body[:3]) != "35=" {
		return 0, garbled
	}
	if len(body) < length+trailerLen {
		return 0, partial
	}
	total := end + 1 + used + length
	sum, ok := threeDigits(buf[total : total+trailerLen])
	if !ok || buf[total-1] != soh || sum != checkSum(buf[:total]) {
		return 0, garbled
	}
	return total + trailerLen, sound
}

// bodyLength reads "9=digits" and its separator.
func bodyLength(b []byte) (length, used int, verdict frameVerdict) {
	if len(b) < 2 {
		return 0, 0, partial
	}
	if b[0] != '9' || b[1] != '=' {
		return 0, 0, garbled
	}
	end := bytes.IndexByte(b[2:min(len(b), 2+bodyDigitsMax+1)], soh)
	if end < 0 {
		if len(b) >= 2+bodyDigitsMax+1 {
			return 0, 0, garbled
		}
		return 0, 0, partial
	}
	n, err := strconv.ParseUint(string(b[2:2+end]), 10, 32)
	if err != nil || n > messageMax {
		return 0, 0, garbled
	}
	return int(n), 2 + end + 1, sound
}

func threeDigits(trailer []byte) (sum byte, ok bool) {
	if string(trailer[:3]) != "10=" || trailer[6] != soh {
		return 0, false
	}
	n, err := strconv.ParseUint(string(trailer[3:6]), 10, 8)
	return byte(n), err == nil
}

// field returns the first value of a tag in a message, or "".
func field(msg []byte, tag string) string {
	i := bytes.Index(msg, mark(tag))
	if i < 0 {
		return ""
	}
	v := msg[i+len(tag)+2:]
	if end := bytes.IndexByte(v, soh); end >= 0 {
		v = v[:end]
	}
	return string(v)
}

func mark(tag string) []byte {
	m := make([]byte, 0, len(tag)+2)
	return append(append(append(m, soh), tag...), '=')
}

// dataTags are fields whose length field leads the session engine's parser
// astray; no message of ours takes them.
var dataTags = []string{"212", "213"}

// harmful tells whether a sound frame carries what the session engine cannot
// bear: a second BodyLength, an empty or absurd MsgSeqNum, or XML data. Such a
// message is dropped like a garbled one.
func harmful(msg []byte) bool {
	for _, tag := range dataTags {
		if bytes.Contains(msg, mark(tag)) {
			return true
		}
	}
	if bytes.Count(msg, mark("9")) > 1 {
		return true
	}
	if !bytes.Contains(msg, mark("34")) {
		return false // Missing is a reject of the session engine's own.
	}
	v := field(msg, "34")
	n, err := strconv.ParseUint(v, 10, 63)
	return len(v) > seqDigitsMax || err != nil || n == 0
}
