package acceptance

import (
	"fmt"

	"backstop/spec"
)

// promisedValues are the values that the gateway says in fields which have a list of
// them, as "TYPE TAG=VALUE", of our own tags, in whatever message, as "TAG=VALUE".
func promisedValues() (all []string) {
	t := spec.Promised()
	for _, c := range t.Messages {
		if c.From == "client" {
			continue
		}
		for _, r := range c.Rows {
			for _, v := range r.Values {
				all = append(all, fmt.Sprintf("%s %d=%s", c.Type, r.Tag, v))
			}
		}
	}
	for _, o := range t.Own {
		for _, v := range o.Values {
			all = append(all, fmt.Sprintf("%d=%s", o.Tag, v.Enum))
		}
	}
	return all
}
