/** The trace of boots, kept on the disk, and those boots told of that are stuck. */
import type { Logger } from 'pino';
import { explaining } from '../api/explain.ts';
import type { ExplainOptions } from '../api/routes/explain.ts';
import type { Services } from '../api/services.ts';
import { StuckBoots } from '../boots/explain/stuck.ts';
import { keepTrace } from '../boots/trace/keeper.ts';
import { Trace } from '../boots/trace.ts';
import { messageOf } from '../errors.ts';
import { type Machines, macsOf } from '../machines/machines.ts';
import { openTraceFiles } from '../store/trace-files.ts';

/**
 * The trace with what is on the disk. Where it cannot be kept there, it is in memory only: no machine boots any worse.
 * @returns `stop` writes what is left
 */
export async function keptTrace(
  dataDirectory: string,
  parts: { machines: Pick<Machines, 'byMac'>; clock: () => number; log: Logger },
): Promise<{ trace: Trace; stop(): Promise<void> }> {
  const { machines, clock, log } = parts;
  const isKnown = (mac: string): boolean => {
    try {
      return machines.byMac(mac) !== undefined;
    } catch {
      // The store is being opened again after a write that failed.
      return false;
    }
  };
  const trace = new Trace(clock, isKnown);
  try {
    const lost = (cause: unknown): void =>
      log.warn(`the trace of earlier boots cannot be read and is begun anew: ${messageOf(cause)}`);
    const failed = (error: unknown): void =>
      log.error(`the trace of boots cannot be written, and is in memory only: ${messageOf(error)}`);
    const { stop } = await keepTrace(trace, await openTraceFiles(dataDirectory, lost), onceAMinute(clock, failed));
    return { trace, stop };
  } catch (error) {
    log.error(`the trace of boots is kept in memory only: ${messageOf(error)}`);
    return { trace, stop: async () => {} };
  }
}

/** Says so no more often than that. */
function onceAMinute(clock: () => number, say: (error: unknown) => void): (error: unknown) => void {
  let saidAt = Number.NEGATIVE_INFINITY;
  return (error) => {
    if (clock() - saidAt < 60_000) return;
    saidAt = clock();
    say(error);
  };
}

/** What was told of a machine's boots last, so that a restart does not tell it again. */
const toldKey = (machine: string): string => `boot-stuck/${machine}`;

/** Tells of stuck boots: by an event, and in the log. */
export function watchBoots(services: Services, boot: Pick<ExplainOptions, 'environments' | 'unknown'>): StuckBoots {
  const { machines, trace, store, events, clock, log } = services;
  const { explain } = explaining(services, boot);
  return new StuckBoots({
    ...{ trace, clock },
    isKnown: (mac) => machines.byMac(mac) !== undefined,
    explain(mac) {
      const machine = machines.byMac(mac);
      return machine && explain({ machine, macs: macsOf(machine) });
    },
    async tell(mac, { code, sentence, boot: number = 0 }) {
      const machine = machines.byMac(mac);
      if (!machine) return;
      const { id, name } = machine;
      const isNew = await store.change((transaction) => {
        const told = `${mac} ${number}`;
        if (transaction.get(toldKey(id)) === told) return false;
        // It may have been deleted meanwhile, and what was kept of it.
        if (transaction.get(`machine/${id}`) === undefined) return false;
        transaction.put(toldKey(id), told);
        const data = { name, mac, boot: number, code, sentence };
        events.append(transaction, { kind: 'boot.stuck', machine: id, data });
        return true;
      });
      if (isNew) log.warn({ machine: name, mac, code }, `${name} does not boot: ${sentence}`);
    },
    failed: (error) => log.error({ err: error }, 'boots could not be looked at; trying again'),
  });
}
