package acceptance

import (
	"fmt"
	"strings"

	"backstop/spec"
)

// promisedValues are the fields that the gateway says in each message, as "TYPE TAG", and
// their values where these are listed, as "TYPE TAG=VALUE", of our own tags, in whatever
// message, as "TAG=VALUE". What clients alone say is not among them, nor are the fields of
// the messages that both sides of a session say alike.
func promisedValues() (all []string) {
	t := spec.Promised()
	told := func(kind string) bool {
		c, listed := t.Chapter(kind)
		return listed && c.From != "client" && !strings.Contains(" A 2 4 ", " "+kind+" ")
	}
	for _, c := range t.Messages {
		if c.From == "client" {
			continue
		}
		for _, r := range c.Rows {
			if told(c.Type) {
				all = append(all, fmt.Sprintf("%s %d", c.Type, r.Tag))
			}
			for _, v := range r.Values {
				all = append(all, fmt.Sprintf("%s %d=%s", c.Type, r.Tag, v))
			}
		}
	}
	for _, o := range t.Own {
		for _, kind := range o.In {
			if told(kind) {
				all = append(all, fmt.Sprintf("%s %d", kind, o.Tag))
			}
		}
		for _, v := range o.Values {
			all = append(all, fmt.Sprintf("%d=%s", o.Tag, v.Enum))
		}
	}
	return all
}
