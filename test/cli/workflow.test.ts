/** What workflows are told, what they left behind, and what they keep secret, on the command line. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { DataVersion, ServiceView, StreamEvent } from '../../src/api/types.ts';
import { TinsmithError } from '../../src/errors.ts';
import { fakeAppliance, MACHINE, tell, tinsmith, WORKFLOW } from './fake-appliance.ts';

const directory = mkdtempSync(join(tmpdir(), 'tinsmith-cli-'));
after(() => rmSync(directory, { recursive: true }));
const file = (name: string, content: string | Buffer): string => {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
};
const ID = WORKFLOW.id;
const AT = WORKFLOW.createdAt;

const SERVICE: ServiceView = {
  name: 'web',
  worker: '{{.device_1}}',
  machine: MACHINE.id,
  image: 'nginx',
  command: [],
  volumes: [],
  environment: {},
  labels: [],
  ports: [{ port: 80, protocol: 'tcp' }],
  restart: { when: 'on-failure' },
  startTimeout: 60,
  state: 'HEALTHY',
  starts: 2,
  endpoints: { 80: '192.168.1.5:32768' },
};

describe('telling workflows what to do', () => {
  for (const [verb, said] of [
    ['cancel', 'Cancelled'],
    ['pause', 'Paused'],
    ['resume', 'Resumed'],
  ] as const) {
    it(`${verb}s each of several`, async (t) => {
      const appliance = await fakeAppliance(t, {
        [`POST /workflows/${ID}/${verb}`]: () => ({ data: WORKFLOW }),
        [`POST /workflows/b/${verb}`]: () => ({ data: { ...WORKFLOW, id: 'b' } }),
      });
      const { code, out } = await tinsmith(appliance, ['workflow', verb, ID, 'b']);
      assert.equal(code, 0);
      assert.equal(out, `${said} Workflow:  ${ID}\n${said} Workflow:  b\n`);
      assert.equal(appliance.asked[0]?.body, '{}');
      const refused = await fakeAppliance(t, {
        [`POST /workflows/${ID}/${verb}`]: () => {
          throw new TinsmithError('CONFLICT', 'It has ended.');
        },
      });
      assert.equal((await tinsmith(refused, ['workflow', verb, ID])).code, 65);
    });
  }

  it('retries from an action, and skips one', async (t) => {
    const appliance = await fakeAppliance(t, {
      [`POST /workflows/${ID}/retry`]: () => ({ data: WORKFLOW }),
      [`POST /workflows/${ID}/skip`]: () => ({ data: WORKFLOW }),
    });
    const retried = await tinsmith(appliance, ['workflow', 'retry', ID, '--from', 'wipe']);
    assert.equal(retried.out, `Retried Workflow:  ${ID} (now at os/stream)\n`);
    await tinsmith(appliance, ['workflow', 'retry', ID]);
    await tinsmith(appliance, ['workflow', 'skip', ID, 'stream']);
    const skipped = await tinsmith(appliance, ['workflow', 'skip', ID, '-o', 'json']);
    assert.deepEqual(JSON.parse(skipped.out), { data: WORKFLOW });
    assert.deepEqual(
      appliance.asked.map(({ body }) => JSON.parse(body)),
      [{ from: 'wipe' }, {}, { action: 'stream' }, {}],
    );
  });
});

describe('workflow create --secret', () => {
  const create = (...secrets: string[]) => [
    ...['workflow', 'create', '-t', 'ubuntu', '-r', '{"device_1":"52:54:00:00:00:01"}'],
    ...secrets.flatMap((secret) => ['--secret', secret]),
  ];

  it('sends values as they are, from files, and from the environment', async (t) => {
    const appliance = await fakeAppliance(t, { 'POST /workflows': () => ({ data: WORKFLOW }) });
    const { code, out, err } = await tinsmith(
      appliance,
      create('a=one=1', `b=@${file('secret', 'two\n')}`, 'c=env:THREE', 'd='),
      { environment: { THREE: 'three' } },
    );
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(appliance.asked[0]?.body ?? '').secrets, { a: 'one=1', b: 'two', c: 'three', d: '' });
    assert.doesNotMatch(out + err, /one|two|three/);
  });

  it('refuses what is none, without saying what was given', async (t) => {
    const appliance = await fakeAppliance(t, {});
    for (const wrong of [['hunter2'], ['1x=hunter2'], ['a=hunter2', 'a=hunter2'], ['a=env:HUNTER2_NOT_SET']]) {
      const { code, err } = await tinsmith(appliance, create(...wrong));
      assert.equal(code, 64);
      assert.doesNotMatch(err, /hunter2/);
    }
    assert.equal((await tinsmith(appliance, create(`a=@${directory}/none`))).code, 66);
    assert.equal(appliance.asked.length, 0);
  });
});

describe('workflow data', () => {
  const VERSIONS: DataVersion[] = [
    { version: 1, at: AT, size: 2, sha256: 'aa', by: 'an administrator' },
    { version: 2, at: AT, size: 4, sha256: 'bb', worker: MACHINE.id, task: 'os', action: 'wipe', by: 'action wipe' },
  ];
  const appliance = (t: Parameters<typeof fakeAppliance>[0], versions = VERSIONS) =>
    fakeAppliance(t, {
      [`GET /workflows/${ID}/data`]: ({ url }, response) => {
        response.writeHead(200, { 'tinsmith-data-version': '2' });
        response.end(url.includes('version=1') ? '{}' : Buffer.from([0xff, 0, 1]));
      },
      [`GET /workflows/${ID}/data/versions`]: () => ({ data: versions }),
      [`PUT /workflows/${ID}/data`]: () => ({ data: { version: 3, merged: true } }),
    });

  it('is written as it is, of any version', async (t) => {
    const all = await appliance(t);
    assert.equal((await tinsmith(all, ['workflow', 'data', ID])).out, Buffer.from([0xff, 0, 1]).toString());
    assert.equal((await tinsmith(all, ['workflow', 'data', ID, '-v', '1'])).out, '{}');
  });

  it('has the metadata and the latest version that tink had', async (t) => {
    const all = await appliance(t);
    assert.deepEqual(JSON.parse((await tinsmith(all, ['workflow', 'data', ID, '-m'])).out), {
      workerID: MACHINE.id,
      actionName: 'wipe',
      taskName: 'os',
      updatedAt: AT,
      sha256: 'bb',
    });
    const first = await tinsmith(all, ['workflow', 'data', ID, '--metadata', '--version', '1']);
    assert.equal(JSON.parse(first.out).sha256, 'aa');
    for (const flag of ['-l', '--latest version', '--latest'])
      assert.equal((await tinsmith(all, ['workflow', 'data', ID, flag])).out, 'Latest workflow data version: 2\n');
    const none = await appliance(t, []);
    assert.equal((await tinsmith(none, ['workflow', 'data', ID, '-l'])).out, 'Latest workflow data version: 0\n');
    assert.equal((await tinsmith(none, ['workflow', 'data', ID, '-m'])).code, 66);
  });

  it('shows who wrote it', async (t) => {
    const { out } = await tinsmith(await appliance(t), ['workflow', 'data', ID, '--history', '-o', 'csv']);
    assert.deepEqual(out.trim().split('\n').slice(1), [
      `1,${AT},2,an administrator,,aa`,
      `2,${AT},4,action wipe,${MACHINE.id},bb`,
    ]);
  });

  it('is written from a file or standard input, byte by byte', async (t) => {
    const all = await appliance(t);
    const bytes = Buffer.from([0xfe, 0, 10]);
    const { out } = await tinsmith(all, ['workflow', 'data', ID, '--set', file('data', bytes), '--base', '2']);
    assert.equal(out, 'Written workflow data version: 3, merged with what others wrote\n');
    assert.match(all.asked[0]?.url ?? '', /\?base=2$/);
    assert.equal(all.asked[0]?.headers['content-length'], '3');
    assert.equal(all.asked[0]?.body, bytes.toString('utf8'));
    await tinsmith(all, ['workflow', 'data', ID, '--set', '-'], { stdin: '{"a":1}' });
    assert.equal(all.asked[1]?.body, '{"a":1}');
    assert.equal(all.asked[1]?.url, `/api/v1/workflows/${ID}/data`);
  });

  it('refuses flags that do not go together', async (t) => {
    const all = await appliance(t);
    for (const flags of [
      ['-l', '-m'],
      ['--history', '--set', '-'],
      ['--base', '1'],
      ['-l', '-v', '1'],
    ])
      assert.equal((await tinsmith(all, ['workflow', 'data', ID, ...flags])).code, 64);
  });
});

describe('workflow services and state', () => {
  it('shows services and where they are reached', async (t) => {
    const services = [SERVICE, { ...SERVICE, name: 'db', state: 'FAILED', endpoints: {}, exitCode: 3 }];
    const appliance = await fakeAppliance(t, { [`GET /workflows/${ID}`]: () => ({ data: { ...WORKFLOW, services } }) });
    const { out } = await tinsmith(appliance, ['workflow', 'services', ID, '-o', 'csv']);
    assert.equal(
      out,
      'Name,Worker,State,Starts,Endpoint,Message\nweb,{{.device_1}},HEALTHY,2,80 at 192.168.1.5:32768,\ndb,{{.device_1}},FAILED,2,,exit code 3\n',
    );
  });

  it('says that it is paused, how it will end, and that it was cancelled', async (t) => {
    let more: object = { pausedAt: AT, outcome: { state: 'TIMEOUT', message: 'too slow', hooks: 2, until: AT } };
    const appliance = await fakeAppliance(t, { [`GET /workflows/${ID}`]: () => ({ data: { ...WORKFLOW, ...more } }) });
    const state = async () => (await tinsmith(appliance, ['workflow', 'state', ID, '-o', 'csv'])).out;
    assert.match(await state(), new RegExp(`Paused Since,${AT}\nWill End,STATE_TIMEOUT: too slow\n`));
    more = { state: 'CANCELLED', message: 'cancelled by an administrator' };
    assert.match(await state(), /Workflow State,STATE_CANCELLED\nMessage,cancelled by an administrator\n/);
  });
});

describe('workflow logs --service', () => {
  const log = (start: number, text: string) => ({
    service: 0,
    name: 'web',
    start,
    entries: [{ at: 0, stream: 'stdout', text }],
  });

  it('shows every start', async (t) => {
    const appliance = await fakeAppliance(t, {
      [`GET /workflows/${ID}/logs`]: () => ({ data: [log(1, 'one\n'), log(2, 'two')] }),
    });
    const { out } = await tinsmith(appliance, ['workflow', 'logs', ID, '--service', 'web']);
    assert.equal(out, '==> web <==\none\n==> web (start 2) <==\ntwo\n');
    assert.match(appliance.asked[0]?.url ?? '', /service=web$/);
    assert.equal((await tinsmith(appliance, ['workflow', 'logs', ID, '--start', '1'])).code, 64);
  });

  it('follows it, what was and what comes, until the workflow has ended', async (t) => {
    let told = false;
    const event = (kind: StreamEvent['kind'], data: object): StreamEvent =>
      ({ seq: 0, time: AT, kind, workflow: ID, machine: MACHINE.id, data }) as unknown as StreamEvent;
    const entries = (text: string) => [{ at: 0, stream: 'stdout', text }];
    const appliance = await fakeAppliance(t, {
      [`GET /workflows/${ID}`]: () => ({
        data: { ...WORKFLOW, services: [{ ...SERVICE, starts: 1 }], state: told ? 'CANCELLED' : 'RUNNING' },
      }),
      [`GET /workflows/${ID}/logs`]: () => ({ data: [log(1, 'before\n')] }),
      'GET /events': (_, response) => {
        response.writeHead(200);
        tell(response, event('workflow.ended', { state: 'FAILED', message: '', installed: [], at: 0 }));
        tell(response, event('workflow.retried', { name: 'x', from: 0, at: 0 }));
        tell(response, event('stream.live', {}));
        tell(response, event('log', { service: 0, name: 'web', start: 1, from: 1, entries: entries('after\n') }));
        tell(response, event('log', { service: 1, name: 'db', start: 1, from: 0, entries: entries('other\n') }));
        told = true;
        tell(response, event('workflow.ended', { state: 'CANCELLED', message: '', installed: [], at: 0 }));
      },
    });
    const { code, out } = await tinsmith(appliance, ['workflow', 'logs', '-f', ID, '--service', 'web']);
    assert.deepEqual([code, out], [0, 'before\nafter\n']);
  });
});

describe('workflow wait', () => {
  it('fails for one that was cancelled', async (t) => {
    const appliance = await fakeAppliance(t, {
      [`GET /workflows/${ID}`]: () => ({ data: { ...WORKFLOW, state: 'CANCELLED' } }),
      'GET /events': (_, response) => {
        response.writeHead(200);
        tell(response, { seq: 0, time: AT, kind: 'stream.live', data: {} });
      },
    });
    const { code, err } = await tinsmith(appliance, ['workflow', 'wait', ID]);
    assert.equal(code, 1);
    assert.match(err, /ended CANCELLED/);
  });
});

describe('workflow list', () => {
  it('goes through all pages, with its filters', async (t) => {
    const appliance = await fakeAppliance(t, {
      'GET /workflows': ({ url }) =>
        url.includes('after=x') ? { data: [{ ...WORKFLOW, id: 'b' }] } : { data: [WORKFLOW], next: 'x' },
    });
    const { out } = await tinsmith(appliance, ['workflow', 'list', '-q', '--state', 'FAILED', '--machine', 'node1']);
    assert.equal(out, `${ID}\nb\n`);
    assert.match(appliance.asked[1]?.url ?? '', /state=FAILED&machine=node1&limit=1000&after=x$/);
  });
});
