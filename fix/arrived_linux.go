package fix

import (
	"net"
	"syscall"
	"unsafe"
)

// allArrived tells whether the client's system has confirmed all that was
// written, but for the end of our side. A client that closed before it had read
// everything resets the connection or leaves bytes without confirmation.
func allArrived(c net.Conn) bool {
	s, ok := c.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return false
	}
	waiting, errno := int32(-1), syscall.Errno(0)
	err = raw.Control(func(fd uintptr) {
		_, _, errno = syscall.Syscall(syscall.SYS_IOCTL, fd, syscall.TIOCOUTQ, uintptr(unsafe.Pointer(&waiting)))
	})
	return err == nil && errno == 0 && waiting >= 0 && waiting <= 1
}
