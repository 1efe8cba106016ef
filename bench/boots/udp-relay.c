/*
 * udp-relay ADDRESS PORT SERVER-ADDRESS SERVER-PORT DELAY-US LOSS-PPM SEED: a long way for TFTP. What clients send to
 * ADDRESS:PORT goes on to the server, and what it answers goes back, each datagram DELAY-US later; LOSS-PPM in a million
 * are lost, each way. For each client it has two ports: one to the server, and one to the client, which is the server's
 * transfer identifier there. Prints "ready", and after SIGTERM "FORWARDED LOST LATE-US", the last as the mean of how much
 * later than DELAY-US a datagram went on.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CLIENTS = 64, QUEUE = 16384, LONGEST = 2048 };

struct way {
  int up, down;
  struct sockaddr_in client, server;
};
struct waiting {
  int fd, length;
  double due;
  struct sockaddr_in to;
  unsigned char bytes[LONGEST];
};

static struct way ways[CLIENTS];
static struct waiting *queue;
static struct sockaddr_in listener, server;
static int used, loss;
static unsigned head, tail;
static unsigned long long random_state, forwarded, lost;
static double delay, late;
static volatile sig_atomic_t stopped;

static void stop(int signal) { stopped = signal; }

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

/* xorshift64*: the same datagrams are lost of every server, as far as they send the same. */
static unsigned next_random(void) {
  random_state ^= random_state >> 12;
  random_state ^= random_state << 25;
  random_state ^= random_state >> 27;
  return random_state * 2685821657736338717ull >> 33;
}

static int udp(const struct sockaddr_in *at) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), room = 4 << 20;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  if (bind(fd, (const void *)at, sizeof *at) < 0) {
    perror("udp-relay: bind");
    exit(1);
  }
  return fd;
}

static struct way *way_of(const struct sockaddr_in *client) {
  for (int i = 0; i < used; i++)
    if (ways[i].client.sin_port == client->sin_port && ways[i].client.sin_addr.s_addr == client->sin_addr.s_addr) return &ways[i];
  if (used == CLIENTS) return 0;
  struct sockaddr_in any = listener;
  any.sin_port = 0;
  ways[used] = (struct way){.client = *client, .server = server, .up = udp(&any), .down = udp(&any)};
  return &ways[used++];
}

static void carry(int fd, const struct sockaddr_in *to, int length, const unsigned char *bytes) {
  if ((int)(next_random() % 1000000) < loss || head - tail == QUEUE) {
    lost++;
    return;
  }
  struct waiting *w = &queue[head++ % QUEUE];
  w->fd = fd;
  w->to = *to;
  w->length = length;
  w->due = now() + delay;
  memcpy(w->bytes, bytes, length);
}

static int receive(int fd, unsigned char *bytes, struct sockaddr_in *from) {
  socklen_t size = sizeof *from;
  return recvfrom(fd, bytes, LONGEST, 0, (void *)from, &size);
}

int main(int count, char **argument) {
  if (count != 8) return 64;
  listener = server = (struct sockaddr_in){.sin_family = AF_INET};
  inet_pton(AF_INET, argument[1], &listener.sin_addr);
  listener.sin_port = htons(atoi(argument[2]));
  inet_pton(AF_INET, argument[3], &server.sin_addr);
  server.sin_port = htons(atoi(argument[4]));
  delay = atof(argument[5]) / 1e6;
  loss = atoi(argument[6]);
  random_state = strtoull(argument[7], 0, 10) * 0x9e3779b97f4a7c15ull + 1;
  queue = malloc(sizeof *queue * QUEUE);
  signal(SIGTERM, stop);
  prctl(PR_SET_TIMERSLACK, 1);
  int entrance = udp(&listener);
  printf("ready\n");
  fflush(stdout);

  while (!stopped) {
    double left = head == tail ? 0.1 : queue[tail % QUEUE].due - now();
    struct timespec wait = {.tv_nsec = left > 0 ? left * 1e9 : 0};
    struct pollfd polled[1 + 2 * CLIENTS] = {{.fd = entrance, .events = POLLIN}};
    for (int i = 0; i < used; i++) {
      polled[1 + 2 * i] = (struct pollfd){.fd = ways[i].up, .events = POLLIN};
      polled[2 + 2 * i] = (struct pollfd){.fd = ways[i].down, .events = POLLIN};
    }
    int known = used;
    ppoll(polled, 1 + 2 * known, &wait, 0);
    for (double when = now(); head != tail && queue[tail % QUEUE].due <= when; tail++) {
      struct waiting *w = &queue[tail % QUEUE];
      sendto(w->fd, w->bytes, w->length, 0, (void *)&w->to, sizeof w->to);
      forwarded++;
      late += when - w->due;
    }
    unsigned char bytes[LONGEST];
    struct sockaddr_in from;
    int got;
    if (polled[0].revents)
      while ((got = receive(entrance, bytes, &from)) >= 0) {
        struct way *way = way_of(&from);
        if (way) carry(way->up, &server, got, bytes);
      }
    for (int i = 0; i < known; i++) {
      struct way *way = &ways[i];
      if (polled[1 + 2 * i].revents)
        while ((got = receive(way->up, bytes, &from)) >= 0) {
          way->server = from;
          carry(way->down, &way->client, got, bytes);
        }
      if (polled[2 + 2 * i].revents)
        while ((got = receive(way->down, bytes, &from)) >= 0) carry(way->up, &way->server, got, bytes);
    }
  }
  printf("%llu %llu %.0f\n", forwarded, lost, forwarded ? late / forwarded * 1e6 : 0);
  return 0;
}
