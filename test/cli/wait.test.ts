/** Waiting for machines and following Jobs: over the event stream, and by nothing else. */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import type { Job, JobLog, Life } from '../../src/api/types.ts';
import { TinsmithError } from '../../src/errors.ts';
import { fakeAppliance, MACHINE, tell, tinsmith } from './fake-appliance.ts';

const LIFE: Life = {
  ...{ stage: 'one', profiles: [], params: {}, locked: false, runnable: true },
  ...{ tasks: ['a'], currentTask: -1, unusable: [] },
};
const JOB: Job = {
  ...{ id: 'job-1', number: 1, machine: MACHINE.id, machineName: 'node1', task: 'a', stage: 'one', bootEnv: 'osie' },
  ...{ workflow: 'w', action: 0, attempts: [1], state: 'running', createdAt: '2026-01-01T00:00:00.000Z' },
};

/** A machine whose life, Jobs and events are what the test says. */
async function machine(t: TestContext) {
  const now = { life: LIFE, jobs: [JOB], logs: new Map<string, string[]>() };
  const streams: ServerResponse[] = [];
  const asked = { life: 0, log: 0 };
  /** What is waited for is told once the answer to a request has been made. */
  const waiting: Record<string, () => void> = {};
  const onAsked = (what: 'life' | 'job' | 'log'): void => void setImmediate(() => waiting[what]?.());
  const nextAsked = (what: 'life' | 'job' | 'log' = 'life') =>
    new Promise<void>((resolve) => (waiting[what] = resolve));
  const logOf = (id: string, from: number): { data: JobLog } => {
    const texts = now.logs.get(id) ?? [];
    const entries = texts.slice(from).map((text) => ({ at: 1, stream: 'stdout' as const, text }));
    const state = now.jobs.find((job) => job.id === id)?.state ?? 'running';
    return { data: { state, entries, next: texts.length } };
  };
  const appliance = await fakeAppliance(t, {
    'GET /machines/node1': () => ({ data: MACHINE }),
    [`GET /machines/${MACHINE.id}/life`]: () => {
      asked.life++;
      onAsked('life');
      return { data: now.life };
    },
    'GET /jobs': () => ({ data: now.jobs }),
    ...Object.fromEntries(
      ['job-1', 'job-2'].flatMap((id) => [
        [
          `GET /jobs/${id}`,
          () => {
            onAsked('job');
            return { data: now.jobs.find((job) => job.id === id) };
          },
        ],
        [
          `GET /jobs/${id}/log`,
          ({ url }: { url: string }) => {
            asked.log++;
            onAsked('log');
            return logOf(id, Number(new URL(url, 'http://x').searchParams.get('from')));
          },
        ],
      ]),
    ),
    'GET /events': (_, response) => {
      streams.push(response);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      tell(response, { seq: 0, time: '', kind: 'stream.live', data: {} });
    },
  });
  const happens = (): void => {
    for (const each of streams) tell(each, { seq: 1, time: '', kind: 'machine.updated', data: { name: 'node1' } });
  };
  return { appliance, now, asked, nextAsked, happens, streams };
}

