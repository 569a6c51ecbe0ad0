package certify

import "fmt"

// ClientSuite is what the reference client plays: the scenarios whose name contains
// only. ErrNoSuite: there is none.
func ClientSuite(only string) (Suite, error) {
	cases, err := loadFiles(scripts, suiteClient)
	if err != nil {
		return Suite{}, err
	}
	suite := Suite{Name: suiteClient, Cases: cases}.Only(only)
	if len(suite.Cases) == 0 {
		return suite, fmt.Errorf("no scenario has %q in its name: %w", only, ErrNoSuite)
	}
	return suite, nil
}
