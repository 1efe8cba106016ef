import { Worker, type WorkerOptions } from 'node:worker_threads';
import type { CarrierSettings } from './messages.ts';

/**
 * Starts the carrier's thread: from `source`, its bundle as CommonJS (in the executable, where there are no files to
 * start a thread from), or else from the sources.
 */
export function carrierWorker(settings: CarrierSettings, source?: string): Worker {
  const options: WorkerOptions = {
    workerData: settings,
    name: 'carrier',
    // With the default (sized by the machine's memory) a storm of downloads leaves 100 MB more of garbage lying about.
    resourceLimits: { maxYoungGenerationSizeMb: 16 },
  };
  return source === undefined
    ? new Worker(new URL('./thread.ts', import.meta.url), options)
    : new Worker(source, { ...options, eval: true });
}
