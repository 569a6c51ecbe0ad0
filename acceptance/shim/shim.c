// A disk that fails when a test says so. Preloaded into a process, it stands
// between SQLite and the C library for the files of one database:
//
//   BACKSTOP_SHIM_DB     the database, by its full path; its -wal and -journal
//                        and its directory count too, the shared memory does not
//   BACKSTOP_SHIM_FAULT  mode:n  at the n-th write, sync or truncation:
//                        kill         the process dies before it
//                        torn         the process dies with half of it done
//                        eio, enospc  it fails once
//                        eio-sticky, enospc-sticky  it and all after it fail
//   BACKSTOP_SHIM_HIT    a file that gets the time and kind of the fault
//   BACKSTOP_SHIM_TRACE  a file that gets a record of each change, in order
//
// A record is an operation (W write, S sync, T truncate, C create, U unlink), a
// file (d database, w WAL, j journal, D directory), an offset and a length, both
// of 8 bytes, and the bytes of a write. Go itself writes past the C library, so
// nothing else of the process is touched.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { FDS = 4096 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char kind[FDS]; // of the file behind a descriptor; 0: none of ours
static const char *db, *hit;
static char mode[32];
static long at, count;
static int trace = -1;

static int (*real_open)(const char *, int, ...);
static int (*real_close)(int);
static int (*real_unlink)(const char *);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_ftruncate)(int, off_t);

__attribute__((constructor)) static void begin(void) {
	real_open = dlsym(RTLD_NEXT, "open64");
	real_close = dlsym(RTLD_NEXT, "close");
	real_unlink = dlsym(RTLD_NEXT, "unlink");
	real_write = dlsym(RTLD_NEXT, "write");
	real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
	real_fsync = dlsym(RTLD_NEXT, "fsync");
	real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
	real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
	db = getenv("BACKSTOP_SHIM_DB");
	hit = getenv("BACKSTOP_SHIM_HIT");
	const char *fault = getenv("BACKSTOP_SHIM_FAULT"), *to = getenv("BACKSTOP_SHIM_TRACE");
	if (fault)
		sscanf(fault, "%31[a-z-]:%ld", mode, &at);
	if (to)
		trace = syscall(SYS_openat, AT_FDCWD, to, O_WRONLY | O_CREAT | O_APPEND, 0600);
}

// kind_of tells which of our files a path names.
static char kind_of(const char *path) {
	if (!db)
		return 0;
	size_t n = strlen(db);
	if (strncmp(path, db, n) == 0) {
		if (!path[n])
			return 'd';
		if (strcmp(path + n, "-wal") == 0)
			return 'w';
		if (strcmp(path + n, "-journal") == 0)
			return 'j';
		return 0;
	}
	size_t dir = strrchr(db, '/') - db;
	return strncmp(path, db, dir) == 0 && !path[dir] ? 'D' : 0;
}

static char kind_at(int fd) { return fd >= 0 && fd < FDS ? kind[fd] : 0; }

static void record(char op, char file, int64_t offset, int64_t n, const void *bytes) {
	if (trace < 0)
		return;
	char head[18] = {op, file};
	memcpy(head + 2, &offset, 8);
	memcpy(head + 10, &n, 8);
	struct iovec parts[2] = {{head, sizeof head}, {(void *)bytes, op == 'W' ? n : 0}};
	// One call, so that records of others who append do not come between.
	if (syscall(SYS_writev, trace, parts, 2) != (long)(sizeof head + parts[1].iov_len))
		abort();
}

static void tell(const char *what) {
	int fd = hit ? syscall(SYS_openat, AT_FDCWD, hit, O_WRONLY | O_CREAT | O_EXCL, 0600) : -1;
	if (fd < 0)
		return; // Told already, or nobody asked.
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	char line[96];
	int n = snprintf(line, sizeof line, "%lld %s %s\n", (long long)now.tv_sec * 1000000000 + now.tv_nsec, mode, what);
	if (syscall(SYS_write, fd, line, n) != n)
		abort();
	syscall(SYS_close, fd);
}

