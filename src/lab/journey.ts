/** The way of one machine from power-on to its installed system: each hop believed only when it is proven. Pure. */
import Table from 'cli-table3';
import type { StreamEvent } from '../api/types.ts';
import { TinsmithError } from '../errors.ts';

export interface Hop {
  name: string;
  /** Seconds since power-on. */
  at: number;
}

/** By machine id. */
export type Journeys = Map<string, Journey>;

export class Journey {
  readonly name: string;
  readonly workflow: string;
  readonly hops: Hop[] = [];
  #start = 0;
  #done = false;
  #home = false;

  constructor(name: string, workflow: string) {
    this.name = name;
    this.workflow = workflow;
  }

  /** Name of the last hop. */
  get last(): string {
    return this.hops.at(-1)?.name ?? 'nothing yet';
  }

  /** Whether the workflow has ended and, where that is wanted, the installed system has called. */
  isComplete(callsHome: boolean): boolean {
    return this.#done && (this.#home || !callsHome);
  }

  /** Notes a hop, the first time. @param time ms since 1970 */
  pass(name: string, time: number): void {
    if (this.hops.some((hop) => hop.name === name)) return;
    if (this.hops.length === 0) this.#start = time;
    this.hops.push({ name, at: Math.max(0, Math.round((time - this.#start) / 10) / 100) });
  }

  /** Takes an event of this machine. @throws TinsmithError when its workflow ends without success. */
  take(event: StreamEvent): void {
    const time = Date.parse(event.time);
    if (event.kind === 'boot.trace') {
      const hop = hopOf(event.data);
      if (hop) this.pass(this.#done ? `${hop} again` : hop, time);
    } else if (event.kind === 'action.ended' && event.data.state === 'SUCCESS')
      this.pass(`action ${event.data.name}`, time);
    else if (event.kind === 'machine.called-home') {
      this.#home = true;
      this.pass('installed system called home', time);
    } else if (event.kind === 'workflow.ended') {
      if (event.data.state !== 'SUCCESS')
        throw new TinsmithError(
          'WORKFLOW_FAILED',
          `The workflow of ${this.name} ended ${event.data.state}: ${event.data.message}`,
        );
      this.#done = true;
      this.pass('workflow SUCCESS', time);
    }
  }
}

function hopOf({ role, what, outcome }: { role: string; what: string; outcome: string }): string | undefined {
  if (role === 'dhcp' && outcome === 'answered' && what === 'REQUEST') return 'address given';
  if (role === 'tftp' && outcome === 'completed') return 'loader fetched';
  if (role === 'script' && outcome === 'answered') return 'script fetched';
  if (role === 'http' && outcome === 'completed' && what === 'vmlinuz') return 'kernel fetched';
  if (role === 'http' && outcome === 'completed' && what === 'initrd.img') return 'OSIE and worker fetched';
  if (role === 'worker' && outcome === 'completed') return 'worker heard';
  return undefined;
}

/** What was measured, a row a hop, seconds since power-on, a column a machine. */
export function journeysTable(journeys: Journeys): string {
  const all = [...journeys.values()];
  const names = [...new Set(all.flatMap(({ hops }) => hops.map(({ name }) => name)))];
  const table = new Table({
    head: ['seconds since power-on', ...all.map(({ name }) => name)],
    style: { head: [], border: [] },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  for (const name of names) {
    table.push([
      name,
      ...all.map(({ hops }) => ({
        hAlign: 'right' as const,
        content: hops.find((hop) => hop.name === name)?.at.toFixed(1) ?? '',
      })),
    ]);
  }
  return table.toString();
}
