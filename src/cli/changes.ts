/** Waiting for something to happen, over the event stream: nothing is asked for again without a reason. */
import { setTimeout as sleep } from 'node:timers/promises';
import { TinsmithError } from '../errors.ts';
import type { Client } from './client.ts';

/** What happens within this time, ms, is told at once: output comes in many small events. */
const TOGETHER = 100;

/**
 * Yields once what happens is heard, and again after something has happened. What happens while the caller is busy is
 * told once, when it asks again.
 * @throws AbortError when interrupted, or by `until`; TinsmithError as `Client.events`
 */
export async function* changes(
  client: Client,
  query: { machine?: string[]; workflow?: string; kind?: string[] },
  until?: AbortSignal,
): AsyncGenerator<void> {
  const over = new AbortController();
  const signal = until ? AbortSignal.any([over.signal, until]) : over.signal;
  let happened = Promise.withResolvers<void>();
  let failure: { error: unknown } | undefined;
  void (async () => {
    try {
      for await (const _ of client.events(query, undefined, signal)) happened.resolve();
    } catch (error) {
      failure = { error };
      happened.resolve();
    }
  })();
  try {
    for (;;) {
      await happened.promise;
      await sleep(TOGETHER);
      if (failure) throw failure.error;
      happened = Promise.withResolvers();
      yield;
    }
  } finally {
    over.abort();
  }
}

/** What is asked while the appliance is away is asked again once its stream is back. */
export async function unlessAway<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof TinsmithError && error.code === 'UNREACHABLE') return undefined;
    throw error;
  }
}