describe('machine wait', () => {
  it('ends at once where it is so already', async (t) => {
    const { appliance, asked } = await machine(t);
    const { code, out } = await tinsmith(appliance, ['machine', 'wait', 'node1', 'Stage', 'one']);
    assert.deepEqual([code, out, asked.life], [0, 'Machine node1: Stage one\n', 1]);
    const query = new URL(appliance.asked.find(({ url }) => url.includes('/events'))?.url ?? '', appliance.url);
    assert.equal(query.searchParams.get('machine'), MACHINE.id);
  });

  it('looks again when something has happened, and not before', async (t) => {
    const { appliance, now, asked, nextAsked, happens } = await machine(t);
    let looked = nextAsked();
    const waiting = tinsmith(appliance, ['machine', 'wait', 'node1', 'complete', 'true', '60', '-o', 'json']);
    await looked;
    looked = nextAsked();
    happens();
    await looked;
    assert.equal(asked.life, 2);
    now.life = { ...LIFE, currentTask: 1 };
    happens();
    const { code, out } = await waiting;
    assert.equal(code, 0);
    assert.equal(JSON.parse(out).data.life.currentTask, 1);
    assert.equal(asked.life, 3);
  });

  it('reads the newest Job, and takes the stream up again', async (t) => {
    const { appliance, now, nextAsked, streams } = await machine(t);
    now.life = { ...LIFE, job: 'job-1' };
    const looked = nextAsked('job');
    const waiting = tinsmith(appliance, ['machine', 'wait', 'node1', 'state', 'finished']);
    await looked;
    now.jobs = [{ ...JOB, state: 'finished' }];
    streams[0]?.destroy();
    assert.equal((await waiting).code, 0);
    assert.equal(streams.length, 2);
  });

  it('ends with 75 when the time is over, with 130 on Ctrl-C, and with the error when refused', async (t) => {
    const { appliance, nextAsked } = await machine(t);
    const late = await tinsmith(appliance, ['machine', 'wait', 'node1', 'stage', 'two', '0.3']);
    assert.equal(late.code, 75);
    assert.match(late.err, /stage of machine node1 is one after 0\.3 s, not two/);
    const interruption = new AbortController();
    const looked = nextAsked();
    const waiting = tinsmith(appliance, ['machine', 'wait', 'node1', 'stage', 'two'], {
      interrupted: interruption.signal,
    });
    await looked;
    interruption.abort();
    assert.equal((await waiting).code, 130);
    for (const [field, time] of [
      ['nonsense', '1'],
      ['stage', 'soon'],
    ])
      assert.equal((await tinsmith(appliance, ['machine', 'wait', 'node1', field ?? '', 'x', time ?? ''])).code, 64);
    const closed = await fakeAppliance(t, {
      'GET /machines/node1': () => ({ data: MACHINE }),
      'GET /events': () => {
        throw new TinsmithError('UNAUTHORIZED', 'no');
      },
    });
    assert.equal((await tinsmith(closed, ['machine', 'wait', 'node1', 'stage', 'one'])).code, 77);
  });
});

