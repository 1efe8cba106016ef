import type { DirectAnswer, DirectCall, DirectPaths, ToCarrier } from './carrier/messages.ts';

/** What is answered without an HTTP request in this thread: what comes by the thousand. */
export interface DirectRoutes {
  paths: DirectPaths;
  /** Never rejects. */
  answer(call: Omit<DirectCall, 'id'>): Promise<Omit<DirectAnswer, 'id'>>;
}

/**
 * What answers calls of one carrier. What is ready in the same turn of the event loop, as is all that one batch has
 * written, goes back in one message: each costs both threads about as much as an answer.
 */
export function answerer(
  routes: DirectRoutes,
  post: (message: ToCarrier) => void,
): (calls: readonly DirectCall[]) => void {
  let ready: DirectAnswer[] = [];
  const send = (): void => {
    const answers = ready;
    ready = [];
    post({ kind: 'answers', answers });
  };
  return (calls) => {
    for (const call of calls) {
      const { id } = call;
      void routes.answer(call).then(({ status, headers, body }) => {
        if (ready.length === 0) setImmediate(send);
        ready.push(headers === undefined ? { id, status, body } : { id, status, headers, body });
      });
    }
  };
}
