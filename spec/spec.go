package spec

import _ "embed"

//go:embed FIX44.xml
var dictionary []byte

//go:embed FIX44-VAMM1.xml
var dictionaryVAMM1 []byte

//go:embed ROE.md
var roe string

// Dictionary returns the FIX 4.4 data dictionary of dialect STRICT44 in
// QuickFIX format; what clients send is read with it in either dialect. The
// caller must not change it.
func Dictionary() []byte { return dictionary }

// DictionaryVAMM1 returns the data dictionary of dialect VAMM1: what the gateway
// sends to a client that asked for it. The caller must not change it.
func DictionaryVAMM1() []byte { return dictionaryVAMM1 }

// ROE returns the rules of engagement as Markdown.
func ROE() string { return roe }
