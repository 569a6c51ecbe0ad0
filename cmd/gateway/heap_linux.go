package main

import (
	"bytes"
	"os"
	"reflect"
	"syscall"
)

// unpage gives back the pages of memory that is all zero and stays so. There are some
// if the memory begins where other had been, which was cleared then. If it fails, they
// stay, which costs no more than that.
func unpage(b []byte) { _ = syscall.Madvise(b, syscall.MADV_DONTNEED) }

// pagesMode says who gets large pages without asking.
const pagesMode = "/sys/kernel/mm/transparent_hugepage/enabled"

// onRequest tells whether the kernel gives large pages to those who ask.
func onRequest() bool {
	mode, err := os.ReadFile(pagesMode)
	return err == nil && bytes.Contains(mode, []byte("[madvise]"))
}

// advised asks for large pages in memory that has no pages yet, until end is called: from
// then on who needs a page is not to wait until a large one is found. Where all or none
// are large there is nothing to ask for.
func advised(b []byte) (end func()) {
	at, n := reflect.ValueOf(b).Pointer(), uintptr(len(b))
	if !onRequest() || syscall.Madvise(b, syscall.MADV_HUGEPAGE) != nil {
		return func() {}
	}
	// The heap keeps its addresses for the life of the process, whatever stands there by
	// then. If it fails, pages go on to be large.
	return func() { _, _, _ = syscall.Syscall(syscall.SYS_MADVISE, at, n, syscall.MADV_NOHUGEPAGE) }
}
