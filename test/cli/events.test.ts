/** Events and webhooks on the command line. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StreamEvent, Webhook } from '../../src/api/types.ts';
import { fakeAppliance, MACHINE, TEMPLATE, tell, tinsmith, WORKFLOW } from './fake-appliance.ts';

const AT = WORKFLOW.createdAt;
const EVENTS: StreamEvent[] = [
  { seq: 1, time: AT, kind: 'template.created', data: { template: TEMPLATE.id, name: 'ubuntu' } },
  { seq: 2, time: AT, kind: 'machine.added', machine: MACHINE.id, data: { name: 'node1' } },
  { seq: 0, time: AT, kind: 'stream.live', data: {} },
  { seq: 3, time: AT, kind: 'workflow.paused', workflow: WORKFLOW.id, data: { name: 'ubuntu', at: 0 } },
];

/** Runs until the last event has been shown. */
async function watched(t: Parameters<typeof fakeAppliance>[0], flags: string[], until: string) {
  const interruption = new AbortController();
  const appliance = await fakeAppliance(t, {
    'GET /events': (_, response) => {
      response.writeHead(200);
      for (const event of EVENTS) tell(response, event);
    },
  });
  const ran = await tinsmith(appliance, ['events', 'watch', ...flags], {
    interrupted: interruption.signal,
    onOutput: (text) => {
      if (text.includes(until)) interruption.abort();
    },
  });
  return { ...ran, query: new URL(appliance.asked[0]?.url ?? '', 'http://x').searchParams };
}

describe('events watch', () => {
  it('shows everything as JSON from five minutes ago on', async (t) => {
    const { code, out, query } = await watched(t, [], 'workflow.paused');
    assert.equal(code, 130);
    assert.deepEqual(
      out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
      EVENTS.filter(({ seq }) => seq > 0),
    );
    const ago = Date.now() - Date.parse(query.get('from') ?? '');
    assert.ok(ago >= 300_000 && ago < 400_000);
    assert.ok(query.getAll('kind').includes('action.*'));
    assert.ok(!query.getAll('kind').includes('log'));
  });

  it('asks for the resources and changes that are wanted, and shows one resource', async (t) => {
    const flags = ['-r', 'hardware', '-r', 'template', '-e', 'create', '-m', '60', '-i', TEMPLATE.id, '-o', 'table'];
    const { out, query } = await watched(t, flags, TEMPLATE.id);
    assert.deepEqual(query.getAll('kind'), ['machine.added', 'template.created']);
    assert.equal(out, `${AT}  template.created   ${TEMPLATE.id}  ubuntu\n`);
  });

  it('takes kinds by their names, and refuses both', async (t) => {
    const { query } = await watched(t, ['--kind', 'workflow.*', '--kind', 'log'], 'workflow.paused');
    assert.deepEqual(query.getAll('kind'), ['workflow.*', 'log']);
    for (const flags of [
      ['--kind', 'log', '-r', 'all'],
      ['-r', 'nothing'],
      ['--from', '-1'],
    ])
      assert.equal((await tinsmith(undefined, ['events', 'watch', ...flags])).code, 64);
  });
});

describe('events list', () => {
  it('shows what is kept, through all pages', async (t) => {
    const [first, second] = EVENTS;
    const appliance = await fakeAppliance(t, {
      'GET /events/history': ({ url }) => (url.includes('after=1') ? { data: [second] } : { data: [first], next: '1' }),
    });
    const { out } = await tinsmith(appliance, ['events', 'list', '--machine', MACHINE.id, '-o', 'csv']);
    assert.equal(
      out,
      `Number,Time,Kind,About,What\n1,${AT},template.created,${TEMPLATE.id},ubuntu\n2,${AT},machine.added,${MACHINE.id},node1\n`,
    );
    assert.match(appliance.asked[0]?.url ?? '', new RegExp(`machine=${MACHINE.id}&from=.*&limit=1000$`));
  });
});

