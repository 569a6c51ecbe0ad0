//go:build !linux

package main

// unpage gives nothing back where this is not known.
func unpage([]byte) {}

// advised asks for nothing where this is not known.
func advised([]byte) (end func()) { return func() {} }
