package fix

import (
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"backstop/perp"
	"backstop/spec"
)

const reasonHead = "| Token | 103 | 102 | 380 | 658 | 728 | 946, 749 |\n|---|---|---|---|---|---|---|\n"

func reasonTable() string {
	var rows []string
	for _, c := range rejectTable {
		if !c.reject.OfTheDesk() {
			rows = append(rows, c.rejectRow())
		}
	}
	return reasonHead + strings.Join(rows, "\n") + "\n"
}

func TestEveryRejectHasExactlyOneRow(t *testing.T) {
	all := perp.Rejects()
	if len(all) != len(rejectTable) {
		t.Fatalf("%d rejects, %d rows", len(all), len(rejectTable))
	}
	for i, r := range all {
		if rejectTable[i].reject != r || codesOf(r).reject != r {
			t.Errorf("row %d is %v, want %v", i, rejectTable[i].reject, r)
		}
	}
}

func TestTextStartsWithTheToken(t *testing.T) {
	for _, r := range perp.Rejects() {
		s := text(perp.Verdict{Reject: r, Need: 1, Have: 2, Detail: "x"})
		if token, _, _ := strings.Cut(strings.ReplaceAll(s, ":", " "), " "); token != r.String() {
			t.Errorf("%v: %q", r, s)
		}
	}
}

// The codes must be values that a stock FIX 4.4 dictionary knows.
func TestCodesAreFIX44Values(t *testing.T) {
	d := stock(t)
	for _, c := range rejectTable {
		for tag, value := range map[int]string{103: strconv.Itoa(c.order), 102: strconv.Itoa(c.cancel), 380: strconv.Itoa(c.business), 658: strconv.Itoa(c.quote), 281: c.market, 728: strconv.Itoa(c.position), 946: strconv.Itoa(c.inquiry), 749: strconv.Itoa(c.inquiry)} {
			if _, ok := d.FieldTypeByTag[tag].Enums[value]; !ok {
				t.Errorf("%v: %d=%s is no FIX 4.4 value", c.reject, tag, value)
			}
		}
	}
}

func TestROEHasTheReasonTable(t *testing.T) {
	if *update {
		roe, err := os.ReadFile("../spec/ROE.md") // The room spec may have written it since this test was built.
		if err != nil {
			t.Fatal(err)
		}
		src := regexp.MustCompile(`(?s)\| Token \| 103.*?\n\n`).ReplaceAllLiteralString(string(roe), reasonTable()+"\n")
		if err := os.WriteFile("../spec/ROE.md", []byte(strings.ReplaceAll(src, "|\n\n\n", "|\n\n")), 0o644); err != nil {
			t.Fatal(err)
		}
		t.Skip("rewritten")
	}
	if !strings.Contains(spec.ROE(), reasonTable()) {
		t.Errorf("spec/ROE.md has another table of reasons than fix/reject.go:\n%s", reasonTable())
	}
}

// tableOf returns the rows of the chapter of a message: tag to Req'd.
func tableOf(t *testing.T, msgType string) map[int]string {
	t.Helper()
	name, ok := spec.MessageName(msgType)
	if !ok {
		t.Fatalf("%s is not in the dictionary", msgType)
	}
	_, chapter, ok := strings.Cut(spec.ROE(), "\n### "+name+" ("+msgType+")\n")
	if !ok {
		t.Fatalf("spec/ROE.md has no chapter for %s (%s)", name, msgType)
	}
	chapter, _, _ = strings.Cut(chapter, "\n#")
	rows := map[int]string{}
	for _, m := range regexp.MustCompile(`(?m)^\| (\d+) (\w+) \| ([YCN]) \|`).FindAllStringSubmatch(chapter, -1) {
		tag, err := strconv.Atoi(m[1])
		if err != nil {
			t.Fatal(err)
		}
		if name, _ := spec.FieldName(tag); name != m[2] {
			t.Errorf("%s: %d is %s, not %s", msgType, tag, name, m[2])
		}
		rows[tag] = m[3]
	}
	return rows
}

