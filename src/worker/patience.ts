/** Bears with an engine that is not there yet, or not there any more: it starts beside the worker, and may be restarted. */
import { messageOf } from '../errors.ts';
import type { Clock } from './clock.ts';
import { type ContainerEngine, EngineError } from './container-engine.ts';
import { ActionFailure } from './images.ts';

/** How long it is waited for, ms. */
const LIMIT = 120_000;
const PAUSE = 1_000;

/**
 * Tries again while the engine does not answer; what it answers, yes or no, is the result.
 * @throws EngineError the engine's no
 * @throws ActionFailure when it has not answered for two minutes
 */
export async function patiently<T>(request: () => Promise<T>, clock: Clock, signal: AbortSignal): Promise<T> {
  for (const until = clock.uptime() + LIMIT; ; ) {
    signal.throwIfAborted();
    try {
      return await request();
    } catch (error) {
      if (!(error instanceof EngineError) || error.status !== undefined) throw error;
      if (clock.uptime() > until) {
        throw new ActionFailure(`the container engine has not answered for ${LIMIT / 1000} s: ${error.message}`);
      }
      await clock.sleep(PAUSE, signal);
    }
  }
}

/**
 * Waits for an engine that does not answer, and says so.
 * @throws as `patiently`
 */
export async function engineReady(
  engine: Pick<ContainerEngine, 'ping'>,
  clock: Clock,
  say: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  let said = false;
  const ping = async (): Promise<void> => {
    try {
      await engine.ping();
    } catch (error) {
      if (!said) say(`waiting for the container engine (${messageOf(error)})`);
      said = true;
      throw error;
    }
  };
  await patiently(ping, clock, signal);
  if (said) say('the container engine answers');
}