describe('wait, of every noun', () => {
  const STAGE = {
    section: 'stages',
    name: 's',
    layer: 'local',
    object: { name: 's', meta: { 'a.b': 'x' }, tasks: ['t'] },
  };
  async function world(t: TestContext, routes: Record<string, () => unknown>) {
    const streams: ServerResponse[] = [];
    const appliance = await fakeAppliance(t, {
      ...routes,
      'GET /events': (_, response) => {
        streams.push(response);
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        tell(response, { seq: 0, time: '', kind: 'stream.live', data: {} });
      },
    });
    return { appliance, streams };
  }

  it('finds fields by their paths', async (t) => {
    const workflow = { id: 'w', state: 'RUNNING', actions: [{ name: 'one', state: 'SUCCESS' }] };
    const { appliance } = await world(t, {
      'GET /content/stages/s': () => ({ data: STAGE }),
      'GET /content/params/a%2Fb': () => ({
        data: { ...STAGE, object: { name: 'a/b', schema: { default: { x: 1 } } } },
      }),
      'GET /packs': () => ({ data: [{ name: 'p', version: 'v1', objects: 3 }] }),
      'GET /templates/ubuntu': () => ({ data: { id: 'i', name: 'ubuntu' } }),
      'GET /jobs/job-1': () => ({ data: JOB }),
      'GET /workflows/w': () => ({ data: workflow }),
      'GET /machines/node1': () => ({ data: MACHINE }),
      [`GET /machines/${MACHINE.id}/life`]: () => ({ data: { ...LIFE, params: { 'a/b': { c: [5] } } } }),
    });
    for (const [line, out] of [
      ['stage wait s meta.a.b x', 'Stage s: meta.a.b x\n'],
      ['stage wait s Tasks[0] Ne(u)', 'Stage s: Tasks[0] t\n'],
      ['stage wait s layer In(pack,local)', 'Stage s: layer local\n'],
      ['stage wait s pack Nin(a,b)', 'Stage s: pack\n'],
      ['stage wait s exists true', 'Stage s: exists true\n'],
      ['param wait a/b schema.default {"x":1}', 'Param a/b: schema.default {"x":1}\n'],
      ['param wait nowhere exists false', 'Param nowhere: exists false\n'],
      ['content wait p version v1', 'Pack p: version v1\n'],
      ['template wait ubuntu name Eq(ubuntu)', 'Template ubuntu: name ubuntu\n'],
      ['job wait job-1 state running', 'Job job-1: state running\n'],
      ['workflow wait w actions[0].state SUCCESS', 'Workflow w: actions[0].state SUCCESS\n'],
      ['machine wait node1 params.a/b.c[0] 5', 'Machine node1: params.a/b.c[0] 5\n'],
    ] as const) {
      const { code, out: said, err } = await tinsmith(appliance, [...line.split(' '), '20']);
      assert.deepEqual([code, said], [0, out], `${line}: ${err}`);
    }
  });

  it('looks again when something has happened', async (t) => {
    let layer = 'local';
    let looked = (): void => {};
    const first = new Promise<void>((resolve) => (looked = resolve));
    const { appliance, streams } = await world(t, {
      'GET /content/stages/s': () => {
        setImmediate(looked);
        return { data: { ...STAGE, layer } };
      },
    });
    const waiting = tinsmith(appliance, ['stage', 'wait', 's', 'layer', 'pack', '-o', 'json']);
    await first;
    layer = 'pack';
    for (const each of streams) tell(each, { seq: 1, time: '', kind: 'pack.added', data: {} as never });
    const { code, out } = await waiting;
    assert.deepEqual([code, JSON.parse(out).data.layer], [0, 'pack']);
    const query = new URL(appliance.asked.find(({ url }) => url.includes('/events'))?.url ?? '', appliance.url);
    assert.deepEqual(query.searchParams.getAll('kind'), ['content.changed', 'pack.*']);
  });

  it('ends with 75 when it is not so in time, 64 for what there is not, 66 where there is none', async (t) => {
    const { appliance } = await world(t, { 'GET /content/stages/s': () => ({ data: STAGE }) });
    const late = await tinsmith(appliance, ['stage', 'wait', 's', 'layer', 'pack', '0.3']);
    assert.equal(late.code, 75);
    assert.match(late.err, /layer of stage s is local after 0\.3 s, not pack/);
    for (const noun of [
      'stage',
      'task',
      'bootenv',
      'profile',
      'param',
      'template',
      'workflow',
      'job',
      'content',
      'machine',
    ])
      assert.equal((await tinsmith(appliance, [noun, 'wait', 's', 'nonsense.x', 'y'])).code, 64, noun);
    const none = await tinsmith(appliance, ['task', 'wait', 'none', 'description', 'x']);
    assert.equal(none.code, 66, none.err);
  });
});

describe('a log that is followed', () => {
  it('is written as it comes, each entry once, until the Job has ended', async (t) => {
    const { appliance, now, nextAsked, happens } = await machine(t);
    now.logs.set('job-1', ['one\n']);
    const looked = nextAsked('log');
    const following = tinsmith(appliance, ['job', 'log', '-f', 'job-1']);
    await looked;
    now.logs.set('job-1', ['one\n', 'two\n', 'three\n']);
    now.jobs = [{ ...JOB, state: 'failed' }];
    happens();
    assert.deepEqual(await following, { code: 0, out: 'one\ntwo\nthree\n', err: '' });
  });

  it('goes on with the Jobs that come after it, where it is a machine’s', async (t) => {
    const { appliance, now, happens } = await machine(t);
    now.logs.set('job-1', ['one\n']);
    now.logs.set('job-2', ['two\n']);
    const interruption = new AbortController();
    let isTold = false;
    const { code, out } = await tinsmith(appliance, ['machine', 'log', '-f', 'node1'], {
      interrupted: interruption.signal,
      onOutput: (text) => {
        if (text.includes('two')) interruption.abort();
        if (!text.includes('one') || isTold) return;
        isTold = true;
        now.jobs = [
          { ...JOB, id: 'job-2', number: 2, task: 'b' },
          { ...JOB, state: 'finished' },
        ];
        happens();
      },
    });
    assert.equal(code, 130);
    assert.equal(out, '==> a (Job job-1) <==\none\n==> b (Job job-2) <==\ntwo\n');
  });
});
