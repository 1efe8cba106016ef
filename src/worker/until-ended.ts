/** Waits for a container's end, and brings it about when its time is over. */
import type { Clock } from './clock.ts';
import { type ContainerEngine, type ContainerState, EngineError } from './container-engine.ts';
import { GRACE } from './left-over.ts';
import { patiently } from './patience.ts';

/** A running container is looked at now and then, ms; its end is told by the engine. */
const LOOK_EVERY = 15_000;
/** Before an engine that could not be waited with is asked again, ms. */
const LOOK_AGAIN = 1_000;
const STOP_AGAIN = 1_000;
/** A container that can't be stopped (its process hangs in the kernel) is given up after this, ms. */
const STOP_LIMIT = 60_000;

interface Around {
  engine: ContainerEngine;
  clock: Clock;
  say: (text: string) => void;
  signal: AbortSignal;
}

/**
 * @param container `limit` in seconds, counted from `startedAt` (ms since 1970); 0 is none
 * @returns its state, and whether it was stopped at its limit
 * @throws ActionFailure when the engine does not answer any more
 */
export async function untilEnded(
  { id, startedAt, limit }: { id: string; startedAt: number; limit: number },
  around: Around,
): Promise<{ state: ContainerState; stopped: boolean }> {
  const { engine, clock, say, signal } = around;
  const ran = Math.max(0, clock.now() - startedAt);
  const deadline = limit > 0 ? clock.uptime() + limit * 1000 - ran : Number.POSITIVE_INFINITY;
  for (;;) {
    await endWithin(id, Math.min(LOOK_EVERY, deadline - clock.uptime()), around);
    const state = await patiently(() => engine.inspect(id), clock, signal);
    if (!state.running) return { state, stopped: false };
    if (clock.uptime() < deadline) continue;
    say(`has exceeded its limit of ${limit} s: stopping it`);
    return { state: await stop(id, around), stopped: true };
  }
}

/** Resolves at the container's end, or after so many ms. */
async function endWithin(id: string, ms: number, { engine, clock, signal }: Around): Promise<void> {
  if (ms <= 0) return;
  const over = new AbortController();
  const both = AbortSignal.any([signal, over.signal]);
  const ended = engine.wait(id, both).catch(async (error: unknown) => {
    if (!(error instanceof EngineError)) throw error;
    await clock.sleep(LOOK_AGAIN, both);
  });
  try {
    await Promise.race([ended, clock.sleep(ms, both)]);
  } finally {
    over.abort();
  }
}

async function stop(id: string, { engine, clock, say, signal }: Around): Promise<ContainerState> {
  for (const until = clock.uptime() + STOP_LIMIT; ; ) {
    let words = '';
    try {
      await engine.stop(id, GRACE);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      words = error.message;
    }
    const state = await patiently(() => engine.inspect(id), clock, signal);
    if (!state.running || clock.uptime() > until) return state;
    say(`could not be stopped${words && `: ${words}`}; trying again`);
    await clock.sleep(STOP_AGAIN, signal);
  }
}
