/*
 * agents-load PORT FILE TASKS: each worker of the file opens its stream, and then does so many Tasks, one after another:
 * asks for work, reports that it runs, posts two lines of output, reports that it has succeeded; each request after the
 * one before was answered. Where there is nothing to do, it asks again in a moment. Prints one line: Tasks done, seconds,
 * answers without work, events on the streams. Exit 1 if a request is refused.
 */
#include "../workflows/load.h"

#define ANSWER_SIZE 8192
#define ASK_AGAIN 50000000LL /* ns */
#define STREAMS_AT_ONCE 100

enum phase { ASKS, BEGINS, LOGS, ENDS };

struct agent {
  struct worker *worker;
  /* Its own connection for the stream. */
  struct worker stream;
  int action, attempt, length;
  long long due;
  char answer[ANSWER_SIZE];
};

static struct agent *agents;
static long long idle, told;

static void post(struct worker *w, const char *call, const char *body, int length) {
  char request[2048];
  int total = snprintf(request, sizeof request,
                       "POST /api/v1/worker/%s HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %s\r\nContent-Type: "
                       "application/json\r\nContent-Length: %d\r\n\r\n%s",
                       call, w->token, length, body);
  if (write(w->fd, request, total) != total) fail("could not post", call);
}

static void get(struct worker *w, const char *path) {
  char request[1024];
  int total = snprintf(request, sizeof request, "GET /api/v1/worker/%s HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %s\r\n\r\n",
                       path, w->token);
  if (write(w->fd, request, total) != total) fail("could not get", path);
}

static void say(struct agent *a) {
  struct worker *w = a->worker;
  char body[1024], key[256];
  int task = w->step / 4, length = 0;
  long long now = 1764000000000LL + nanoseconds() / 1000000;
  snprintf(key, sizeof key, "\"workflow\":\"%s\",\"action\":%d,\"attempt\":%d", w->workflow, a->action, a->attempt);
  a->length = 0;
  switch ((enum phase)(w->step % 4)) {
    case ASKS:
      snprintf(body, sizeof body, "work?boot=%s&agent=%s", w->boot, w->machine);
      get(w, body);
      return;
    case BEGINS:
      length = snprintf(body, sizeof body, "{%s,\"boot\":\"%s\",\"state\":\"RUNNING\",\"at\":%lld}", key, w->boot, now);
      break;
    case LOGS:
      length = snprintf(body, sizeof body,
                        "{%s,\"from\":0,\"entries\":[{\"at\":%lld,\"stream\":\"stdout\",\"text\":\"serial %s\\n\"},"
                        "{\"at\":%lld,\"stream\":\"stdout\",\"text\":\"task %d\\n\"}]}",
                        key, now, w->machine, now, task);
      post(w, "log", body, length);
      return;
    case ENDS:
      length = snprintf(body, sizeof body,
                        "{%s,\"boot\":\"%s\",\"state\":\"SUCCESS\",\"at\":%lld,\"seconds\":1.25,\"exitCode\":0,"
                        "\"message\":\"finished\",\"logTail\":[\"serial %s\",\"task %d\"],"
                        "\"diskWrites\":{\"/dev/sda\":0},\"bootableDisks\":[]}",
                        key, w->boot, now, w->machine, task);
      break;
  }
  post(w, "report", body, length);
}

/* Reads what has come of an answer. The answer whole, or NULL. */
static char *answer_of(struct agent *a) {
  ssize_t got = recv(a->worker->fd, a->answer + a->length, ANSWER_SIZE - 1 - a->length, 0);
  if (got <= 0) fail("closed by the server, or too long an answer", a->answer);
  a->length += got;
  a->answer[a->length] = 0;
  char *body = strstr(a->answer, "\r\n\r\n"), *length = strcasestr(a->answer, "\r\ncontent-length:");
  if (!body) return NULL;
  if (!length || length > body) fail("an answer without its length:", a->answer);
  body += 4;
  if (a->length < body - a->answer + atoi(length + 17)) return NULL;
  if (strncmp(a->answer, "HTTP/1.1 200", 12)) fail("refused:", a->answer);
  return body;
}

static int number(const char *body, const char *name) {
  const char *at = strstr(body, name);
  if (!at) fail("no number in work:", body);
  return atoi(at + strlen(name));
}

