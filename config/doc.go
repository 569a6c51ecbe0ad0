// Package config answers one question: what did the operator say? In a file,
// on the command line, in the environment.
//
// # What this room does
//
// It reads the TOML configuration strictly and reports every fault of it at
// once, with the place, what is allowed and what was probably meant. It holds
// the secrets (as they are, or as hashes), reads certificates, and hands the
// other rooms the values that they are made of. It also carries the command
// line: from one table of commands it makes dispatch, help, completion and the
// reference in docs/cli.md.
//
// # In and out
//
// Parse and Load turn a file into a *Config or into Problems. Config.Specs,
// Config.RiskAccounts and the plain fields go to cmd/gateway, which builds the
// rooms. Main takes the command table and the arguments and returns one of the
// Exit codes.
//
// # Always true
//
//   - The file that `config init` prints is accepted as it is, and every key
//     of it exists in Config and the other way round (TestDefaultIsComplete).
//   - No input makes Parse panic, and what it reports has a place inside the
//     file (FuzzParse).
//   - All faults are reported, not only the first (TestEveryFaultIsReported).
//   - A secret never shows in the printed configuration (TestShowHidesSecrets).
//   - A secret, a hash or a key that others may read is refused
//     (TestSecretsAreRead, TestSigningKeys, TestTLSFilesAreRead, TestClientTLS),
//     and no error repeats one (TestBadHashes, TestSigningKeys).
//   - Nothing that is printed steers a terminal (TestNothingSteersTheTerminal).
//   - Every command has a summary and an example, and no line of help is wider
//     than 80 columns (TestHelpFitsTheScreen, in cmd/gateway).
//
// # Not here
//
// What the parameters mean for a quote (quoting) or for an account (risk),
// how a command does its work (cmd/gateway).
package config
