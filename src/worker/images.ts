/** Gets the image of an action, or says in the engine's words why not. */
import type { Clock } from './clock.ts';
import { type ContainerEngine, EngineError } from './container-engine.ts';
import type { ContainerRun, Progress } from './protocol.ts';

const TRIES = 3;
const FIRST_PAUSE_MS = 1000;

/** An action that failed for a reason that a person can read. */
export class ActionFailure extends Error {}

/**
 * Pulls the image. Where that fails, one that is there already will do.
 * @returns the name to make the container from
 * @throws ActionFailure when there is none
 */
export async function obtainImage(
  { image, pull }: Pick<ContainerRun, 'image' | 'pull'>,
  parts: {
    engine: ContainerEngine;
    clock: Clock;
    say: (text: string) => void;
    told: (progress: Progress) => void;
    signal: AbortSignal;
  },
): Promise<string> {
  const { engine, clock, say, told, signal } = parts;
  const failure = await pullTried();
  if (!failure) return pull;
  for (const name of new Set([pull, image])) {
    if (!(await engine.hasImage(name))) continue;
    say(`the pull failed (${failure.message}); the image ${name} is here already and is used`);
    return name;
  }
  const where = pull === image ? '' : ` (as ${pull})`;
  throw new ActionFailure(
    `image ${image}${where} ${isMissing(failure) ? 'does not exist' : 'could not be pulled'}: ${failure.message}`,
  );

  async function pullTried(): Promise<EngineError | undefined> {
    for (let tried = 1; ; tried += 1) {
      try {
        await engine.pull(pull, told, signal);
        return undefined;
      } catch (error) {
        if (!(error instanceof EngineError)) throw error;
        if (tried === TRIES || isMissing(error)) return error;
        const pause = FIRST_PAUSE_MS * 2 ** (tried - 1);
        say(`try ${tried} of ${TRIES} to pull ${pull} failed (${error.message}); the next is in ${pause / 1000} s`);
        await clock.sleep(pause, signal);
      }
    }
  }
}

/** Asking again would not help: there is no such image, or the name is none. */
function isMissing({ status, message }: EngineError): boolean {
  return (
    status === 400 ||
    status === 404 ||
    /manifest unknown|name unknown|manifest for .* not found|repository does not exist|invalid reference/i.test(message)
  );
}
