/*
 * stream-load PORT FILE: opens the stream of each worker of the file and prints `open`. From then on a line for each
 * event: machine, and when it came (ns, monotonic clock). Ends with its standard input.
 */
#include "load.h"

#define AT_ONCE 100

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  read_workers(argv[2]);
  int epoll = epoll_create1(0), asked = 0, opened = 0;
  struct epoll_event input = {.events = EPOLLIN, .data.ptr = NULL};
  epoll_ctl(epoll, EPOLL_CTL_ADD, 0, &input);
  for (;;) {
    while (asked < count && asked - opened < AT_ONCE) {
      struct worker *w = &workers[asked++];
      char request[512];
      connect_worker(w, atoi(argv[1]));
      int length = snprintf(request, sizeof request,
                            "GET /api/v1/worker/stream HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %s\r\n\r\n", w->token);
      if (write(w->fd, request, length) != length) fail("could not ask", "");
      struct epoll_event event = {.events = EPOLLIN, .data.ptr = w};
      epoll_ctl(epoll, EPOLL_CTL_ADD, w->fd, &event);
    }
    struct epoll_event events[256];
    int n = epoll_wait(epoll, events, 256, 60000);
    if (n <= 0) fail("stalled", "");
    long long now = nanoseconds();
    for (int i = 0; i < n; i++) {
      struct worker *w = events[i].data.ptr;
      char text[8192];
      if (!w) return 0;
      ssize_t got = recv(w->fd, text, sizeof text - 1, 0);
      if (got <= 0) fail("closed by the server", "");
      text[got] = 0;
      if (w->step == 0) {
        if (strncmp(text, "HTTP/1.1 200", 12)) fail("refused:", text);
        w->step = 1;
        if (++opened == count) {
          puts("open");
          fflush(stdout);
        }
      } else if (strstr(text, "event:")) printf("%s %lld\n", w->machine, now);
    }
    fflush(stdout);
  }
}
