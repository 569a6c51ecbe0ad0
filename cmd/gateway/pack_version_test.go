package main

import (
	"strings"
	"testing"
	"time"

	"backstop/config"
)

// TestPackOfVersions: a session of another version gets the dictionaries of that
// version and settings that name them.
func TestPackOfVersions(t *testing.T) {
	for _, c := range []struct {
		begin string
		has   map[string]string
		lacks []string
	}{
		{"FIX.4.2", map[string]string{"FIX42.xml": "minor='2'", "quickfixgo.cfg": "DataDictionary=FIX42.xml\n", "acme.toml": `begin_string = "FIX.4.2"`}, []string{"FIX44.xml", "orchestra.xml"}},
		{"FIXT.1.1", map[string]string{
			"FIX50SP2.xml": "servicepack='2'", "FIXT11.xml": "type='FIXT'", "README.md": "FIXT.1.1",
			"quickfixgo.cfg": "AppDataDictionary=FIX50SP2.xml\nDefaultApplVerID=9\n", "quickfixj.cfg": "DefaultApplVerID=FIX.5.0SP2\n",
		}, []string{"FIX44.xml", "orchestra.xml"}},
	} {
		cfg := &config.Config{Fix: config.Fix{Listen: "127.0.0.1:9878", CompID: "BACKSTOP"}, Sessions: []config.Session{{
			CompID: "ACME", BeginString: c.begin, Auth: "password", HeartbeatMin: time.Second, HeartbeatMax: time.Minute,
		}}}
		f, err := factsOf(cfg, "ACME", "", dialectStrict, nil)
		if err != nil {
			t.Fatal(err)
		}
		files, err := f.files()
		if err != nil {
			t.Fatal(err)
		}
		all := map[string]string{}
		for _, file := range files {
			all[file.name] = string(file.text)
		}
		for name, want := range c.has {
			if !strings.Contains(all[name], want) {
				t.Errorf("%s: %s has no %q:\n%.600s", c.begin, name, want, all[name])
			}
		}
		for _, name := range c.lacks {
			if _, there := all[name]; there {
				t.Errorf("%s: there is a %s", c.begin, name)
			}
		}
		if _, err := factsOf(cfg, "ACME", "", dialectVAMM1, nil); err == nil {
			t.Errorf("%s: a pack in VAMM1", c.begin)
		}
	}
}
