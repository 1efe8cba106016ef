/*
 * tftp-load HOST PORT FILE BLKSIZE WINDOWSIZE CLIENTS: that many clients read one file over TFTP at the same time, as fast
 * as the server gives it (RFC 1350, 2347, 2348, 7440), and drop it. A client acknowledges the last block before a gap once
 * (RFC 7440 section 4), and after a second of silence says again what it said last. Prints "BYTES SECONDS WINDOWSIZE": of
 * all of them, until the last has ended, and as the server granted it. Exit 75 where one of them is left in silence, 76
 * where one gets an ERROR.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SILENCES = 20 };

struct client {
  int fd, is_open, is_over, blksize, windowsize, in_window, told_gap, silences;
  unsigned long long blocks, bytes;
  double heard;
  struct sockaddr_in server;
};

static struct sockaddr_in listener;
static unsigned char packet[65536];
static char request[512];
static int request_length, live, granted = 1;
static unsigned long long total;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

/* What the client said last: its request, or that it has all blocks so far. */
static void say(struct client *c) {
  unsigned char ack[4] = {0, 4, c->blocks >> 8, c->blocks};
  if (c->is_open) sendto(c->fd, ack, sizeof ack, 0, (void *)&c->server, sizeof c->server);
  else sendto(c->fd, request, request_length, 0, (void *)&listener, sizeof listener);
  c->in_window = 0;
}

static void end(struct client *c) {
  c->is_over = 1;
  total += c->bytes;
  live--;
  close(c->fd);
}

static void take_options(struct client *c, int length) {
  for (char *name = (char *)packet + 2, *last = (char *)packet + length; name < last;) {
    char *value = name + strlen(name) + 1;
    if (!strcasecmp(name, "blksize")) c->blksize = atoi(value);
    if (!strcasecmp(name, "windowsize")) granted = c->windowsize = atoi(value);
    name = value + strlen(value) + 1;
  }
}

static void take_data(struct client *c, int length, double when) {
  int block = packet[2] << 8 | packet[3], ahead = (block - (int)c->blocks) & 0xffff;
  if (ahead != 1) {
    if (ahead == 0) say(c); /* our ACK was lost */
    else if (ahead < 0x8000 && !c->told_gap) {
      c->told_gap = 1;
      say(c);
    }
    return;
  }
  c->blocks++;
  c->bytes += length - 4;
  c->heard = when;
  c->told_gap = c->silences = 0;
  int is_last = length - 4 < c->blksize;
  if (++c->in_window >= c->windowsize || is_last) say(c);
  if (is_last) end(c);
}

/* Takes one datagram. Returns whether there may be another. */
static int take(struct client *c, int flags) {
  struct sockaddr_in from;
  socklen_t size = sizeof from;
  int got = recvfrom(c->fd, packet, sizeof packet - 1, flags, (void *)&from, &size);
  if (got < 4) return got >= 0;
  packet[got] = 0;
  if (c->is_open && from.sin_port != c->server.sin_port) return 1;
  c->server = from;
  if (packet[1] == 5) {
    fprintf(stderr, "ERROR %d %s\n", packet[3], packet + 4);
    exit(76);
  }
  if (packet[1] == 6 && !c->is_open) {
    c->is_open = 1;
    c->heard = now();
    take_options(c, got);
    say(c);
  } else if (packet[1] == 3) {
    c->is_open = 1;
    take_data(c, got, live > 1 ? now() : 0);
  }
  return !c->is_over;
}

static void look_for_silence(struct client *all, int clients, double when) {
  for (int i = 0; i < clients; i++) {
    struct client *c = &all[i];
    if (c->is_over || when - c->heard < 1) continue;
    if (++c->silences > SILENCES) exit(75);
    c->heard = when;
    say(c);
  }
}

int main(int count, char **argument) {
  if (count != 7) return 64;
  int clients = atoi(argument[6]), epoll = epoll_create1(0), room = 1 << 20;
  struct rlimit files = {8192, 8192};
  setrlimit(RLIMIT_NOFILE, &files);
  listener.sin_family = AF_INET;
  listener.sin_port = htons(atoi(argument[2]));
  inet_pton(AF_INET, argument[1], &listener.sin_addr);
  request[1] = 1;
  request_length = 3 + snprintf(request + 2, sizeof request - 2, "%s%coctet%cblksize%c%s%cwindowsize%c%s", argument[3], 0, 0, 0,
                                argument[4], 0, 0, argument[5]);
  struct client *all = calloc(clients, sizeof *all);
  double start = now(), looked = start;
  live = clients;
  for (int i = 0; i < clients; i++) {
    struct client *c = &all[i];
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    c->fd = socket(AF_INET, SOCK_DGRAM, 0);
    c->blksize = 512;
    c->windowsize = 1;
    c->heard = now();
    setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    /* A lone client waits in recvfrom itself: one call less for each block. */
    struct timeval second = {.tv_sec = 1};
    if (clients == 1) setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second);
    else epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event);
    say(c);
  }
  while (live > 0 && clients == 1) {
    if (take(all, 0) || all->is_over) continue;
    if (++all->silences > SILENCES) return 75;
    say(all);
  }
  while (live > 0) {
    struct epoll_event events[64];
    int ready = epoll_wait(epoll, events, 64, 10);
    for (int i = 0; i < ready; i++) {
      struct client *c = events[i].data.ptr;
      /* In lock-step there is no second datagram to ask for. */
      while (take(c, MSG_DONTWAIT) && c->windowsize > 1);
    }
    double when = now();
    if (when - looked < 0.01) continue;
    look_for_silence(all, clients, when);
    looked = when;
  }
  printf("%llu %f %d\n", total, now() - start, granted);
  return 0;
}
