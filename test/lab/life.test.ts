/**
 * The whole life of a machine that nobody knew: found, inventoried, named by a rule, wiped, installed; its agent goes on in
 * the system on its disk; then it is wiped again and retired. In the middle of that its power is cut and the appliance is
 * killed, when the seed says: `TINSMITH_LAB_SEED=7`.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Data, Job, JobLog, Life, StreamEvent } from '../../src/api/types.ts';
import { plugInRouter } from './router.ts';
import { scenario } from './scenario.ts';

const seed = Number(process.env.TINSMITH_LAB_SEED ?? 1);

/** Numbers from 0 to 1 that follow from the seed (mulberry32). */
function numbersOf(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What the machine has to do, in the order of its stages; the last ones are run in the installed system. */
const TASKS = ['inventory', 'wipe-disks', 'image-install', 'grow-root', 'install-agent', 'look', 'serve'];
const LINES = 500;

const CONTENT = `
kind: Task
name: look
templates: [{name: look, contents: "#!/bin/sh\\nset -e\\ngrep -q ' / ext4 ' /proc/mounts\\n. /etc/os-release\\necho this is $ID\\n"}]
---
kind: Task
name: serve
templates: [{name: serve, contents: "#!/bin/sh\\nn=0\\nwhile [ $n -lt ${LINES} ]; do n=$((n + 1)); echo line $n; done\\n"}]
---
kind: Stage
name: in-use
bootEnv: local
tasks: [look, serve]
---
kind: Stage
name: give-back
bootEnv: osie
tasks: [wipe-disks]
---
kind: Stage
name: retired
---
kind: Profile
name: lab
params:
  image/url: debian-12.img.zst
  change-stage/map: {local: in-use, give-back: "retired:Shutdown"}
`;

const RULES = [
  {
    when: { 'memory.total': '>= 512MiB' },
    name: 'found-{{ (index .disks 0).name }}',
    profiles: ['lab', 'image-install'],
    stage: 'discover',
  },
];

scenario(
  `the life of a machine that nobody knew, with a power cut and a killed appliance in it (seed ${seed})`,
  import.meta.url,
  { firmware: ['bios'], dhcp: 'proxy', flags: ['--unknown', 'discover'], limit: 1150 },
  async ({ session, until, say }) => {
    const computer = session.computers[0]?.vm;
    const mac = session.computers[0]?.machine.mac ?? '';
    assert.ok(computer);
    const router = await plugInRouter();
    const client = session.client();
    await client.sendYaml('POST', CONTENT, 'apply');
    await client.put(RULES, {}, 'discovery', 'rules');

    const random = numbersOf(seed);
    const pick = (): { task: string; after: number } => ({
      task: TASKS[Math.floor(random() * TASKS.length)] ?? '',
      after: Math.floor(random() * 4000),
    });
    const [cut, killed] = [pick(), pick()];
    const running = ({ kind, data }: StreamEvent, task: string): boolean =>
      kind === 'job.changed' && data.task === task && data.state === 'running';
    const misfortunes = [
      (async () => {
        await until(
          `Task ${cut.task} runs: its power is cut after ${cut.after} ms`,
          (event) => running(event, cut.task),
          600,
        );
        await sleep(cut.after);
        await computer.powerCut();
        computer.powerOn();
        say('power cut, and on again');
      })(),
      (async () => {
        await until(
          `Task ${killed.task} runs: the appliance is killed after ${killed.after} ms`,
          (event) => running(event, killed.task),
          600,
        );
        await sleep(killed.after);
        await session.appliance.stop('SIGKILL');
        await session.appliance.start();
        say('appliance killed, and there again');
      })(),
    ];
    computer.powerOn();

    const found = await until('the machine is found', ({ kind }) => kind === 'machine.discovered');
    const id = found.machine ?? '';
    const life = async (): Promise<Life> => (await client.get<Data<Life>>('machines', id, 'life')).data;
    const inStage =
      (stage: string) =>
      ({ kind, data }: StreamEvent): boolean =>
        kind === 'machine.stage' && data.stage === stage;
    for (const stage of ['wipe', 'image-install', 'local', 'in-use'])
      await until(`stage ${stage}`, inStage(stage), 600);
    await Promise.all(misfortunes);
    await until(
      'all is done in stage in-use',
      ({ kind, data }) => kind === 'machine.rests' && String(data.sentence).includes('in-use'),
      600,
    );
    assert.equal((await client.get<Data<{ name: string }>>('machines', mac)).data.name, 'found-vda');
    assert.equal((await life()).bootEnv, 'local');

    const jobs = async (): Promise<Job[]> => (await client.list<Job>('jobs', { machine: id })).data.reverse();
    const lived = await jobs();
    const finished = lived.filter(({ state }) => state === 'finished').map(({ task }) => task);
    assert.deepEqual(finished, TASKS, JSON.stringify(lived.map(({ task, state, message }) => [task, state, message])));
    // What was cut off has failed, and nothing else has.
    assert.ok(lived.length - finished.length <= 1, JSON.stringify(lived));
    lived.forEach(({ previous }, i) => {
      assert.equal(previous, lived[i - 1]?.id);
    });
    const logOf = async (task: string): Promise<string> => {
      const job = lived.find((each) => each.task === task && each.state === 'finished');
      const { data } = await client.get<Data<JobLog>>('jobs', job?.id ?? '', 'log');
      return data.entries.map(({ text }) => text).join('');
    };
    assert.match(await logOf('look'), /this is debian/);
    assert.deepEqual(
      (await logOf('serve')).split('\n').filter((line) => line.startsWith('line ')),
      Array.from({ length: LINES }, (_, n) => `line ${n + 1}`),
    );

    const off = new Promise<void>((resolve) => computer.once('off', resolve));
    await client.post(`machines/${id}/stage`, { stage: 'give-back' });
    await until('stage retired', inStage('retired'));
    await off;
    say('switched off');
    const params = await client.get<Data<Record<string, { value: { disks: Record<string, { erased: boolean }> } }>>>(
      ...['machines', id, 'params'],
    );
    say(JSON.stringify(params.data).slice(0, 2000));
    router.kill('SIGKILL');
  },
);
