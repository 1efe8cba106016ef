/** Time that runs faster than the real one, so that limits of seconds are reached in milliseconds. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../src/worker/clock.ts';

export function fastClock(speed: number): Clock {
  const wall = Date.now();
  const begun = performance.now();
  const uptime = (): number => (performance.now() - begun) * speed;
  return { uptime, now: () => wall + uptime(), sleep: (ms, signal) => delay(ms / speed, undefined, { signal }) };
}