func TestROEListsWhatRequestsNeed(t *testing.T) {
	for kind, def := range requests {
		for tag, need := range tableOf(t, kind) {
			if want := slices.Contains(def.required, tag); want != (need == "Y") {
				t.Errorf("%s: ROE says %d is %q, decode requires it: %v", kind, tag, need, want)
			}
		}
		for _, tag := range def.required {
			if _, ok := tableOf(t, kind)[tag]; !ok {
				t.Errorf("%s: ROE does not list %d", kind, tag)
			}
		}
	}
	for kind, fields := range map[string][]int{"D": slices.Concat(orderFields, conditionFields), "G": conditionFields, "q": massFields, "AF": ordersFields, "F": cancelFields, "R": quoteFields, "AJ": responseFields, "Z": quoteCancelFields, "i": provideFields, "a": quoteStatusFields, "BB": inquiryFields, "AD": tradeFields} {
		for _, tag := range fields {
			if _, ok := tableOf(t, kind)[tag]; !ok && tag != 167 {
				t.Errorf("%s: decode reads %d, ROE does not list it", kind, tag)
			}
		}
	}
}

func TestROEListsEveryFieldSent(t *testing.T) {
	names, messages := everyOutbound(t, strict44)
	for i, msg := range messages {
		rows, group := tableOf(t, kindOf(msg)), false
		for _, f := range ParseMessage(outbound(msg)).Fields {
			_, listed := rows[f.Tag]
			if f.Tag == 268 || f.Tag == 146 || f.Tag == 136 || f.Tag == 453 || f.Tag == 702 || f.Tag == 753 || f.Tag == 33 || f.Tag == 552 || f.Tag == 534 || f.Tag == 295 || f.Tag == 296 {
				group = true // members are named in its row
			}
			header := f.Tag == 8 || f.Tag == 9 || f.Tag == 35 || f.Tag == 34 || f.Tag == 49 || f.Tag == 52 || f.Tag == 56 || f.Tag == 10
			if !listed && !group && !header {
				t.Errorf("%s: sends %d, ROE does not list it", names[i], f.Tag)
			}
		}
		for tag, need := range rows {
			if need == "Y" && ParseMessage(outbound(msg)).Get(tag) == "" {
				t.Errorf("%s: ROE requires %d, it is not sent", names[i], tag)
			}
		}
	}
}

// TestROEListsOurTags: the table of our own tags says in which messages VAMM1
// has each, and none is sent that it does not list.
func TestROEListsOurTags(t *testing.T) {
	sent := map[int][]string{tagDialect: {"A"}, tagLastSeen: {"A"}, tagMaxAge: {"D", "G", "AJ"}, tagTrigger: {"D", "G"}, tagSlippage: {"D"}, tagReset: {"i"}, tagFirmness: {"R"}}
	listed := map[int][]string{}
	dialects, _, _ := strings.Cut(spec.ROE(), "\n## The session and its orders\n")
	_, messages := everyOutbound(t, vamm1)
	for _, msg := range messages {
		for _, f := range splitFields(outbound(msg)) {
			if kind := kindOf(msg); f.tag >= customMin && !slices.Contains(sent[f.tag], kind) {
				sent[f.tag] = append(sent[f.tag], kind)
			}
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^\| (22\d\d\d) (\w+) \| ([\w ]+) \|`).FindAllStringSubmatch(dialects, -1) {
		tag, err := strconv.Atoi(m[1])
		if err != nil {
			t.Fatal(err)
		}
		if name, _ := spec.FieldName(tag); name != m[2] {
			t.Errorf("%d is %s, not %s", tag, name, m[2])
		}
		listed[tag] = strings.Fields(m[3])
	}
	for _, all := range []map[int][]string{sent, listed} {
		for tag := range all {
			slices.Sort(sent[tag])
			slices.Sort(listed[tag])
			if !slices.Equal(sent[tag], listed[tag]) {
				t.Errorf("%d is sent in %v, spec/ROE.md lists %v", tag, sent[tag], listed[tag])
			}
		}
	}
}
