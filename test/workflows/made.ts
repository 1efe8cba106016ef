/** Machines, templates and workflows over a real store, with a clock of the test's own. */
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { Machines } from '../../src/machines/machines.ts';
import { EventLog, openStore } from '../../src/store/index.ts';
import { Templates } from '../../src/workflows/templates.ts';
import { Workflows } from '../../src/workflows/workflows.ts';
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

export async function made(t: TestContext) {
  const directory = temporaryDirectory(t);
  const parts = await over(directory);
  t.after(() => parts.store.close());
  return { directory, ...parts };
}

/** Opens what is in a data directory, again after a restart too. */
export async function over(directory: string) {
  const store = await openStore(directory);
  const time = { now: 1_000_000 };
  const clock = (): number => time.now;
  const events = await EventLog.open(store, clock);
  const machines = new Machines(store, events, clock);
  const templates = new Templates(store, events, clock, randomUUID);
  const workflows = new Workflows({ store, events, machines, templates, clock, newId: randomUUID });
  return { store, events, machines, templates, workflows, time, clock };
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
