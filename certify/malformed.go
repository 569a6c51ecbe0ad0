package certify

import (
	"fmt"
	"math/rand"
	"strings"
)

// mutantsCount is how many random mutants of good messages the suite has.
const mutantsCount = 40

// nonsense is a case of the suite malformed that needs no chance.
type nonsense struct{ name, rule, lines string }

// Each line is one that some acceptor has died, hung or wrongly acted on. In the
// end of all of them somebody else must still be able to log on.
var alwaysNonsense = []nonsense{
	{"length_overflows_before_logon", "BodyLength is bounded", "connect\nraw 8={begin}|9=9223372036854775807|35=A|"},
	{"length_overflows_after_logon", "BodyLength is bounded", "logon\nraw 8={begin}|9=9223372036854775807|35=0|"},
	{"length_is_negative", "BodyLength is a plain number", "logon\nraw 8={begin}|9=-5|35=0|34=2|10=000|"},
	{"length_is_empty", "BodyLength is a plain number", "logon\nraw 8={begin}|9=|35=0|34=2|10=000|"},
	{"length_is_zero", "BodyLength is that of the message", "logon\nraw 8={begin}|9=0|35=0|34=2|10=000|\ncalm"},
	{"number_is_empty", "MsgSeqNum is a number", "logon\nframed 8={begin}|35=1|34=|49={sender}|56={target}|52={now}|112=X|\ncalm"},
	{"number_is_negative", "MsgSeqNum is a plain number", "logon\nframed 8={begin}|35=1|34=-2|49={sender}|56={target}|52={now}|112=X|\ncalm"},
	{"number_wraps_to_two", "MsgSeqNum does not wrap: 2^64+2 is not 2", "logon\nframed 8={begin}|35=1|34=18446744073709551618|49={sender}|56={target}|52={now}|112=X|\ncalm"},
	{"number_is_missing", "MsgSeqNum is required", "logon\nframed 8={begin}|35=1|49={sender}|56={target}|52={now}|112=X|\ncalm"},
	{"xml_length_is_wrong", "a length field does not read beyond the message", "logon\nframed 8={begin}|35=0|34={next}|49={sender}|56={target}|52={now}|212=99999|213=x|"},
	{"xml_length_is_empty", "a length field is a number", "logon\nframed 8={begin}|35=0|34={next}|49={sender}|56={target}|52={now}|212=|213=x|"},
	{"resend_from_minus_nine_quintillion", "BeginSeqNo is not negative", "logon\nsend 2|7=-9223372036854775808|16=0\ncalm"},
	{"resend_from_zero", "BeginSeqNo begins at 1", "logon\nsend 2|7=0|16=0\ncalm"},
	{"resend_range_is_turned_round", "BeginSeqNo is not above EndSeqNo", "logon\nfence\nsend 2|7=3|16=1\ncalm"},
	{"resend_to_nine_quintillion", "EndSeqNo is bounded by what was sent", "logon\nsend 2|7=1|16=9223372036854775807\ncalm"},
	{"sum_is_missing", "CheckSum is required", "logon\nraw 8={begin}|9=60|35=1|34={next}|49={sender}|52={now}|56={target}|112=X|"},
	{"sum_is_no_number", "CheckSum has three digits", "logon\nsend 1|34={next}|112=GARBLED|10=abc\nfence"},
	{"sum_is_wrong", "CheckSum is checked", "logon\nsend 1|34={next}|112=GARBLED|10=999\nfence"},
	{"heartbeat_of_thirty_years", "HeartBtInt is bounded", "connect\nsend A|98=0|108=999999999|141=Y{credentials}\nended"},
	{"silence_before_logon", "who does not log on is not kept", "connect\nended"},
	{"type_stands_twice", "a field of the header stands once", "logon\nframed 8={begin}|35=1|35=5|34={next}|49={sender}|56={target}|52={now}|112=X|"},
	{"begin_stands_twice", "a field of the header stands once", "logon\nframed 8={begin}|35=0|8={begin}|34={next}|49={sender}|56={target}|52={now}|"},
	{"tag_is_zero", "a tag is a positive number", "logon\nframed 8={begin}|35=0|34={next}|49={sender}|56={target}|52={now}|0=X|"},
	{"tag_is_negative", "a tag is a positive number", "logon\nframed 8={begin}|35=0|34={next}|49={sender}|56={target}|52={now}|-1=X|"},
	{"tag_overflows", "a tag does not wrap", "logon\nframed 8={begin}|35=0|34={next}|49={sender}|56={target}|52={now}|18446744073709551728=X|"},
	{"field_without_value", "a field is TAG=VALUE", "logon\nframed 8={begin}|35=0|34={next}|49={sender}|56={target}|52={now}|112|"},
	{"fields_that_are_empty", "a field is TAG=VALUE", "logon\nframed 8={begin}|35=0|34={next}||||49={sender}|56={target}|52={now}|"},
	{"bytes_of_zero", "any byte may come", "logon\nraw \\x00\\x00\\x00\\x00\nraw 8={begin}|9=5|35=\\x00|10=000|"},
	{"web_request", "any byte may come", "connect\nraw GET / HTTP/1.1\\x0d\\x0aHost: x\\x0d\\x0a\\x0d\\x0a"},
	{"tls_hello", "any byte may come", "connect\nraw \\x16\\x03\\x01\\x00\\x05\\x01\\x00\\x00\\x01\\x00"},
	{"sequence_reset_to_nine_quintillion", "NewSeqNo does not wrap", "logon\nsend 4|123=Y|36=9223372036854775807"},
	{"sequence_reset_to_nothing", "NewSeqNo is a number", "logon\nsend 4|36="},
	{"time_is_no_time", "SendingTime is a time", "logon\nsend 0|52=99999999-99:99:99\ncalm"},
}