// turn counts a change. It returns 0 if it may be done, -1 with errno if it
// fails, and 1 if the process dies half way through it.
static int turn(const char *what) {
	count++;
	if (!at || count < at || (count > at && !strstr(mode, "-sticky")))
		return 0;
	tell(what);
	if (strcmp(mode, "kill") == 0)
		raise(SIGKILL);
	if (strcmp(mode, "torn") == 0)
		return 1;
	errno = strncmp(mode, "eio", 3) == 0 ? EIO : ENOSPC;
	return -1;
}

static int opened(int fd, char file, int made) {
	if (fd >= 0 && fd < FDS) {
		pthread_mutex_lock(&lock);
		kind[fd] = file;
		if (file && made)
			record('C', file, 0, 0, NULL);
		pthread_mutex_unlock(&lock);
	}
	return fd;
}

static int open_any(const char *path, int flags, mode_t perm) {
	char file = kind_of(path);
	int made = file && (flags & O_CREAT) && access(path, F_OK) != 0;
	return opened(real_open(path, flags, perm), file, made);
}

#define OPEN(name)                                     \
	int name(const char *path, int flags, ...) {       \
		va_list rest;                                  \
		va_start(rest, flags);                         \
		mode_t perm = flags & O_CREAT ? va_arg(rest, mode_t) : 0; \
		va_end(rest);                                  \
		return open_any(path, flags, perm);            \
	}

OPEN(open)
OPEN(open64)

int close(int fd) {
	pthread_mutex_lock(&lock);
	if (fd >= 0 && fd < FDS)
		kind[fd] = 0;
	pthread_mutex_unlock(&lock);
	return real_close(fd);
}

int unlink(const char *path) {
	char file = kind_of(path);
	pthread_mutex_lock(&lock);
	int r = real_unlink(path);
	if (file && r == 0)
		record('U', file, 0, 0, NULL);
	pthread_mutex_unlock(&lock);
	return r;
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off_t offset) {
	char file = kind_at(fd);
	if (!file)
		return real_pwrite(fd, bytes, n, offset);
	pthread_mutex_lock(&lock);
	ssize_t r = turn("write");
	if (r > 0) {
		real_pwrite(fd, bytes, n / 2, offset);
		raise(SIGKILL);
	}
	if (r == 0 && (r = real_pwrite(fd, bytes, n, offset)) > 0)
		record('W', file, offset, r, bytes);
	pthread_mutex_unlock(&lock);
	return r;
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t offset) { return pwrite64(fd, bytes, n, offset); }

ssize_t write(int fd, const void *bytes, size_t n) {
	if (!kind_at(fd))
		return real_write(fd, bytes, n);
	off_t offset = lseek(fd, 0, SEEK_CUR);
	ssize_t r = pwrite64(fd, bytes, n, offset);
	if (r > 0)
		lseek(fd, offset + r, SEEK_SET);
	return r;
}

static int sync_any(int fd, int (*real)(int)) {
	char file = kind_at(fd);
	if (!file)
		return real(fd);
	pthread_mutex_lock(&lock);
	// SQLite takes no notice when the sync of a directory fails, and the store syncs
	// it again itself: no error to wait for.
	int r = file == 'D' && mode[0] == 'e' ? 0 : turn("sync");
	if (r > 0)
		raise(SIGKILL);
	if (r == 0 && (r = real(fd)) == 0)
		record('S', file, 0, 0, NULL);
	pthread_mutex_unlock(&lock);
	return r;
}

int fsync(int fd) { return sync_any(fd, real_fsync); }
int fdatasync(int fd) { return sync_any(fd, real_fdatasync); }

int ftruncate64(int fd, off_t size) {
	char file = kind_at(fd);
	if (!file)
		return real_ftruncate(fd, size);
	pthread_mutex_lock(&lock);
	int r = turn("truncate");
	if (r > 0)
		raise(SIGKILL);
	if (r == 0 && (r = real_ftruncate(fd, size)) == 0)
		record('T', file, size, 0, NULL);
	pthread_mutex_unlock(&lock);
	return r;
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }
