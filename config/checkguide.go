package config

import "fmt"

// unguided refuses guides where there are no certification markets: what a client
// says where it deals for money is not for a file beside the books.
func (k *checker) unguided() {
	for i, s := range k.c.Sessions {
		if path := fmt.Sprintf("session[%d].guided", i); s.Guided && !k.atFault(path) {
			k.fault(path, Problem{
				What: fmt.Sprintf("session %q is guided, but there are no certification markets", s.CompID),
				Hint: "run certification markets (" + certPrefix + "…) in a gateway of their own, or leave guided out",
			})
		}
	}
}

// guide checks what a guided session needs: the checks read executions as later
// versions say them, and judge who asks for something.
func (k *checker) guide(path string, s *Session) {
	at := path + ".guided"
	switch {
	case !s.Guided || k.atFault(at):
	case s.BeginString == "FIX.4.2":
		k.fault(at, Problem{What: fmt.Sprintf("session %q speaks FIX.4.2, which no check of the certification reads", s.CompID), Allowed: "FIX.4.4, FIXT.1.1"})
	case len(s.Roles) == 1 && s.Roles[0] == "drop_copy":
		k.fault(at, Problem{What: fmt.Sprintf("session %q only looks on: there is nothing to certify", s.CompID)})
	}
}
