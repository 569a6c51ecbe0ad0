package config

import _ "embed"

//go:embed default.toml
var defaultFile string

// Default is the complete, commented configuration that `config init` prints.
// It runs as it is: a synthetic feed, loopback only, one demo client.
func Default() string { return defaultFile }