/* Takes work that was given. 0: there was none. */
static int take_work(struct agent *a, const char *body) {
  struct worker *w = a->worker;
  char serial[64];
  const char *workflow = strstr(body, "\"workflow\":\"");
  if (strstr(body, "\"kind\":\"idle\"")) return 0;
  if (!strstr(body, "\"kind\":\"job\"") || !workflow) fail("no Job:", body);
  /* Filled in for this machine. */
  snprintf(serial, sizeof serial, "serial %s", w->machine);
  if (!strstr(body, serial)) fail("not filled in:", body);
  memcpy(w->workflow, workflow + 12, 36);
  a->action = number(body, "\"action\":");
  a->attempt = number(body, "\"attempt\":");
  return 1;
}

static void open_streams(int port) {
  int epoll = epoll_create1(0), asked = 0, opened = 0;
  while (opened < count) {
    while (asked < count && asked - opened < STREAMS_AT_ONCE) {
      struct agent *a = &agents[asked++];
      connect_worker(&a->stream, port);
      get(&a->stream, "stream");
      struct epoll_event event = {.events = EPOLLIN, .data.ptr = a};
      epoll_ctl(epoll, EPOLL_CTL_ADD, a->stream.fd, &event);
    }
    struct epoll_event events[256];
    int n = epoll_wait(epoll, events, 256, 20000);
    if (n <= 0) fail("stalled", "before all streams were open");
    for (int i = 0; i < n; i++) {
      struct agent *a = events[i].data.ptr;
      char text[4096];
      ssize_t got = recv(a->stream.fd, text, sizeof text - 1, 0);
      if (got <= 0) fail("a stream was closed", "");
      text[got] = 0;
      if (strncmp(text, "HTTP/1.1 200", 12)) fail("refused:", text);
      epoll_ctl(epoll, EPOLL_CTL_DEL, a->stream.fd, NULL);
      opened++;
    }
  }
  close(epoll);
}

/* The events on a stream: an agent at work takes note that there may be more, and goes on. */
static void read_stream(struct worker *stream) {
  char text[8192];
  ssize_t got = recv(stream->fd, text, sizeof text - 1, 0);
  if (got <= 0) fail("a stream was closed", "");
  text[got] = 0;
  for (char *at = text; (at = strstr(at, "event:")); at++) told++;
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  read_workers(argv[2]);
  int tasks = atoi(argv[3]), port = atoi(argv[1]), epoll = epoll_create1(0), live = count, waiting = 0;
  agents = calloc(count, sizeof *agents);
  for (int i = 0; i < count; i++) {
    agents[i].worker = &workers[i];
    agents[i].stream = workers[i];
  }
  open_streams(port);
  for (int i = 0; i < count; i++) {
    connect_worker(&workers[i], port);
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = 2 * i};
    epoll_ctl(epoll, EPOLL_CTL_ADD, workers[i].fd, &event);
    event.data.u64 = 2 * i + 1;
    epoll_ctl(epoll, EPOLL_CTL_ADD, agents[i].stream.fd, &event);
  }
  long long began = nanoseconds(), done = 0, heard = began;
  for (int i = 0; i < count; i++) say(&agents[i]);
  while (live > 0) {
    struct epoll_event events[256];
    int n = epoll_wait(epoll, events, 256, waiting > 0 ? 10 : 20000);
    long long now = nanoseconds();
    if (n < 0 || now - heard > 20000000000LL) fail("stalled", "");
    for (int i = 0; i < n; i++) {
      struct agent *a = &agents[events[i].data.u64 / 2];
      struct worker *w = a->worker;
      if (events[i].data.u64 % 2) {
        read_stream(&a->stream);
        continue;
      }
      char *body = answer_of(a);
      if (!body) continue;
      switch ((enum phase)(w->step % 4)) {
        case ASKS:
          if (take_work(a, body)) break;
          idle++;
          waiting++;
          a->due = now + ASK_AGAIN;
          continue;
        case BEGINS:
        case ENDS:
          if (!strstr(body, "recorded")) fail("not recorded:", body);
          break;
        case LOGS:
          if (!strstr(body, "\"next\":2")) fail("not kept:", body);
          break;
      }
      heard = now;
      if (w->step % 4 == ENDS) done++;
      if (++w->step < 4 * tasks) say(a);
      else live--;
    }
    for (int i = 0; waiting > 0 && i < count; i++) {
      if (agents[i].due == 0 || agents[i].due > now) continue;
      agents[i].due = 0;
      waiting--;
      say(&agents[i]);
    }
  }
  printf("%lld %.6f %lld %lld\n", done, (nanoseconds() - began) / 1e9, idle, told);
  return 0;
}
