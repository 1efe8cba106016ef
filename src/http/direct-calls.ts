import type { DirectAnswer, DirectCall, DirectPaths, ToCarrier } from './carrier/messages.ts';

/** What is answered without an HTTP request in this thread: what comes by the thousand. */
export interface DirectRoutes {
  paths: DirectPaths;
  /** Never rejects. */
  answer(call: Omit<DirectCall, 'id'>): Promise<Omit<DirectAnswer, 'id'>>;
}

/** Answers calls; what is ready in the same turn of the event loop goes back in one message. */
export function answerCalls(
  calls: readonly DirectCall[],
  routes: DirectRoutes,
  post: (message: ToCarrier) => void,
): void {
  let ready: DirectAnswer[] = [];
  for (const { id, ...call } of calls) {
    void routes.answer(call).then((answer) => {
      if (ready.length === 0) {
        setImmediate(() => {
          const answers = ready;
          ready = [];
          post({ kind: 'answers', answers });
        });
      }
      ready.push({ id, ...answer });
    });
  }
}
