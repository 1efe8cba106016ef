/*
 * http-load ADDRESS PORT PATH CLIENTS REPEATS: downloads PATH with CLIENTS connections at once, each REPEATS times one after
 * the other. The kernel throws the body away (MSG_TRUNC), so that the client costs little beside the server.
 * Prints one line: bytes and seconds. Exit 1 if an answer is not a whole 200.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct client {
  int fd, left_requests;
  long long left; /* of the body; -1 while the head is awaited */
};

static char request[1024], sink[1 << 20];

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static void fail(const char *why) {
  fprintf(stderr, "http-load: %s\n", why);
  exit(1);
}

static void ask(struct client *c) {
  c->left = -1;
  if (write(c->fd, request, strlen(request)) != (ssize_t)strlen(request)) fail("could not ask");
}

/* Takes the head off the socket if it is all there, and notes the length of the body. */
static void read_head(struct client *c) {
  char head[8192];
  ssize_t got = recv(c->fd, head, sizeof head - 1, MSG_PEEK);
  if (got <= 0) fail("closed before the head");
  head[got] = 0;
  char *end = strstr(head, "\r\n\r\n"), *length = strcasestr(head, "content-length:");
  if (!end) return;
  if (strncmp(head + 9, "200", 3) || !length) fail("not a 200 with a length");
  c->left = atoll(length + 15);
  recv(c->fd, sink, end + 4 - head, 0);
}

int main(int argc, char **argv) {
  if (argc != 6) return 2;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[2]))};
  inet_pton(AF_INET, argv[1], &to.sin_addr);
  int clients = atoi(argv[4]), live = clients, epoll = epoll_create1(0);
  long long total = 0;
  struct client *all = calloc(clients, sizeof *all);
  snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: bench\r\n\r\n", argv[3]);
  double began = now();
  for (int i = 0; i < clients; i++) {
    struct client *c = &all[i];
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    c->left_requests = atoi(argv[5]);
    if (connect(c->fd, (void *)&to, sizeof to)) fail("could not connect");
    epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event);
    ask(c);
  }
  while (live > 0) {
    struct epoll_event events[64];
    int n = epoll_wait(epoll, events, 64, 20000);
    if (n <= 0) fail("stalled");
    for (int i = 0; i < n; i++) {
      struct client *c = events[i].data.ptr;
      if (c->left < 0) {
        read_head(c);
        if (c->left != 0) continue;
      } else {
        ssize_t got = recv(c->fd, sink, c->left < (long long)sizeof sink ? c->left : (long long)sizeof sink, MSG_TRUNC | MSG_DONTWAIT);
        if (got < 0) continue;
        if (got == 0) fail("closed in the middle of a body");
        total += got;
        c->left -= got;
      }
      if (c->left > 0) continue;
      if (--c->left_requests > 0) ask(c);
      else {
        close(c->fd);
        live--;
      }
    }
  }
  printf("%lld %.6f\n", total, now() - began);
  return 0;
}
