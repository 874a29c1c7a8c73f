/* A disk that fails when it is told to: loaded in front of the C library (LD_PRELOAD) of a running node.

   NOVATE_FAULT names a file. As long as it is there, its first word says what fails, on files of a venue's
   journal only:  "pwrite N"  "fdatasync N"  with error number N;  "torn N" writes the first 512 bytes, then
   fails. With NOVATE_NO_DIRECT no file is opened for direct writes, so that every block is flushed. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define SECTOR 512

static int is_journal(int fd)
{
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0)
        return 0;
    path[length] = 0;
    return strstr(path, "/venue/journal/segment-") != NULL;
}

static int fault(const char *wanted)
{
    const char *control = getenv("NOVATE_FAULT");
    char word[32];
    int number = 0;
    FILE *file = control ? fopen(control, "r") : NULL;
    if (!file)
        return 0;
    if (fscanf(file, "%31s %d", word, &number) != 2 || strcmp(word, wanted))
        number = 0;
    fclose(file);
    return number;
}

static ssize_t write_or_fail(int fd, const void *data, size_t size, off64_t offset)
{
    static ssize_t (*real)(int, const void *, size_t, off64_t);
    static int torn;
    if (!real)
        real = dlsym(RTLD_NEXT, "pwrite64");
    if (is_journal(fd)) {
        int number = fault("pwrite");
        if (!number && (number = fault("torn")) && !torn && size > SECTOR) {
            torn = 1;
            return real(fd, data, SECTOR, offset);
        }
        if (number) {
            errno = number;
            return -1;
        }
    }
    return real(fd, data, size, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset)
{
    return write_or_fail(fd, data, size, offset);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
    return write_or_fail(fd, data, size, offset);
}

int fdatasync(int fd)
{
    static int (*real)(int);
    int number;
    if (!real)
        real = dlsym(RTLD_NEXT, "fdatasync");
    if (is_journal(fd) && (number = fault("fdatasync"))) {
        errno = number;
        return -1;
    }
    return real(fd);
}

static int open_or_fail(const char *name, const char *path, int flags, mode_t mode)
{
    int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, name);
    if ((flags & O_DIRECT) && getenv("NOVATE_NO_DIRECT")) {
        errno = EINVAL;
        return -1;
    }
    return real(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = ((flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return open_or_fail("open64", path, flags, mode);
}

int open(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = ((flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return open_or_fail("open", path, flags, mode);
}
