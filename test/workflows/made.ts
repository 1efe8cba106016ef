/** Machines, templates, workflows and lives over a real store, with a clock of the test's own. */
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import pino from 'pino';
import type { WorkerStream } from '../../src/api/worker-stream.ts';
import { makeLife, openContent } from '../../src/life/index.ts';
import { open as openSealed, sealingKeys } from '../../src/life/seal.ts';
import { LastSeen } from '../../src/machines/last-seen.ts';
import { Machines } from '../../src/machines/machines.ts';
import { EventLog, openStore } from '../../src/store/index.ts';
import type { StopNotice } from '../../src/worker/protocol.ts';
import type { Output } from '../../src/workflows/worker-output.ts';
import { hardware, macOf } from '../machines/examples.ts';
import { temporaryDirectory } from '../store/opened.ts';

export const TWO_ACTIONS = `version: "0.1"
name: install
global_timeout: 600
tasks:
  - name: os
    worker: "{{.device_1}}"
    actions:
      - name: wipe
        image: wipe
        timeout: 60
      - name: restart
        verb: reboot
`;

type Workers = Pick<WorkerStream, 'tell' | 'stop'>;

/** @param workers told, beside the record that is kept, what concerns workers */
export async function made(t: TestContext, workers?: Workers) {
  const directory = temporaryDirectory(t);
  const parts = await over(directory, workers);
  t.after(() => parts.store.close());
  return { directory, ...parts };
}

/** Opens what is in a data directory, again after a restart too. */
export async function over(directory: string, workers?: Workers) {
  const store = await openStore(directory);
  const time = { now: 1_000_000 };
  const clock = (): number => time.now;
  const events = await EventLog.open(store, clock);
  const machines = new Machines(store, events, clock);
  const lastSeen = new LastSeen(clock);
  /** What was told: workers to be woken, and output. */
  const told: { work: string[]; services: string[]; stopped: [string, StopNotice][]; output: Output[] } = {
    work: [],
    services: [],
    stopped: [],
    output: [],
  };
  const content = await openContent({ store, events, clock });
  const parts = makeLife({
    ...{ store, events, machines, lastSeen, clock, content },
    around: {
      server: () => ({ url: 'http://10.0.0.1:8080', address: '10.0.0.1', port: '8080' }),
      processors: { of: () => ({ arch: 'amd64' }) },
      open: (value) => openSealed(sealingKeys(directory).privateKey, value),
      token: () => 'a-token',
    },
    values: (machine) => ({ tinsmith: { url: `http://for-${machine?.name}` } }),
    dataLimit: 1 << 20,
    wakes: {
      work: (machine) => {
        told.work.push(machine);
        workers?.tell(machine, 'work');
      },
      services: (machine) => {
        told.services.push(machine);
        workers?.tell(machine, 'services');
      },
      stop: (machine, notice) => {
        told.stopped.push([machine, notice]);
        workers?.stop(machine, notice);
      },
    },
    onLog: (output) => void told.output.push(output),
    newId: randomUUID,
    log: pino({ level: 'silent' }),
  });
  return { store, events, machines, lastSeen, content, ...parts, time, clock, told };
}

/** Machine `n` of the test, pushed, named `machine-n`. */
export async function pushed(machines: Machines, n: number, netboot?: object) {
  const [machine] = await machines.push([
    hardware(n, { hostname: `machine-${n}`, ip: `10.0.0.${n}`, ...(netboot ? { netboot } : {}) }),
  ]);
  if (!machine) throw new Error('nothing was pushed');
  return machine;
}

export const device = (n: number): Record<string, string> => ({ device_1: macOf(n) });
