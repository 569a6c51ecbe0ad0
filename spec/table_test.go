package spec

import (
	"bytes"
	"encoding/xml"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// With -update the tables of ROE.md and the file FIX44-VAMM1.xml are written
// anew from messages.txt. With -adopt it is the other way round: what stands in
// ROE.md and FIX44-VAMM1.xml and not in messages.txt is taken into it, as after a
// merge with work that knew only those two. Read the difference before
// committing it.
var (
	update = flag.Bool("update", false, "rewrite ROE.md and FIX44-VAMM1.xml from messages.txt")
	adopt  = flag.Bool("adopt", false, "rewrite messages.txt from ROE.md and FIX44-VAMM1.xml")
)

func TestMain(m *testing.M) {
	flag.Parse()
	if *adopt || *update { // Another room's -update may have written it since this test was built.
		src, err := os.ReadFile("ROE.md")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		roe = string(src)
	}
	if *adopt {
		if err := os.WriteFile("messages.txt", []byte(adopted().text()), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println("messages.txt is rewritten; run the tests again")
		os.Exit(0)
	}
	os.Exit(m.Run())
}

var (
	chapterForm   = regexp.MustCompile(`(?m)^### (\w+) \((\w+)\)\n((?:[^|#\n].*\n)+)(?:\n\| Tag \| Req'd \| Description \|\n\|---\|---\|---\|\n((?:\|.*\n)*))?`)
	rowForm       = regexp.MustCompile(`(?m)^\| (\d+) (\w+) \| ([YCN]) \| ?(.*?) ?\|$`)
	ownForm       = regexp.MustCompile(`(?m)^\| (\d+) (\w+) \| ([\w ]+) \| (.*?) ?\|$`)
	ownTable      = regexp.MustCompile(`(?m)^\| Tag \| In \| Description \|\n\|---\|---\|---\|\n(?:\|.*\n)*`)
	categoryTable = regexp.MustCompile(`(?m)^\| Category \| Tokens \|\n(?:\|.*\n)*`)
	versionTable  = regexp.MustCompile(`(?m)^\| Version \| Message \| .*\n(?:\|.*\n)*`)
	reasonForm    = regexp.MustCompile(`(?m)^\| ([A-Z_]+) \| \d`)
)

// inROE puts what the table says in the place of what ROE.md says.
func inROE(t Table) string {
	src := chapterForm.ReplaceAllStringFunc(roe, func(found string) string {
		m := chapterForm.FindStringSubmatch(found)
		if c, ok := t.Chapter(m[2]); ok {
			return c.Markdown()
		}
		return found
	})
	src = ownTable.ReplaceAllStringFunc(src, func(found string) string {
		return t.OwnMarkdown(!strings.Contains(found, "| 22"))
	})
	src = versionTable.ReplaceAllLiteralString(src, t.VersionMarkdown())
	return categoryTable.ReplaceAllLiteralString(src, t.CategoryMarkdown())
}

// TestROESaysWhatTheTableSays: the tables that clients read are those of
// messages.txt, and every message of it has its chapter.
func TestROESaysWhatTheTableSays(t *testing.T) {
	want := inROE(Promised())
	if *update {
		if err := os.WriteFile("ROE.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		roe = want
	}
	if want != roe {
		t.Errorf("ROE.md and messages.txt differ: -update follows messages.txt, -adopt follows ROE.md:\n%s", differing(roe, want))
	}
	var there []string
	for _, m := range chapterForm.FindAllStringSubmatch(roe, -1) {
		there = append(there, m[2])
	}
	for _, c := range Promised().Messages {
		if !slices.Contains(there, c.Type) {
			t.Errorf("ROE.md has no chapter `### %s (%s)`; write the heading and one line under it where it belongs, then -update", c.Name, c.Type)
		}
	}
	for _, kind := range there {
		if _, ok := Promised().Chapter(kind); !ok {
			t.Errorf("messages.txt has no message %s, ROE.md has a chapter of it", kind)
		}
	}
}

// TestVAMM1IsWrittenFromTheTable: the dictionary of VAMM1 is that of STRICT44
// with what the table adds, byte for byte.
func TestVAMM1IsWrittenFromTheTable(t *testing.T) {
	want := vamm1From(string(dictionary), Promised())
	if *update {
		if err := os.WriteFile("FIX44-VAMM1.xml", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		dictionaryVAMM1 = []byte(want)
	}
	if got := string(dictionaryVAMM1); got != want {
		t.Errorf("FIX44-VAMM1.xml and messages.txt differ: -update follows messages.txt, -adopt follows the file:\n%s", differing(got, want))
	}
}

const vamm1Head = `<!-- FIX 4.4 as the gateway speaks it in dialect VAMM1, in QuickFIX format: for clients that log on with 22000=VAMM1.
     It is FIX44.xml with the tags 22000 to 22099 of the rules of engagement, and with values that are later than FIX 4.4. -->
`

func vamm1From(strict string, t Table) string {
	_, src, _ := strings.Cut(strict, " -->\n")
	var fields strings.Builder
	for _, o := range t.Own {
		if o.Both {
			continue
		}
		var values []Value
		fmt.Fprintf(&fields, " <field number='%d' name='%s' type='%s'", o.Tag, o.Name, o.Type)
		if values = append(values, o.Values...); len(values) == 0 {
			fields.WriteString("/>\n")
			continue
		}
		fields.WriteString(">" + enums(values) + "</field>\n")
	}
	src = strings.Replace(src, "</fields>\n", fields.String()+"</fields>\n", 1)
	for _, v := range t.Later {
		form := regexp.MustCompile(fmt.Sprintf(`(?m)^( <field number='%d' .*)</field>$`, v.Tag))
		src = form.ReplaceAllString(src, "${1}"+enums([]Value{v})+"</field>")
	}
	messages := regexp.MustCompile(`(?s)( <message [^>]* msgtype='(\w+)'>\n)(.*?)( </message>\n)`)
	names := decoded(dictionary)
	return vamm1Head + messages.ReplaceAllStringFunc(src, func(found string) string {
		m := messages.FindStringSubmatch(found)
		var more strings.Builder
		body := m[3]
		for _, o := range t.Own {
			if !slices.Contains(o.In, m[2]) || strings.Contains(body, "'"+o.Name+"'") {
				continue
			}
			if count := o.Within[m[2]]; count != 0 {
				body = withMember(body, names[count].Name, o.Name)
				continue
			}
			fmt.Fprintf(&more, "  <field name='%s' required='N'/>\n", o.Name)
		}
		return m[1] + body + more.String() + m[4]
	})
}

// withMember puts a field at the end of a group of a message.
func withMember(body, group, name string) string {
	before, rest, found := strings.Cut(body, "  <group name='"+group+"'")
	inside, after, closed := strings.Cut(rest, "\n  </group>\n")
	if !found || !closed {
		panic("the message has no group " + group)
	}
	return before + "  <group name='" + group + "'" + inside + "\n   <field name='" + name + "' required='N'/>\n  </group>\n" + after
}

func enums(values []Value) string {
	var b strings.Builder
	for _, v := range values {
		fmt.Fprintf(&b, "<value enum='%s' description='%s'/>", v.Enum, v.Name)
	}
	return b.String()
}

// differing shows the first lines in which two texts differ.
func differing(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	i := 0
	for i < len(g) && i < len(w) && g[i] == w[i] {
		i++
	}
	part := func(s []string) string { return strings.Join(s[min(i, len(s)):min(i+6, len(s))], "\n") }
	return fmt.Sprintf("line %d is\n%s\nwant\n%s", i+1, part(g), part(w))
}

// TestAdoptKeepsTheTable: what ROE.md and the dictionary do not have survives.
func TestAdoptKeepsTheTable(t *testing.T) {
	if got := adopted().text(); got != tableText {
		t.Errorf("-adopt would change messages.txt:\n%s", differing(got, tableText))
	}
}

// adopted is the table with what ROE.md and the dictionaries have.
func adopted() Table {
	was := Promised()
	t := Table{Category: map[string]string{}, Instead: was.Instead, Only: was.Only}
	versions := stockVersions()
	for _, m := range chapterForm.FindAllStringSubmatch(roe, -1) {
		old, known := was.Chapter(m[2])
		c := Chapter{Type: m[2], Name: m[1], From: old.From, Says: strings.Split(strings.TrimRight(m[3], "\n"), "\n")}
		if !known {
			c.From = "gateway"
			if strings.Contains(c.Says[0], "he client ") && !strings.HasPrefix(c.Says[0], "The gateway") {
				c.From = "client"
			}
		}
		for _, r := range rowForm.FindAllStringSubmatch(m[4], -1) {
			tag, _ := strconv.Atoi(r[1])
			row := Row{Tag: tag, Name: r[2], Need: r[3], Says: r[4], Versions: versions(m[2], tag)}
			var members []Row
			for _, o := range old.Rows {
				if o.Tag == tag && o.Group == 0 {
					row.Values = o.Values
				} else if o.Group == tag {
					o.Versions = versions(m[2], o.Tag)
					members = append(members, o)
				}
			}
			c.Rows = append(append(c.Rows, row), members...)
		}
		t.Messages = append(t.Messages, c)
	}
	adoptOwn(&t)
	for _, m := range reasonForm.FindAllStringSubmatch(reasonTable(), -1) {
		t.Reasons = append(t.Reasons, m[1])
		t.Category[m[1]] = "-"
		if c, known := was.Category[m[1]]; known {
			t.Category[m[1]] = c
		}
	}
	return t
}

func adoptOwn(t *Table) {
	strict, later := decoded(dictionary), decoded(dictionaryVAMM1)
	for _, table := range ownTable.FindAllString(roe, -1) {
		for _, m := range ownForm.FindAllStringSubmatch(table, -1) {
			tag, _ := strconv.Atoi(m[1])
			o := OwnField{Tag: tag, Name: m[2], In: strings.Fields(m[3]), Says: m[4], Type: "STRING"}
			if i := slices.IndexFunc(Promised().Own, func(was OwnField) bool { return was.Tag == tag }); i >= 0 {
				o.Within = Promised().Own[i].Within
			}
			_, o.Both = strict[tag]
			o.Type = later[tag].Type
			for _, v := range later[tag].Values {
				o.Values = append(o.Values, Value{tag, v.Enum, v.Description})
			}
			t.Own = append(t.Own, o)
		}
	}
	slices.SortStableFunc(t.Own, func(a, b OwnField) int { return a.Tag - b.Tag })
	var tags []int
	for tag := range strict {
		tags = append(tags, tag)
	}
	slices.Sort(tags)
	for _, tag := range tags {
		for _, v := range later[tag].Values[min(len(strict[tag].Values), len(later[tag].Values)):] {
			t.Later = append(t.Later, Value{tag, v.Enum, v.Description})
		}
	}
}

func decoded(src []byte) map[int]xmlField {
	var doc xmlDictionary
	if err := xml.NewDecoder(bytes.NewReader(src)).Decode(&doc); err != nil {
		panic(err)
	}
	all := map[int]xmlField{}
	for _, f := range doc.Fields {
		all[f.Number] = f
	}
	return all
}

// text is the table as messages.txt has it.
func (t Table) text() string {
	var b strings.Builder
	for line := range strings.Lines(tableText) {
		if !strings.HasPrefix(line, "#") {
			break
		}
		b.WriteString(line)
	}
	for _, c := range t.Messages {
		fmt.Fprintf(&b, "\nmessage %s %s %s\n", c.Type, c.Name, c.From)
		for _, s := range c.Says {
			b.WriteString("says " + s + "\n")
		}
		for _, r := range c.Rows {
			kind, versions, values := "field", "*", "-"
			if r.Group != 0 {
				kind = "member"
			}
			switch len(r.Versions) {
			case 0:
				versions = "-"
			case len(Versions):
			default:
				versions = strings.Join(r.Versions, ",")
			}
			if r.Values != nil {
				values = strings.Join(r.Values, ",")
			}
			b.WriteString(strings.TrimRight(fmt.Sprintf("%s %d %s %s %s %s %s", kind, r.Tag, r.Name, r.Need, versions, values, r.Says), " ") + "\n")
		}
	}
	b.WriteString("\n")
	for _, o := range t.Own {
		where := "VAMM1"
		if o.Both {
			where = "both"
		}
		fmt.Fprintf(&b, "own %d %s %s %s %s %s\n", o.Tag, o.Name, o.Type, where, strings.Join(o.where(), ","), o.Says)
		for _, v := range o.Values {
			fmt.Fprintf(&b, "value %d %s %s\n", v.Tag, v.Enum, v.Name)
		}
	}
	b.WriteString("\n")
	for _, v := range t.Later {
		fmt.Fprintf(&b, "later %d %s %s\n", v.Tag, v.Enum, v.Name)
	}
	b.WriteString("\n")
	for _, r := range t.Reasons {
		fmt.Fprintf(&b, "reason %s %s\n", r, t.Category[r])
	}
	return b.String() + t.differences()
}

// where are the messages of a tag of our own as messages.txt names them.
func (o OwnField) where() (all []string) {
	for _, kind := range o.In {
		if count := o.Within[kind]; count != 0 {
			kind += ":" + strconv.Itoa(count)
		}
		all = append(all, kind)
	}
	return all
}

// differences are the lines of what the versions have of their own.
func (t Table) differences() string {
	var b strings.Builder
	b.WriteString("\n")
	for _, o := range t.Only {
		values := "-"
		if o.Values != nil {
			values = strings.Join(o.Values, ",")
		}
		fmt.Fprintf(&b, "only %s %s %d %s %s %s %s\n", o.Version, o.Type, o.Tag, o.Name, o.Need, values, o.Says)
	}
	b.WriteString("\n")
	for _, o := range t.Instead {
		fmt.Fprintf(&b, "instead %s %d %s %s\n", o.Version, o.Tag, o.Value, o.Said)
	}
	return b.String()
}

// stockVersions tells in which versions a message has a field, after the
// dictionaries of the FIX library: what clients use. Tags of our own are in all.
func stockVersions() func(msgType string, tag int) []string {
	has := map[string]map[string]map[string]bool{}
	names := map[string]map[int]string{} // A version may have another name for a tag.
	for version, files := range map[string][]string{"42": {"FIX42.xml"}, "44": {"FIX44.xml"}, "50": {"FIX50SP2.xml", "FIXT11.xml"}} {
		has[version], names[version] = map[string]map[string]bool{}, map[int]string{}
		for _, file := range files {
			doc := stockDictionary(file)
			parts := partsOf(doc)
			for _, m := range doc.Messages {
				fields := map[string]bool{}
				addMembers(fields, m.Members, parts, true)
				has[version][m.Type] = fields
			}
			for _, f := range doc.Fields {
				names[version][f.Number] = f.Name
			}
		}
	}
	return func(msgType string, tag int) (in []string) {
		for _, v := range Versions {
			if _, known := has[v][msgType][names[v][tag]]; known || tag >= 5000 {
				in = append(in, v)
			}
		}
		return in
	}
}

// stockDictionary is one that comes with the FIX library.
func stockDictionary(file string) (doc xmlDictionary) {
	if err := xml.Unmarshal(stockSource(file), &doc); err != nil {
		panic(err)
	}
	return doc
}

func stockSource(file string) []byte {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/quickfixgo/quickfix").Output()
	if err != nil {
		panic(err)
	}
	src, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "spec", file))
	if err != nil {
		panic(err)
	}
	return src
}
