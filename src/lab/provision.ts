/** One run of the lab: appliance, machines, workflows, and the way of each machine to its end. */
import { readFileSync } from 'node:fs';
import type { Data, Machine, StreamEvent, Template, Workflow } from '../api/types.ts';
import type { Client } from '../cli/client.ts';
import { openTimelineScreen, type TimelineScreen } from '../cli/timeline-screen.ts';
import { TinsmithError } from '../errors.ts';
import { readEmbedded } from '../executable/embedded.ts';
import { FIRMWARE_NAMES } from './firmware.ts';
import { Journey, type Journeys, journeysTable } from './journey.ts';
import type { LabFlags } from './lab.ts';
import { type Computer, hardwareOf, Session, type SessionOptions } from './session.ts';

/** Where the built-in template puts things: the disk of a lab machine, and the root of the image that the build makes. */
const TARGET = { disk: '/dev/vda', partition: '/dev/vda1', image: 'debian-12.img.zst' };

/** Provisions the machines. @throws TinsmithError when one does not get to its end in time. */
export async function provision(
  flags: LabFlags,
  where: Pick<SessionOptions, 'directory' | 'command' | 'osie' | 'images'>,
  signal: AbortSignal,
): Promise<void> {
  const firmware = Array.from({ length: flags.machines }, () => flags.firmware);
  const session = new Session({ ...where, firmware, memory: flags.memory, dhcp: 'reservation' }, signal);
  const screen = flags.output === 'json' ? undefined : openScreen(session.computers);
  try {
    screen?.say({ at: Date.now(), tone: 'plain', text: introduction(flags) });
    await session.appliance.start();
    const client = session.client();
    const journeys = await prepare(client, session.computers, flags);
    const arrived = follow(client.events({}, 0), journeys, {
      seconds: flags.timeout,
      callsHome: flags.template === undefined,
      take: (event) => screen?.take(event),
    });
    // When a machine breaks, the other promise ends with the stream, and nobody waits for it any more.
    arrived.catch(() => {});
    await Promise.race([arrived, powerOn(session.computers, journeys, screen)]);
    screen?.end();
    report(journeys, flags);
  } catch (error) {
    throw withSerialLines(error, session.computers);
  } finally {
    screen?.end();
    await session.close();
  }
}

function introduction({ machines, firmware }: LabFlags): string {
  return `lab: ${machines} machine${machines > 1 ? 's' : ''} with ${FIRMWARE_NAMES[firmware]} firmware and an empty disk, on a network of their own`;
}

function openScreen(computers: readonly Computer[]): TimelineScreen {
  const machines = computers.flatMap(({ machine: { uuid, mac, name } }): [string, string][] => [
    [uuid, name],
    [mac, name],
  ]);
  return openTimelineScreen({ stdout: process.stdout, environment: process.env }, { machines, origin: Date.now() });
}

/** Makes the machines known, and a workflow for each. */
async function prepare(
  client: Client,
  computers: readonly Computer[],
  { template: file }: LabFlags,
): Promise<Journeys> {
  const yaml = file === undefined ? readEmbedded('examples/debian.yaml').toString() : readFileSync(file, 'utf8');
  for (const { machine } of computers) await client.post<Data<Machine>>('machines', hardwareOf(machine));
  const { data: template } = await client.sendYaml<Data<Template>>('POST', yaml, 'templates');
  const journeys: Journeys = new Map();
  for (const { machine } of computers) {
    const hardware = { device_1: machine.mac, hostname: machine.name, ...TARGET };
    const { data: workflow } = await client.post<Data<Workflow>>('workflows', { template: template.id, hardware });
    journeys.set(machine.uuid, new Journey(machine.name, workflow.id));
  }
  return journeys;
}

/** Switches the computers on. @returns a promise that rejects when one of them breaks, and else never settles. */
function powerOn(
  computers: readonly Computer[],
  journeys: Journeys,
  screen: TimelineScreen | undefined,
): Promise<never> {
  return new Promise((_, reject) => {
    for (const { machine, vm } of computers) {
      vm.once('failed', (why) => reject(new TinsmithError('UNAVAILABLE', why)));
      vm.powerOn();
      journeys.get(machine.uuid)?.pass('power on', Date.now());
      screen?.say({ at: Date.now(), tone: 'plain', text: 'power on', machine: machine.name });
    }
  });
}

/** Follows the events until every machine has got to its end. */
async function follow(
  events: AsyncIterable<StreamEvent>,
  journeys: Journeys,
  options: { seconds: number; callsHome: boolean; take: (event: StreamEvent) => void },
): Promise<void> {
  const iterator = events[Symbol.asyncIterator]();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), options.seconds * 1000);
  });
  const onTheWay = (): Journey[] => [...journeys.values()].filter((journey) => !journey.isComplete(options.callsHome));
  try {
    while (onTheWay().length > 0) {
      const next = await Promise.race([iterator.next(), late]);
      if (next === 'late') {
        const waiting = onTheWay().map(({ name, last }) => `${name} (last: ${last})`);
        throw new TinsmithError('TIMED_OUT', `Not there after ${options.seconds} s: ${waiting.join(', ')}.`);
      }
      if (next.done) throw new TinsmithError('UNREACHABLE', 'The event stream of the lab’s appliance ended.');
      options.take(next.value);
      journeys.get(next.value.machine ?? '')?.take(next.value);
    }
  } finally {
    clearTimeout(timer);
  }
}

function report(journeys: Journeys, { output, firmware }: LabFlags): void {
  const machines = [...journeys.values()].map(({ name, workflow, hops }) => ({ name, workflow, hops }));
  const text = output === 'json' ? JSON.stringify({ firmware, machines }) : `\n${journeysTable(journeys)}`;
  process.stdout.write(`${text}\n`);
}

function withSerialLines(error: unknown, computers: readonly Computer[]): unknown {
  if (!(error instanceof TinsmithError)) return error;
  const tails = computers.map(({ vm }) => `${vm.serialLog}:\n${tailOf(vm.serialLog)}`);
  return new TinsmithError(error.code, `${error.message}\nThe end of the serial lines:\n${tails.join('\n')}`, {
    next: error.next ?? 'Run it again with --keep to look at its files.',
    cause: error,
  });
}

function tailOf(file: string): string {
  try {
    const lines = readFileSync(file, 'latin1').split(/[\r\n]+/);
    return lines
      .slice(-15)
      .map((line) => `  ${line.replace(/[^\x20-\x7e]/g, '')}`)
      .join('\n');
  } catch {
    return '  (nothing)';
  }
}
