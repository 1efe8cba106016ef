/**
 * What Digital Rebar's document says of restarts and power, on a virtual machine that really restarts and goes off. The
 * other statements are in test/scenarios.
 */
import assert from 'node:assert/strict';
import type { Data, Job, StreamEvent } from '../../src/api/types.ts';
import { scenario } from './scenario.ts';

/** Each Task asks for something once, and is finished when it is run again. */
const once = (name: string, code: number): string => `
kind: Task
name: ${name}
templates:
  - name: ${name}
    contents: |
      #!/bin/sh
      set -e
      . ./helper
      [ "$(get_param ${name}/done 2>/dev/null || echo no)" = true ] && exit 0
      set_param ${name}/done true
      exit ${code}
`;

const CONTENT = [
  once('reboot-and-again', 192),
  once('reboot', 64),
  once('off-and-again', 160),
  once('off', 32),
  `
kind: Stage
name: one
bootEnv: osie
tasks: [reboot-and-again, reboot]
`,
  `
kind: Stage
name: two
bootEnv: osie
tasks: [off-and-again, off]
`,
  `
kind: Stage
name: three
`,
  `
kind: Profile
name: global
params:
  change-stage/map: {one: "two:Reboot", two: "three:Shutdown"}
`,
].join('---');

scenario(
  'statements 17 and 18: a machine restarts, and goes off, as exit codes and the map say, and Jobs go on after it',
  import.meta.url,
  { firmware: ['bios'], dhcp: 'reservation', limit: 1100 },
  async ({ session, addMachines, until, say }) => {
    const computer = session.computers[0]?.vm;
    const machine = session.computers[0]?.machine;
    assert.ok(computer && machine);
    await addMachines();
    const client = session.client();
    await client.sendYaml('POST', CONTENT, 'apply');
    await client.post(`machines/${machine.name}/stage`, { stage: 'one' });
    const off = (): Promise<void> => new Promise((resolve) => computer.once('off', resolve));
    /** A Job of this Task has come to this. */
    const job =
      (task: string, state: string, exitState: string) =>
      ({ kind, data }: StreamEvent): boolean =>
        kind === 'job.changed' && data.task === task && data.state === state && data.exitState === exitState;

    computer.powerOn();
    await until('192: incomplete, and it restarts', job('reboot-and-again', 'incomplete', 'reboot'));
    await until('the same Job is finished after that', job('reboot-and-again', 'finished', 'complete'));
    await until('64: finished, and it restarts', job('reboot', 'finished', 'reboot'));
    let gone = off();
    await until('160: incomplete, and it goes off', job('off-and-again', 'incomplete', 'poweroff'));
    await gone;
    say('it is off');
    computer.powerOn();
    gone = off();
    await until('the same Job is finished after that', job('off-and-again', 'finished', 'complete'));
    await until('32: finished, and it goes off', job('off', 'finished', 'poweroff'));
    await until('stage three', ({ kind, data }) => kind === 'machine.stage' && data.stage === 'three');
    await gone;
    say('it is off');
    const jobs = (await client.list<Job>('jobs', { machine: machine.uuid })).data.reverse();
    assert.deepEqual(
      jobs.map(({ task, state, attempts }) => [task, state, attempts.length]),
      [
        ['reboot-and-again', 'finished', 2],
        ['reboot', 'finished', 1],
        ['off-and-again', 'finished', 2],
        ['off', 'finished', 1],
      ],
    );
    const { data } = await client.get<Data<{ worker?: { boot: string } }>>('machines', machine.name);
    say(`its last boot was ${data.worker?.boot}`);
  },
);
