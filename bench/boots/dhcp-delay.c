/*
 * dhcp-delay SERVER OWN-ADDRESS RATE SECONDS CLIENTS: how long a DHCP server takes to answer. As a relay agent it begins RATE
 * exchanges a second, of DISCOVER, OFFER, REQUEST and ACK, for CLIENTS hardware addresses from 02:0c:01:00:00:00 on. The time of
 * an answer is that of its arrival, as the kernel noted it: how busy this program's processor is does not count. Prints
 * "ANSWERS LOST MEDIAN P99 LONGEST OFFER-P99 ACK-P99", times in ms.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { DISCOVER = 1, OFFER, REQUEST, OPTIONS = 240, PORT = 67, SETTLE_MS = 500 };

static struct sockaddr_in server = {.sin_family = AF_INET}, own = {.sin_family = AF_INET};
static int fd, clients, asked;
static double *sent_at, *delays, *offer_delays, *ack_delays;
static int answers, offers, acks;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

/* The transaction id counts what was asked, so that an answer finds when that was. */
static void ask(int type, int client, const unsigned char *offer, int length) {
  unsigned char m[300] = {1, 1, 6, 1};
  int id = asked++, at = OPTIONS;
  memcpy(m + 4, &id, 4);
  memcpy(m + 24, &own.sin_addr, 4);
  unsigned char mac[6] = {2, 0x0c, 1, client >> 16, client >> 8, client};
  memcpy(m + 28, mac, 6);
  memcpy(m + 236, "\x63\x82\x53\x63", 4);
  m[at++] = 53, m[at++] = 1, m[at++] = type;
  memcpy(m + at, "\x37\x05\x01\x03\x06\x42\x43", 7), at += 7;
  memcpy(m + at, "\x5d\x02\x00\x07", 4), at += 4;
  memcpy(m + at, "\x3c\x09PXEClient", 11), at += 11;
  if (offer) {
    m[at++] = 50, m[at++] = 4;
    memcpy(m + at, offer + 16, 4), at += 4;
    for (int o = OPTIONS; o + 1 < length && offer[o] != 255; o += offer[o] ? offer[o + 1] + 2 : 1)
      if (offer[o] == 54) memcpy(m + at, offer + o, 6), at += 6;
  }
  m[at] = 255;
  sent_at[id] = now();
  sendto(fd, m, sizeof m, 0, (void *)&server, sizeof server);
}

static void take(void) {
  unsigned char m[1500], control[256];
  struct iovec piece = {m, sizeof m};
  struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  int length = recvmsg(fd, &message, MSG_DONTWAIT), id;
  if (length < OPTIONS + 3) return;
  memcpy(&id, m + 4, 4);
  if (id < 0 || id >= asked || sent_at[id] == 0) return;
  double arrived = now();
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c))
    if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
      struct timespec t;
      memcpy(&t, CMSG_DATA(c), sizeof t);
      arrived = t.tv_sec + t.tv_nsec / 1e9;
    }
  double delay = delays[answers++] = (arrived - sent_at[id]) * 1000;
  sent_at[id] = 0;
  for (int o = OPTIONS; o + 2 < length && m[o] != 255; o += m[o] ? m[o + 1] + 2 : 1)
    if (m[o] == 53) {
      if (m[o + 2] != OFFER) ack_delays[acks++] = delay;
      else {
        offer_delays[offers++] = delay;
        ask(REQUEST, m[31] << 16 | m[32] << 8 | m[33], m, length);
      }
    }
}

static int compare(const void *a, const void *b) {
  double left = *(const double *)a, right = *(const double *)b;
  return (left > right) - (left < right);
}

int main(int count, char **argument) {
  if (count != 6) return 64;
  inet_pton(AF_INET, argument[1], &server.sin_addr);
  inet_pton(AF_INET, argument[2], &own.sin_addr);
  server.sin_port = own.sin_port = htons(PORT);
  int rate = atoi(argument[3]), wanted = rate * atoi(argument[4]), on = 1;
  clients = atoi(argument[5]);
  sent_at = calloc(2 * wanted, sizeof *sent_at);
  delays = calloc(2 * wanted, sizeof *delays);
  offer_delays = calloc(2 * wanted, sizeof *delays);
  ack_delays = calloc(2 * wanted, sizeof *delays);
  fd = socket(AF_INET, SOCK_DGRAM, 0);
  setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
  if (bind(fd, (void *)&own, sizeof own) < 0) {
    perror("dhcp-delay: bind");
    return 1;
  }
  double began = now();
  for (int begun = 0; now() < began + (double)wanted / rate + SETTLE_MS / 1e3;) {
    double left = begun < wanted ? began + (double)begun / rate - now() : SETTLE_MS / 1e3;
    struct timespec wait = {.tv_nsec = left > 0 ? left * 1e9 : 0};
    struct pollfd polled = {fd, POLLIN, 0};
    if (ppoll(&polled, 1, &wait, 0) > 0) take();
    else if (begun < wanted) ask(DISCOVER, begun++ % clients, 0, 0);
  }
  qsort(delays, answers, sizeof *delays, compare);
  qsort(offer_delays, offers, sizeof *delays, compare);
  qsort(ack_delays, acks, sizeof *delays, compare);
  if (offers == 0 || acks == 0) return 75;
  printf("%d %d %f %f %f %f %f\n", answers, asked - answers, delays[answers / 2], delays[answers * 99 / 100], delays[answers - 1],
         offer_delays[offers * 99 / 100], ack_delays[acks * 99 / 100]);
  return 0;
}
