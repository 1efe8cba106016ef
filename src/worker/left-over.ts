/** Containers of other attempts than the one at hand: what is removed of them, and what goes on beside it. */
import { type ContainerEngine, type FoundContainer, sameAttempt } from './container-engine.ts';
import type { AttemptKey } from './protocol.ts';

/** Seconds from SIGTERM to SIGKILL. */
export const GRACE = 10;

/**
 * Removes the containers of all other attempts. Those in the background are left while nothing else is to be done, and
 * while their own workflow goes on.
 * @param key the attempt at hand; undefined: there is nothing to do
 * @returns its container
 */
export async function removeOthers(
  engine: ContainerEngine,
  key: AttemptKey | undefined,
): Promise<FoundContainer | undefined> {
  let own: FoundContainer | undefined;
  for (const container of await engine.list()) {
    if (key && !own && sameAttempt(container.key, key)) own = container;
    else if (!goesOn(container, key)) await engine.remove(container.id);
    // Its success was acknowledged, or there would be no other action: the worker was killed just then.
    else if (container.condition === 'made') await engine.start(container.id);
  }
  return own;
}

function goesOn({ key, background, condition }: FoundContainer, now: AttemptKey | undefined): boolean {
  if (!background) return false;
  if (now === undefined) return condition === 'running';
  return key.workflow === now.workflow && key.action !== now.action && condition !== 'ended';
}

/** Ends a container in the background, if there is one of this attempt. */
export async function endInBackground(engine: ContainerEngine, key: AttemptKey): Promise<void> {
  for (const container of await engine.list()) {
    if (!container.background || !sameAttempt(container.key, key)) continue;
    if (container.condition === 'running') await engine.stop(container.id, GRACE);
    await engine.remove(container.id);
  }
}
