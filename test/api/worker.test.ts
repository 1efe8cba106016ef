/** How a worker waits for work over HTTP. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { describe, it } from 'node:test';
import { macOf } from '../machines/examples.ts';
import { device, pushed, TWO_ACTIONS } from '../workflows/made.ts';
import { running, tokenFor } from './running.ts';

async function waiting(t: TestContext) {
  const all = await running(t);
  const machine = await pushed(all.machines, 1);
  await all.templates.create(TWO_ACTIONS);
  const first = await all.workflows.create('install', device(1), () => ({}));
  const token = await tokenFor(all, macOf(1));
  await all.workflows.delete(first.id);
  const ask = (wait: number) => all.call('GET', `/api/v1/worker/work?boot=b&wait=${wait}`, { token });
  return { ...all, machine, token, ask };
}

describe('a worker that waits', () => {
  it('is given work as soon as there is some', { timeout: 30_000 }, async (t) => {
    const { ask, workflows } = await waiting(t);
    for (let i = 0; i < 20; i++) {
      // Created while the question is on its way, is being answered, or waits: the test does not choose.
      const [answer, { id }] = await Promise.all([ask(60), workflows.create('install', device(1), () => ({}))]);
      assert.deepEqual([answer.json.kind, answer.json.workflow], ['action', id]);
      await workflows.delete(id);
    }
  });

  it('is told that there is none when its time is over, or at once when it does not wait', async (t) => {
    const { ask, time } = await waiting(t);
    const idle = { kind: 'idle', reason: 'no workflow is waiting for this machine' };
    assert.deepEqual((await ask(0)).json, idle);
    const ticking = setInterval(() => {
      time.now += 1000;
    }, 5);
    t.after(() => clearInterval(ticking));
    assert.deepEqual((await ask(0.05)).json, idle);
  });

  it('is given the verb once its report is taken', async (t) => {
    const { ask, call, token, workflows } = await waiting(t);
    const { id } = await workflows.create('install', device(1), () => ({}));
    for (const action of [0, 1]) {
      assert.equal((await ask(0)).json.action, action);
      const body = { workflow: id, action, attempt: 1, boot: 'b', state: 'SUCCESS', at: 1 };
      assert.equal((await call('POST', '/api/v1/worker/report', { token, body })).json.outcome, 'recorded');
      assert.equal((await call('POST', '/api/v1/worker/report', { token, body })).json.outcome, 'repeated');
    }
    assert.deepEqual((await ask(60)).json, { kind: 'verb', verb: 'reboot', workflow: id });
  });
});

describe('a request', () => {
  it('with a body that is no JSON, or too large, is refused with problem details', async (t) => {
    const { call, machines } = await waiting(t);
    for (const [path, body, message] of [
      ['/api/v1/machines', '{"id": ', /JSON/],
      ['/api/v1/machines', '[1]', /hardware is not usable|the document/],
      ['/api/v1/machines', `"${'x'.repeat(5 << 20)}"`, /too large/],
      ['/api/v1/workflows', '{"template":"install"}', /hardware/],
      ['/api/v1/workflows', '{"template":"install","hardware":{},"colour":1}', /colour/],
      ['/api/v1/workflows', '{"template":"install","hardware":{"a b":"c"}}', /is no name that a template can use/],
      ['/api/v1/templates', '', /empty|name/],
    ] as const) {
      const { status, json, headers } = await call('POST', path, { body });
      assert.equal(status, 422, `${path} ${body.slice(0, 30)}: ${json.detail}`);
      assert.equal(json.code, 'INVALID_INPUT');
      assert.match(json.detail, message);
      assert.match(headers.get('content-type') ?? '', /^application\/problem\+json/);
    }
    assert.equal((await machines.list()).length, 1);
  });

  it('for a path with a broken escape is refused, and nothing is logged as a failure of ours', async (t) => {
    const { call, logged } = await waiting(t);
    assert.equal((await call('GET', '/api/v1/machines/%zz')).status, 422);
    assert.ok(!logged.some((line) => line.includes('a request failed')));
  });
});
