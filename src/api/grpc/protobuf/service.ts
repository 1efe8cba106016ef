/** Services as tables: what is called, with what, and what comes back. */
import type { MessageType, Sendable } from './message.ts';

/** `stream`: any number of responses; there is no other streaming in these protocols but reflection's. */
export interface Method<Q, A, S extends boolean = boolean> {
  request: MessageType<Q>;
  response: MessageType<A>;
  stream: S;
}

/** A method with one answer. */
export function unary<Q, A>(request: MessageType<Q>, response: MessageType<A>): Method<Q, A, false> {
  return { request, response, stream: false };
}

/** A method with a stream of answers. */
export function streaming<Q, A>(request: MessageType<Q>, response: MessageType<A>): Method<Q, A, true> {
  return { request, response, stream: true };
}

// biome-ignore lint/suspicious/noExplicitAny: the table of each service knows its types; a list of tables cannot
export type AnyMethod = Method<any, any>;

/** Who calls, as far as can be told. */
export interface Caller {
  /** IP address. */
  address: string;
  /** It has shown the administrator's token. */
  administrator: boolean;
  /** Aborted when the caller is gone, or the server stops. */
  signal: AbortSignal;
}

/** What answers each method of a table. */
export type Handlers<M extends Record<string, AnyMethod>> = {
  [K in keyof M]: M[K] extends Method<infer Q, infer A, infer S>
    ? true extends S
      ? (request: Q, caller: Caller) => AsyncIterable<Sendable<A>>
      : (request: Q, caller: Caller) => Promise<Sendable<A>>
    : never;
};
