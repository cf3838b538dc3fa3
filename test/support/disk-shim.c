/*
 * Loaded before libc (LD_PRELOAD), between a program and the file whose path ends with $DISK_SHIM_FILE, and that file's journal, whose
 * path has "-journal" after that.
 *
 *   $DISK_SHIM_FAIL=CALL:N[:once]  the Nth CALL (write, sync, head or journal) fails with EIO, and all after it unless `once`. `head` is a
 *                                  write to a descriptor opened with O_DSYNC, which is how LMDB writes its head pages; `journal` is
 *                                  one to the journal.
 *   $DISK_SHIM_LOG=PATH            what is done to the files, in order. Records of [kind u8][offset u64][length u64][bytes]:
 *                                  W written, D written and durable, S all before is durable; in lower case for the journal.
 *                                  T: text written to $DISK_SHIM_TEXT.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int logFd = -2;
static long calls[4];

static ssize_t (*realWrite)(int, const void *, size_t);
static ssize_t (*realPwrite)(int, const void *, size_t, off_t);
static ssize_t (*realWritev)(int, const struct iovec *, int);
static ssize_t (*realPwritev)(int, const struct iovec *, int, off_t);
static int (*realFdatasync)(int);
static int (*realFsync)(int);

__attribute__((constructor)) static void load(void) {
  realWrite = dlsym(RTLD_NEXT, "write");
  realPwrite = dlsym(RTLD_NEXT, "pwrite64");
  realWritev = dlsym(RTLD_NEXT, "writev");
  realPwritev = dlsym(RTLD_NEXT, "pwritev64");
  realFdatasync = dlsym(RTLD_NEXT, "fdatasync");
  realFsync = dlsym(RTLD_NEXT, "fsync");
}

static int endsWith(int fd, const char *variable, const char *more) {
  const char *value = getenv(variable);
  if (value == NULL || fd < 0) return 0;
  char end[4096];
  snprintf(end, sizeof end, "%s%s", value, more);
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  size_t wanted = strlen(end);
  return length >= (ssize_t) wanted && memcmp(path + length - wanted, end, wanted) == 0;
}

static int isJournal(int fd) { return endsWith(fd, "DISK_SHIM_FILE", "-journal"); }
static int isStore(int fd) { return endsWith(fd, "DISK_SHIM_FILE", "") || isJournal(fd); }

/* 0 write, 1 sync, 2 head, 3 journal */
static int fails(int kind) {
  static const char *names[] = { "write", "sync", "head", "journal" };
  const char *fail = getenv("DISK_SHIM_FAIL");
  if (fail == NULL) return 0;
  long n = ++calls[kind];
  size_t length = strlen(names[kind]);
  if (strncmp(fail, names[kind], length) != 0 || fail[length] != ':') return 0;
  long at = strtol(fail + length + 1, NULL, 10);
  return strstr(fail, ":once") != NULL ? n == at : n >= at;
}

static void record(char kind, uint64_t offset, const void *bytes, uint64_t length) {
  if (logFd == -2) {
    const char *path = getenv("DISK_SHIM_LOG");
    logFd = path == NULL ? -1 : open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
  }
  if (logFd < 0) return;
  unsigned char head[17] = { (unsigned char) kind };
  memcpy(head + 1, &offset, 8);
  memcpy(head + 9, &length, 8);
  if (realWrite(logFd, head, 17) != 17 || (length > 0 && realWrite(logFd, bytes, length) != (ssize_t) length)) abort();
}

static int isDurable(int fd) { return (fcntl(fd, F_GETFL) & O_DSYNC) != 0; }

/* The lock makes the order in the log that of the calls. */
static ssize_t store(int fd, const void *bytes, size_t length, off_t offset) {
  int durable = isDurable(fd), journal = isJournal(fd);
  pthread_mutex_lock(&lock);
  ssize_t written = -1;
  if (fails(journal ? 3 : durable ? 2 : 0)) errno = EIO;
  else {
    written = realPwrite(fd, bytes, length, offset);
    if (written > 0) record((durable ? 'D' : 'W') + (journal ? 32 : 0), (uint64_t) offset, bytes, (uint64_t) written);
  }
  pthread_mutex_unlock(&lock);
  return written;
}

static ssize_t storeAll(int fd, const struct iovec *parts, int count, off_t offset) {
  ssize_t all = 0;
  for (int i = 0; i < count; i++) {
    ssize_t written = store(fd, parts[i].iov_base, parts[i].iov_len, offset + all);
    if (written < 0) return all > 0 ? all : -1;
    all += written;
    if ((size_t) written < parts[i].iov_len) break;
  }
  return all;
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t offset) {
  return isStore(fd) ? store(fd, bytes, length, offset) : realPwrite(fd, bytes, length, offset);
}
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) { return pwrite64(fd, bytes, length, offset); }

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t offset) {
  return isStore(fd) ? storeAll(fd, parts, count, offset) : realPwritev(fd, parts, count, offset);
}
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) { return pwritev64(fd, parts, count, offset); }

ssize_t write(int fd, const void *bytes, size_t length) {
  if (isStore(fd)) {
    ssize_t written = store(fd, bytes, length, lseek(fd, 0, SEEK_CUR));
    if (written > 0) lseek(fd, written, SEEK_CUR);
    return written;
  }
  if (endsWith(fd, "DISK_SHIM_TEXT", "")) {
    pthread_mutex_lock(&lock);
    record('T', 0, bytes, length);
    pthread_mutex_unlock(&lock);
  }
  return realWrite(fd, bytes, length);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  if (!isStore(fd)) return realWritev(fd, parts, count);
  ssize_t written = storeAll(fd, parts, count, lseek(fd, 0, SEEK_CUR));
  if (written > 0) lseek(fd, written, SEEK_CUR);
  return written;
}

static int syncStore(int fd, int (*real)(int)) {
  if (!isStore(fd)) return real(fd);
  int journal = isJournal(fd);
  pthread_mutex_lock(&lock);
  int result = -1;
  if (!journal && fails(1)) errno = EIO;
  else {
    result = real(fd);
    if (result == 0) record(journal ? 's' : 'S', 0, NULL, 0);
  }
  pthread_mutex_unlock(&lock);
  return result;
}
int fdatasync(int fd) { return syncStore(fd, realFdatasync); }
int fsync(int fd) { return syncStore(fd, realFsync); }
