/* What stands between SQLite and its files when a disk is to fail: loaded with
 * LD_PRELOAD into a process under test, it counts the writes, syncs and removals of files
 * whose path contains SHIM_MATCH, and at number SHIM_AT does SHIM_DO: kill, eio or
 * enospc, from then on if SHIM_STICKY is set. SHIM_TRACE names a file that gets a
 * record of each of them, SHIM_COUNT one that holds how many there were. Test only.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static const char *match;
static long at;
static int sticky, trace = -1;
static enum { NOTHING, KILL, FAIL_EIO, FAIL_ENOSPC } act;
static volatile uint64_t *count, own_count;

static void setup(void) {
	const char *s;
	match = getenv("SHIM_MATCH");
	if ((s = getenv("SHIM_AT"))) at = atol(s);
	sticky = getenv("SHIM_STICKY") != NULL;
	if ((s = getenv("SHIM_DO"))) act = !strcmp(s, "kill") ? KILL : !strcmp(s, "eio") ? FAIL_EIO : !strcmp(s, "enospc") ? FAIL_ENOSPC : NOTHING;
	if ((s = getenv("SHIM_TRACE"))) trace = open(s, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	count = &own_count;
	if ((s = getenv("SHIM_COUNT"))) {
		int fd = open(s, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (fd >= 0 && syscall(SYS_ftruncate, fd, 8L) == 0) { /* by number: ours would wait for this setup */
			void *p = mmap(NULL, 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
			if (p != MAP_FAILED) count = p;
		}
	}
}

static int path_of(int fd, char *path, size_t size) {
	char link[32];
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, path, size - 1);
	if (n <= 0) return 0;
	path[n] = 0;
	return match && strstr(path, match) != NULL;
}

/* The record: kind, length of the path, offset, length; the path; the bytes. */
static void record(char kind, const char *path, int64_t offset, const void *bytes, int64_t length) {
	struct { char kind; char pad[3]; uint32_t path; int64_t offset, length; } head = {kind, {0}, (uint32_t)strlen(path), offset, length};
	if (trace < 0) return;
	/* By number, so that none of it comes back here. */
	syscall(SYS_write, trace, &head, sizeof head);
	syscall(SYS_write, trace, path, head.path);
	if (bytes) syscall(SYS_write, trace, bytes, (size_t)length);
}

/* at_path counts one operation. It returns an error to fail with, or 0. */
static int at_path(const char *path, char kind, int64_t offset, const void *bytes, int64_t length) {
	int fail = 0;
	pthread_mutex_lock(&lock);
	uint64_t n = ++*count;
	if (act != NOTHING && (sticky ? n >= (uint64_t)at : n == (uint64_t)at)) {
		if (act == KILL) {
			kill(getpid(), SIGKILL);
			for (;;) pause();
		}
		fail = act == FAIL_EIO ? EIO : ENOSPC;
	} else {
		record(kind, path, offset, bytes, length);
	}
	pthread_mutex_unlock(&lock);
	return fail;
}

static int step(int fd, char kind, int64_t offset, const void *bytes, int64_t length) {
	char path[4096];
	pthread_once(&once, setup);
	if (!match || !path_of(fd, path, sizeof path)) return 0;
	return at_path(path, kind, offset, bytes, length);
}

#define REAL(fn) \
	static __typeof__(&fn) real; \
	if (!real) real = (__typeof__(&fn))dlsym(RTLD_NEXT, #fn)

ssize_t write(int fd, const void *bytes, size_t n) {
	REAL(write);
	int e = step(fd, 'w', lseek(fd, 0, SEEK_CUR), bytes, (int64_t)n);
	if (e) { errno = e; return -1; }
	return real(fd, bytes, n);
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t offset) {
	REAL(pwrite);
	int e = step(fd, 'w', offset, bytes, (int64_t)n);
	if (e) { errno = e; return -1; }
	return real(fd, bytes, n, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t offset) {
	REAL(pwrite64);
	int e = step(fd, 'w', offset, bytes, (int64_t)n);
	if (e) { errno = e; return -1; }
	return real(fd, bytes, n, offset);
}

int fsync(int fd) {
	REAL(fsync);
	int e = step(fd, 's', 0, NULL, 0);
	if (e) { errno = e; return -1; }
	return real(fd);
}

int fdatasync(int fd) {
	REAL(fdatasync);
	int e = step(fd, 's', 0, NULL, 0);
	if (e) { errno = e; return -1; }
	return real(fd);
}

int ftruncate(int fd, off_t size) {
	REAL(ftruncate);
	int e = step(fd, 't', size, NULL, 0);
	if (e) { errno = e; return -1; }
	return real(fd, size);
}

int ftruncate64(int fd, off64_t size) {
	REAL(ftruncate64);
	int e = step(fd, 't', size, NULL, 0);
	if (e) { errno = e; return -1; }
	return real(fd, size);
}

int unlink(const char *path) {
	REAL(unlink);
	pthread_once(&once, setup);
	int e = match && strstr(path, match) ? at_path(path, 'd', 0, NULL, 0) : 0;
	if (e) { errno = e; return -1; }
	return real(path);
}
