package ops

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"backstop/perp"
)

// Persons tells by which tokens the people of the desk are known, as the SHA-256 of
// each. A token has 256 random bits, so its hash tells nothing, and
// finding it in a map takes a time that says nothing of it.
func (a *Admin) Persons(byHash map[[sha256.Size]byte]string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.persons = byHash
}

// who is at the other end, for the audit, and the person that counts for approvals:
// the one whose token it is or, where nobody has one, the user of the process. The
// name that a client gives itself is noted and counts for nothing.
func (a *Admin) who(r *http.Request, c DeskCommand) (who, person string) {
	who, _ = r.Context().Value(peerKey{}).(string)
	person = who
	a.mu.Lock()
	persons := a.persons
	a.mu.Unlock()
	if len(persons) > 0 {
		person = ""
		if c.Token != "" {
			person = persons[sha256.Sum256([]byte(c.Token))]
		}
	}
	if c.By != "" {
		who += " " + c.By
	}
	if person != "" && len(persons) > 0 {
		who = person + ", " + who
	}
	return who, person
}

// shared makes a proposal of a command if it is to be one, and says whose it is.
func (c DeskCommand) shared(cmd perp.Command, who, person string) (perp.Command, error) {
	if approval, ok := cmd.(perp.ApproveChange); ok {
		if c.Propose {
			return nil, errors.New("propose: an approval is not proposed")
		}
		approval.Person = person
		return approval, nil
	}
	if !c.Propose {
		return cmd, nil
	}
	payload, err := json.Marshal(cmd)
	if err != nil {
		return nil, fmt.Errorf("propose: %w", err)
	}
	op := perp.Operator{Key: c.Key, By: who, Reason: c.Reason}
	return perp.ProposeChange{Operator: op, Person: person, Command: cmd.Kind(), Payload: payload}, nil
}
