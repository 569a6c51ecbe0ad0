package acceptance

import (
	"context"
	"strings"
	"time"

	"backstop/certify"
)

const (
	answerMax = 30 * time.Second // for one expected message
	soh       = certify.SOH
)

// complete and readMessage frame what the clients of this room send and read.
var (
	complete    = certify.Complete
	readMessage = certify.ReadMessage
)

// RunDefinition plays a definition file of QuickFIX against an acceptor.
func RunDefinition(file, addr string) error {
	suite, err := certify.LoadSuite(file, 0, certify.Target{})
	if err != nil {
		return err
	}
	return suite.Cases[0].Play(context.Background(), certify.Target{Addr: addr})
}

func readable(m string) string { return strings.ReplaceAll(m, soh, "|") }
