package spec

import (
	"encoding/xml"
	"slices"
	"strings"
	"testing"
)

// xmlNode is any element, for a reader that knows nothing of how the file was
// made.
type xmlNode struct {
	XMLName xml.Name
	Attrs   []xml.Attr `xml:",any,attr"`
	Nodes   []xmlNode  `xml:",any"`
	Text    string     `xml:",chardata"`
}

func (n xmlNode) attr(name string) string {
	for _, a := range n.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func (n xmlNode) child(t *testing.T, name string) xmlNode {
	t.Helper()
	i := slices.IndexFunc(n.Nodes, func(c xmlNode) bool { return c.XMLName.Local == name })
	if i < 0 {
		t.Fatalf("%s has no %s", n.XMLName.Local, name)
	}
	return n.Nodes[i]
}

const orchestraSpace = "http://fixprotocol.io/2020/orchestra/repository"

func readOrchestra(t *testing.T, vamm1 bool) xmlNode {
	t.Helper()
	src, err := Orchestra(vamm1)
	if err != nil {
		t.Fatal(err)
	}
	var root xmlNode
	if err := xml.Unmarshal(src, &root); err != nil {
		t.Fatal(err)
	}
	return root
}

// TestOrchestraIsWhole: the sections stand in the order of the schema, ids and
// names are unique, and whatever is referred to is there.
func TestOrchestraIsWhole(t *testing.T) {
	for _, vamm1 := range []bool{false, true} {
		root := readOrchestra(t, vamm1)
		if root.XMLName != (xml.Name{Space: orchestraSpace, Local: "repository"}) || root.attr("name") == "" || root.attr("version") == "" {
			t.Errorf("root is %v %v", root.XMLName, root.Attrs)
		}
		var order []string
		for _, n := range root.Nodes {
			order = append(order, n.XMLName.Local)
		}
		if want := "metadata categories datatypes codeSets fields actors components groups messages"; strings.Join(order, " ") != want {
			t.Errorf("sections are %v, want %s", order, want)
		}
		ids := map[string]map[string]bool{}
		for _, section := range []string{"codeSets", "fields", "components", "groups", "messages"} {
			ids[section] = unique(t, root.child(t, section), "id")
			unique(t, root.child(t, section), "name")
		}
		types := unique(t, root.child(t, "datatypes"), "name")
		for set := range unique(t, root.child(t, "codeSets"), "name") {
			types[set] = true
		}
		for _, f := range root.child(t, "fields").Nodes {
			if !types[f.attr("type")] {
				t.Errorf("field %s has type %q, which is not there", f.attr("name"), f.attr("type"))
			}
		}
		for _, set := range root.child(t, "codeSets").Nodes {
			unique(t, set, "name")
			unique(t, set, "value")
			if !types[set.attr("type")] || len(set.Nodes) == 0 {
				t.Errorf("code set %s: type %q, %d codes", set.attr("name"), set.attr("type"), len(set.Nodes))
			}
		}
		checkRefs(t, root, ids, root)
	}
}

func unique(t *testing.T, section xmlNode, name string) map[string]bool {
	t.Helper()
	seen := map[string]bool{}
	for _, n := range section.Nodes {
		if v := n.attr(name); v == "" || seen[v] || len(v) > 64 {
			t.Errorf("%s: %s %q of a %s stands twice, is missing or too long", section.XMLName.Local, name, v, n.XMLName.Local)
		} else {
			seen[v] = true
		}
	}
	return seen
}

func checkRefs(t *testing.T, n xmlNode, ids map[string]map[string]bool, parent xmlNode) {
	t.Helper()
	section := map[string]string{"fieldRef": "fields", "numInGroup": "fields", "groupRef": "groups", "componentRef": "components"}[n.XMLName.Local]
	if section != "" && !ids[section][n.attr("id")] {
		t.Errorf("%s %s refers to %s %s, which is not there", parent.XMLName.Local, parent.attr("name"), n.XMLName.Local, n.attr("id"))
	}
	if n.XMLName.Space != orchestraSpace && n.XMLName.Local != "title" {
		t.Errorf("%v is in another namespace", n.XMLName)
	}
	if l := n.XMLName.Local; (l == "group" || l == "structure") && len(n.Nodes) < 2 {
		t.Errorf("%s %s is empty", l, n.attr("name"))
	}
	for _, c := range n.Nodes {
		checkRefs(t, c, ids, n)
	}
}

// TestOrchestraHasEveryRow: each row of the table is a reference in its message or
// in one of its groups, and nothing else is.
func TestOrchestraHasEveryRow(t *testing.T) {
	root := readOrchestra(t, false)
	groups := map[string]xmlNode{}
	for _, g := range root.child(t, "groups").Nodes {
		groups[g.attr("id")] = g
	}
	for i, m := range root.child(t, "messages").Nodes {
		c := Promised().Messages[i]
		got := map[string]int{}
		count(m.child(t, "structure"), groups, got)
		for _, o := range Promised().Own {
			if _, row := c.row(o.Tag, 0); !row && o.Both && c.From != "gateway" && slices.Contains(o.In, c.Type) {
				got[o.Name]--
			}
		}
		for _, r := range c.Rows {
			got[r.Name]--
		}
		for name, n := range got {
			if tag, _ := Tag(name); n != 0 {
				t.Errorf("%s: %d %s is referred to %+d times too often", c.Name, tag, name, n)
			}
		}
	}
}

func count(n xmlNode, groups map[string]xmlNode, into map[string]int) {
	for _, c := range n.Nodes {
		switch c.XMLName.Local {
		case "fieldRef", "numInGroup":
			into[nameOf(c.attr("id"))]++
		case "groupRef":
			count(groups[c.attr("id")], groups, into)
		}
	}
}

func nameOf(id string) string {
	tag := 0
	for _, d := range id {
		tag = tag*10 + int(d-'0')
	}
	name, _ := FieldName(tag)
	return name
}

// TestOrchestraOfVAMM1HasOurTags: and that of STRICT44 has those of the Logon alone.
func TestOrchestraOfVAMM1HasOurTags(t *testing.T) {
	for _, vamm1 := range []bool{false, true} {
		names := unique(t, readOrchestra(t, vamm1).child(t, "fields"), "name")
		for _, o := range Promised().Own {
			if names[o.Name] != (vamm1 || o.Both) {
				t.Errorf("VAMM1 %v: %s is there: %v", vamm1, o.Name, names[o.Name])
			}
		}
	}
}
