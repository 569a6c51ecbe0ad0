package config

import "testing"

func TestDefaultParses(t *testing.T) {
	c, err := Parse("default.toml", []byte(Default()))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", c.Markets)
}
