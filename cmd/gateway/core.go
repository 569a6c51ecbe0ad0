package main

import "syscall"

// noCore keeps the system from writing the memory of this process to a file when it
// dies: passwords are in it for as long as they are compared, keys for good. What a
// developer needs, the traces of all goroutines, goes to standard error. A handler
// of the system's that takes dumps through a pipe has to heed the limit itself.
func noCore() error { return syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}) }
