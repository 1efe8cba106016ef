import { Worker } from 'node:worker_threads';
import type { CarrierSettings } from './messages.ts';

/**
 * Starts the carrier's thread: from `source`, its bundle as CommonJS (in the executable, where there are no files to
 * start a thread from), or else from the sources.
 */
export function carrierWorker(settings: CarrierSettings, source?: string): Worker {
  return source === undefined
    ? new Worker(new URL('./thread.ts', import.meta.url), { workerData: settings, name: 'carrier' })
    : new Worker(source, { eval: true, workerData: settings, name: 'carrier' });
}
