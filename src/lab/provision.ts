/** One run of the lab, inside its namespaces: appliance, machines, workflows, and the way of each to its end. */
import { readFileSync } from 'node:fs';
import type { Data, Machine, StreamEvent, Template, Workflow } from '../api/types.ts';
import { openTimelineScreen } from '../cli/timeline-screen.ts';
import { TinsmithError } from '../errors.ts';
import { readEmbedded } from '../executable/embedded.ts';
import { ApplianceProcess } from './appliance-process.ts';
import { Journey, type Journeys, journeysTable } from './journey.ts';
import type { LabFlags } from './lab.ts';
import { type LabMachine, labMachine, makeNetwork, NETWORK, startIpv6Router } from './network.ts';
import { VirtualMachine } from './virtual-machine.ts';

const DISK_BYTES = 4e9;

export interface ProvisionOptions extends LabFlags {
  /** Where everything of this run lies. */
  directory: string;
  /** How this program is started. */
  command: string[];
  osie: string;
  /** Directory of the images to install. */
  images: string;
}

/** Hardware data of a lab machine. */
export function hardwareOf({ name, mac, address, uuid }: LabMachine): object {
  return {
    id: uuid,
    metadata: { facility: { facility_code: 'lab' }, instance: {}, state: 'provisioning' },
    network: {
      interfaces: [
        {
          dhcp: {
            mac,
            hostname: name,
            lease_time: 86400,
            arch: 'x86_64',
            ip: { address, netmask: NETWORK.netmask, gateway: NETWORK.address },
          },
          netboot: { allow_pxe: true, allow_workflow: true },
        },
      ],
    },
  };
}

/** Provisions the machines. @throws TinsmithError when one does not get to its end in time. */
export async function provision(options: ProvisionOptions, signal: AbortSignal): Promise<void> {
  const machines = Array.from({ length: options.machines }, (_, i) => labMachine(i + 1));
  makeNetwork(machines);
  const router = startIpv6Router(options.directory);
  const appliance = new ApplianceProcess(options.directory, options.command, [
    '--dhcp',
    'reservation',
    '--osie',
    options.osie,
    '--files',
    options.images,
  ]);
  const computers = machines.map(
    (machine) =>
      new VirtualMachine({
        machine,
        firmware: options.firmware,
        directory: options.directory,
        memory: options.memory,
        disk: DISK_BYTES,
      }),
  );
  const began = Date.now();
  const over = new AbortController();
  const quiet = options.output === 'json';
  const screen = quiet
    ? undefined
    : openTimelineScreen(
        { stdout: process.stdout, environment: process.env },
        {
          machines: machines.flatMap(
            ({ name, mac, uuid }) =>
              [
                [uuid, name],
                [mac, name],
              ] as const,
          ),
          origin: began,
        },
      );
  const say = (text: string, machine?: string): void => screen?.say({ at: Date.now(), tone: 'plain', text, machine });
  try {
    say(
      `lab: ${machines.length} machine${machines.length > 1 ? 's' : ''} with ${options.firmware === 'uefi' ? 'UEFI (OVMF)' : 'BIOS (SeaBIOS)'} firmware and an empty disk, on a network of their own`,
    );
    await appliance.start();
    const client = appliance.client(AbortSignal.any([signal, over.signal]));
    for (const machine of machines) await client.post<Data<Machine>>('machines', hardwareOf(machine));
    const yaml =
      options.template === undefined
        ? readEmbedded('examples/debian.yaml').toString()
        : readFileSync(options.template, 'utf8');
    const { data: template } = await client.sendYaml<Data<Template>>('POST', yaml, 'templates');
    const journeys: Journeys = new Map();
    for (const { uuid, name, mac } of machines) {
      const { data: workflow } = await client.post<Data<Workflow>>('workflows', {
        template: template.id,
        hardware: {
          device_1: mac,
          hostname: name,
          disk: '/dev/vda',
          partition: '/dev/vda1',
          image: 'debian-12.img.zst',
        },
      });
      journeys.set(uuid, new Journey(name, workflow.id));
    }
    const broken = new Promise<never>((_, reject) => {
      for (const computer of computers) computer.once('failed', (why) => reject(new TinsmithError('UNAVAILABLE', why)));
    });
    for (const computer of computers) computer.powerOn();
    for (const [uuid, journey] of journeys) {
      journey.pass('power on', Date.now());
      say('power on', machines.find((machine) => machine.uuid === uuid)?.name);
    }
    const arrived = follow(client.events({}, 0), journeys, {
      seconds: options.timeout,
      callsHome: options.template === undefined,
      take: (event) => screen?.take(event),
    });
    // When a machine breaks, the other promise ends with the stream, and nobody waits for it any more.
    arrived.catch(() => {});
    await Promise.race([arrived, broken]);
    screen?.end();
    await report(journeys, options);
  } catch (error) {
    if (error instanceof TinsmithError) {
      const tails = computers.map(({ serialLog }) => `${serialLog}:\n${tailOf(serialLog)}`).join('\n');
      throw new TinsmithError(error.code, `${error.message}\nThe end of the serial lines:\n${tails}`, {
        next: error.next ?? 'Run it again with --keep to look at its files.',
        cause: error,
      });
    }
    throw error;
  } finally {
    over.abort();
    screen?.end();
    await Promise.all(computers.map((computer) => computer.powerCut()));
    await appliance.stop('SIGTERM');
    router.kill();
  }
}

/** Follows the events until every machine has got to its end. */
async function follow(
  events: AsyncIterable<StreamEvent>,
  journeys: Journeys,
  options: { seconds: number; callsHome: boolean; take: (event: StreamEvent) => void },
): Promise<void> {
  const iterator = events[Symbol.asyncIterator]();
  let expire: (() => void) | undefined;
  const timer = setTimeout(() => expire?.(), options.seconds * 1000);
  const late = new Promise<'late'>((resolve) => {
    expire = () => resolve('late');
  });
  try {
    while ([...journeys.values()].some((journey) => !journey.isComplete(options.callsHome))) {
      const next = await Promise.race([iterator.next(), late]);
      if (next === 'late') {
        const waiting = [...journeys.values()]
          .filter((journey) => !journey.isComplete(options.callsHome))
          .map(({ name, last }) => `${name} (last: ${last})`);
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

async function report(journeys: Journeys, { output, firmware }: ProvisionOptions): Promise<void> {
  if (output === 'json') {
    const machines = [...journeys.values()].map(({ name, workflow, hops }) => ({ name, workflow, hops }));
    process.stdout.write(`${JSON.stringify({ firmware, machines })}\n`);
  } else process.stdout.write(`\n${journeysTable(journeys)}\n`);
}

function tailOf(file: string): string {
  try {
    return readFileSync(file, 'latin1')
      .split(/[\r\n]+/)
      .slice(-15)
      .map((line) => `  ${line.replace(/[^\x20-\x7e]/g, '')}`)
      .join('\n');
  } catch {
    return '  (nothing)';
  }
}
