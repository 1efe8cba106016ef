/*
 * report-load PORT FILE ACTIONS: each worker of the file reports the beginning and the end of each action of its
 * workflow, each report after the one before was acknowledged. Prints one line: reports and seconds. Exit 1 if one is
 * refused.
 */
#include "load.h"

static int actions;

static void report(struct worker *w) {
  char body[1024], request[2048];
  int action = w->step / 2, ended = w->step % 2;
  long long now = 1764000000000LL + nanoseconds() / 1000000;
  int length = snprintf(body, sizeof body, "{\"workflow\":\"%s\",\"action\":%d,\"attempt\":1,\"boot\":\"%s\",\"state\":\"%s\",\"at\":%lld",
                        w->workflow, action, w->boot, ended ? "SUCCESS" : "RUNNING", now);
  if (ended)
    length += snprintf(body + length, sizeof body - length,
                       ",\"seconds\":1.25,\"exitCode\":0,\"message\":\"\",\"logTail\":[],\"diskWrites\":{\"sda\":%d},\"bootableDisks\":[\"sda\"]", action * 4096);
  length += snprintf(body + length, sizeof body - length, "}");
  int total = snprintf(request, sizeof request,
                       "POST /api/v1/worker/report HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %s\r\nContent-Type: "
                       "application/json\r\nContent-Length: %d\r\n\r\n%s",
                       w->token, length, body);
  if (write(w->fd, request, total) != total) fail("could not report", "");
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  read_workers(argv[2]);
  actions = atoi(argv[3]);
  int epoll = epoll_create1(0), live = count;
  for (int i = 0; i < count; i++) {
    connect_worker(&workers[i], atoi(argv[1]));
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &workers[i]};
    epoll_ctl(epoll, EPOLL_CTL_ADD, workers[i].fd, &event);
  }
  long long began = nanoseconds(), reports = 0;
  for (int i = 0; i < count; i++) report(&workers[i]);
  while (live > 0) {
    struct epoll_event events[256];
    int n = epoll_wait(epoll, events, 256, 20000);
    if (n <= 0) fail("stalled", "");
    for (int i = 0; i < n; i++) {
      struct worker *w = events[i].data.ptr;
      char answer[4096];
      ssize_t got = recv(w->fd, answer, sizeof answer - 1, 0);
      if (got <= 0) fail("closed by the server", "");
      answer[got] = 0;
      /* Such a short answer comes in one piece, or in two with the second empty of news. */
      if (strncmp(answer, "HTTP/1.1 200", 12)) fail("refused:", answer);
      if (!strstr(answer, "recorded")) fail("not recorded:", answer);
      reports++;
      if (++w->step < 2 * actions) report(w);
      else {
        epoll_ctl(epoll, EPOLL_CTL_DEL, w->fd, NULL);
        live--;
      }
    }
  }
  printf("%lld %.6f\n", reports, (nanoseconds() - began) / 1e9);
  return 0;
}
