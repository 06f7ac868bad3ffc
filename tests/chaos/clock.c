/* Preloaded into one broker, so that its wall clock can jump while it runs and nobody else's does: time namespaces leave
   CLOCK_REALTIME alone, and setting the machine's clock would hit everybody. The shift, in seconds, is read from the mapped
   file WEIR_CHAOS_CLOCK at every call. Monotonic clocks stay what they are, as they do on a real machine. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile const long long *shift;

__attribute__((constructor)) static void map_shift(void) {
  const char *path = getenv("WEIR_CHAOS_CLOCK");
  int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (file < 0) return;
  void *mapped = mmap(NULL, sizeof *shift, PROT_READ, MAP_SHARED, file, 0);
  if (mapped != MAP_FAILED) shift = mapped;
  close(file);
}

static long long seconds(void) { return shift ? *shift : 0; }

int clock_gettime(clockid_t id, struct timespec *to) {
  int failed = (int)syscall(SYS_clock_gettime, id, to);
  if (!failed && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) to->tv_sec += seconds();
  return failed;
}

int gettimeofday(struct timeval *restrict to, void *restrict zone) {
  int failed = (int)syscall(SYS_gettimeofday, to, zone);
  if (!failed && to) to->tv_sec += seconds();
  return failed;
}

time_t time(time_t *to) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (to) *to = now.tv_sec;
  return now.tv_sec;
}
