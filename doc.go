// Package backstop is the root of a designated market maker that institutions
// connect to over FIX. The root holds no code, only the tests that keep the
// house plan (house_test.go) and its tidiness (tidy_test.go); see ARCHITECTURE.md.
package backstop
