package spec

import _ "embed"

//go:embed FIX44.xml
var dictionary []byte

//go:embed ROE.md
var roe string

// Dictionary returns the FIX 4.4 data dictionary of dialect STRICT44 in
// QuickFIX format. The caller must not change it.
func Dictionary() []byte { return dictionary }

// ROE returns the rules of engagement as Markdown.
func ROE() string { return roe }
