//go:build !faults

package acceptance

// sideBySide is how many tests wait at once.
const sideBySide = 4
