/*
 * tftp-load HOST PORT FILE BLKSIZE WINDOWSIZE: reads one file over TFTP as fast as the server gives it (RFC 1350, 2347,
 * 2348, 7440) and drops it. With the last block it prints "BYTES SECONDS WINDOWSIZE", the last as the server granted it,
 * and then waits for its standard input to end before it acknowledges: a server that has a process for each transfer can
 * be measured in that time.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static unsigned char packet[65536];

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

int main(int count, char **argument) {
  if (count != 6) return 64;
  struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(atoi(argument[2]))};
  inet_pton(AF_INET, argument[1], &server.sin_addr);
  int fd = socket(AF_INET, SOCK_DGRAM, 0), room = 1 << 20;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  struct timeval second = {.tv_sec = 1};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second);

  char request[512];
  int length = 2 + snprintf(request + 2, sizeof request - 2, "%s%coctet%cblksize%c%s%cwindowsize%c%s", argument[3], 0, 0, 0,
                            argument[4], 0, 0, argument[5]) + 1;
  request[0] = 0;
  request[1] = 1;
  double start = now();
  sendto(fd, request, length, 0, (void *)&server, sizeof server);

  int blksize = 512, windowsize = 1, inWindow = 0, silences = 0, isOpen = 0;
  unsigned long long blocks = 0, bytes = 0;
  for (;;) {
    struct sockaddr_in from;
    socklen_t size = sizeof from;
    int got = recvfrom(fd, packet, sizeof packet, 0, (void *)&from, &size);
    int isAck = 0;
    if (got < 0) {
      if (++silences > 10) return 75;
      if (!isOpen) sendto(fd, request, length, 0, (void *)&server, sizeof server);
      isAck = isOpen;
    } else if (got >= 4 && packet[1] == 5) {
      fprintf(stderr, "ERROR %d %s\n", packet[3], packet + 4);
      return 76;
    } else if (!isOpen) {
      server = from;
      connect(fd, (void *)&server, sizeof server);
      isOpen = 1;
    }
    if (got > 4 && packet[1] == 6) {
      for (char *name = (char *)packet + 2, *end = (char *)packet + got; name < end;) {
        char *value = name + strlen(name) + 1;
        if (!strcasecmp(name, "blksize")) blksize = atoi(value);
        if (!strcasecmp(name, "windowsize")) windowsize = atoi(value);
        name = value + strlen(value) + 1;
      }
      isAck = 1;
    } else if (got >= 4 && packet[1] == 3) {
      if ((packet[2] << 8 | packet[3]) != ((blocks + 1) & 0xffff)) continue;
      blocks++;
      bytes += got - 4;
      silences = 0;
      isAck = ++inWindow == windowsize;
      if (got - 4 < blksize) {
        printf("%llu %f %d\n", bytes, now() - start, windowsize);
        fflush(stdout);
        while (getchar() != EOF) {
        }
      }
      if (got - 4 < blksize) isAck = 1;
    }
    if (isAck) {
      unsigned char ack[4] = {0, 4, blocks >> 8, blocks};
      send(fd, ack, sizeof ack, 0);
      inWindow = 0;
    }
    if (got >= 4 && packet[1] == 3 && got - 4 < blksize) return 0;
  }
}