describe('events list of a machine', () => {
  it('takes its name, and the id of one that is gone', async (t) => {
    const appliance = await fakeAppliance(t, {
      'GET /machines/node1': () => ({ data: MACHINE }),
      'GET /events/history': () => ({ data: [] }),
    });
    for (const [named, asked] of [
      ['node1', MACHINE.id],
      ['gone', 'gone'],
    ]) {
      assert.equal((await tinsmith(appliance, ['events', 'list', '--machine', named ?? ''])).code, 0);
      const { url } = appliance.asked.at(-1) ?? { url: '' };
      assert.equal(new URL(url, appliance.url).searchParams.get('machine'), asked);
    }
  });
});

describe('webhook', () => {
  const WEBHOOK: Webhook = {
    id: 'w1',
    url: 'https://ci.example/hook',
    kinds: ['workflow.ended'],
    machines: [],
    workflows: [],
    createdAt: AT,
    cursor: { seq: 7, delivered: 3 },
    behind: 2,
  };

  it('is made, its secret shown once where one is made', async (t) => {
    const appliance = await fakeAppliance(t, {
      'GET /machines/node1': () => ({ data: MACHINE }),
      'POST /webhooks': () => ({ data: { ...WEBHOOK, secret: 'made-up' } }),
    });
    const made = await tinsmith(appliance, [
      'webhook',
      'create',
      WEBHOOK.url,
      '-k',
      'workflow.ended',
      '--machine',
      'node1',
    ]);
    assert.equal(made.out, 'Created Webhook:  w1\nSecret:  made-up\n');
    assert.deepEqual(JSON.parse(appliance.asked[1]?.body ?? ''), {
      url: WEBHOOK.url,
      kinds: ['workflow.ended'],
      machines: [MACHINE.id],
      workflows: [],
    });
    const own = await tinsmith(appliance, ['webhook', 'create', WEBHOOK.url, '--secret', 'env:HOOK'], {
      environment: { HOOK: 'of-my-own' },
    });
    assert.equal(own.out, 'Created Webhook:  w1\n');
    assert.equal(JSON.parse(appliance.asked[2]?.body ?? '').secret, 'of-my-own');
  });

  it('is shown, with what is wrong', async (t) => {
    const failing = { since: AT, tries: 4, lastError: 'it answered 500', nextTryAt: AT };
    const appliance = await fakeAppliance(t, {
      'GET /webhooks': () => ({ data: [WEBHOOK, { ...WEBHOOK, id: 'w2', kinds: [], failing }] }),
      'GET /webhooks/w1': () => ({ data: WEBHOOK }),
    });
    assert.deepEqual((await tinsmith(appliance, ['webhook', 'list', '-o', 'csv'])).out.trim().split('\n').slice(1), [
      'w1,https://ci.example/hook,workflow.ended,3,2,good',
      `w2,https://ci.example/hook,all,3,2,failing since ${AT}: it answered 500`,
    ]);
    const one = await tinsmith(appliance, ['webhook', 'get', 'w1', '-o', 'json']);
    assert.deepEqual(JSON.parse(one.out), { data: WEBHOOK });
  });

  it('is tested and deleted', async (t) => {
    let answer: object = { delivered: true, status: 204 };
    const appliance = await fakeAppliance(t, {
      'POST /webhooks/w1/test': () => ({ data: answer }),
      'DELETE /webhooks/w1': () => ({ data: WEBHOOK }),
    });
    const taken = await tinsmith(appliance, ['webhook', 'test', 'w1']);
    assert.deepEqual([taken.code, taken.out], [0, 'Delivered to Webhook:  w1 (it answered 204)\n']);
    answer = { delivered: false, error: 'it could not be reached' };
    const refused = await tinsmith(appliance, ['webhook', 'test', 'w1']);
    assert.equal(refused.code, 69);
    assert.match(refused.err, /it could not be reached/);
    assert.equal((await tinsmith(appliance, ['webhook', 'delete', 'w1'])).out, 'Deleted\tw1\n');
  });
});