// orderNonsense are orders whose values a dictionary lets through. No order with
// such a value may be filled: LastQty(32) must not be there.
var orderNonsense = []nonsense{
	{"quantity_is_negative", "a quantity is positive", "38=-5"},
	{"quantity_is_minus_zero", "a quantity is positive", "38=-0"},
	{"quantity_ends_with_a_point", "a quantity is a plain number", "38=5."},
	{"quantity_has_five_thousand_digits", "a quantity is bounded", "38=" + strings.Repeat("9", 5000)},
}

// malformed makes the suite: the same for the same seed.
func malformed(seed int64, to Target) ([]*Case, error) {
	list := append([]nonsense(nil), alwaysNonsense...)
	list = append(list, nonsense{"flood_before_logon", "what comes before a Logon is bounded", "connect\nraw " + strings.Repeat("A", 64<<10) + "\nended"})
	for _, n := range orderNonsense {
		list = append(list, nonsense{n.name, n.rule, orderLines("ID", n.lines) + "\nexpect 35~^(3|8|j)$|!32"})
	}
	list = append(list, nonsense{"id_of_ten_thousand_characters", "an id is bounded", orderLines(strings.Repeat("X", 10_000), "38=1") + "\nexpect 35~^(3|8|j)$|!32"})
	if to.Password != "" {
		list = append(list, nonsense{"refused_logon_spends_no_number", "a stranger does not move the numbers of the owner",
			"logon\nlogout\nconnect\nsend A|34=3|98=0|108=30|553=" + to.Username + "|554=wrong\nended\nconnect\nnumber 3\nsend A|98=0|108=30{credentials}\nexpect 35=A|34=3"})
	}
	if strings.HasPrefix(to.BeginString, "FIXT") {
		list = append(list, nonsense{"application_version_is_unknown", "DefaultApplVerID is one that the acceptor speaks", "connect\nsend A|98=0|108=30|141=Y|1137=99\nended"})
	}
	random := rand.New(rand.NewSource(seed))
	for i := range mutantsCount {
		list = append(list, nonsense{fmt.Sprintf("mutant_%02d", i+1), "any byte may come", "logon\n" + mutant(random, to)})
	}
	var all []*Case
	for i, n := range list {
		// The name of a file that is none: a failure shows the line itself.
		name := fmt.Sprintf("%02d_%s", i+1, n.name)
		src := "# @rule " + n.rule + "\n# @expect the acceptor is still there for others\n" + n.lines + "\nalive\n"
		c, err := ParseScript("malformed/"+name, name, []byte(src))
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

func orderLines(id, quantity string) string {
	return "logon\nsend D|11=" + id + "|21=1|55=BTC-PERP|54=1|60={now}|" + quantity + "|40=1"
}

// mutant is a line that sends a message with a few bytes changed, left out, doubled
// or put in. Every other one is framed well, so that it gets past the first check.
func mutant(random *rand.Rand, to Target) string {
	bodies := []string{"", "112=X|", "7=1|16=0|", "123=Y|36=3|", "11=M|55=BTC-PERP|54=1|38=1|40=1|",
		"262=M|263=1|264=1|265=0|267=1|269=0|146=1|55=BTC-PERP|"}
	types := []string{"0", "1", "2", "4", "D", "V"}
	i := random.Intn(len(types))
	head := "35=" + types[i] + "|34=2|49=" + to.Sender + "|56=" + to.Target + "|"
	if random.Intn(2) == 0 {
		return "framed 8={begin}|" + mutate(random, head) + "52={now}|" + mutate(random, bodies[i])
	}
	return "raw " + mutate(random, "8="+to.BeginString+"|9=70|"+head) + "52={now}|" + mutate(random, bodies[i]+"10=123|")
}

func mutate(random *rand.Rand, text string) string {
	b := []byte(text)
	for range random.Intn(4) {
		if len(b) == 0 {
			break
		}
		at := random.Intn(len(b))
		switch random.Intn(4) {
		case 0:
			b[at] = byte(random.Intn(256))
		case 1:
			b = append(b[:at], b[at+1:]...)
		case 2:
			again := append([]byte(nil), b[at:at+random.Intn(len(b)-at)]...)
			b = append(b[:at], append(again, b[at:]...)...)
		default:
			b = append(b[:at], append([]byte{byte(random.Intn(256))}, b[at:]...)...)
		}
	}
	return escaped(b)
}

// escaped writes bytes so that they fit on a line of a script.
func escaped(b []byte) string {
	var s strings.Builder
	for _, c := range b {
		if c < ' ' || c > '~' || c == '{' || c == '}' || c == '<' || c == '\\' {
			fmt.Fprintf(&s, `\x%02x`, c)
			continue
		}
		s.WriteByte(c)
	}
	return s.String()
}
