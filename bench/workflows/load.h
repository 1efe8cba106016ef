/* What the load clients share: the workers' tokens from a file, and connections. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct worker {
  int fd;
  char token[64], workflow[40], boot[40], machine[40];
  int step, got;
};

static struct worker *workers;
static int count;

static long long nanoseconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void fail(const char *why, const char *detail) {
  fprintf(stderr, "load: %s %s\n", why, detail);
  exit(1);
}

static void read_workers(const char *path) {
  FILE *file = fopen(path, "r");
  if (!file) fail("cannot read", path);
  workers = calloc(100000, sizeof *workers);
  while (fscanf(file, "%63s %39s %39s %39s", workers[count].token, workers[count].workflow, workers[count].boot,
                workers[count].machine) == 4)
    count++;
  fclose(file);
  /* Two connections each. A limit that was lowered cannot be raised again everywhere. */
  struct rlimit limit;
  rlim_t wanted = 2 * count + 1000;
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_max < wanted) limit.rlim_max = wanted;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

static void connect_worker(struct worker *w, int port) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int one = 1;
  w->fd = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(w->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect(w->fd, (void *)&to, sizeof to)) fail("could not connect:", strerror(errno));
}
