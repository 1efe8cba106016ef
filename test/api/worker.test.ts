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
  const first = await all.workflows.create({ template: 'install', devices: device(1) });
  const token = await tokenFor(all, macOf(1));
  await all.workflows.delete(first.id);
  const ask = () => all.call('GET', '/api/v1/worker/work?boot=b', { token });
  return { ...all, machine, token, ask };
}

/** What a machine's stream has said so far, and a wait for what it says next. */
async function streamOf(t: TestContext, { url }: { url: string }, token: string) {
  const controller = new AbortController();
  t.after(() => controller.abort());
  const response = await fetch(`${url}/api/v1/worker/stream`, {
    headers: { authorization: `Bearer ${token}` },
    signal: controller.signal,
  });
  assert.equal(response.headers.get('content-type'), 'text/event-stream');
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader() ?? assert.fail();
  let text = '';
  return async (wanted: RegExp): Promise<string> => {
    for (;;) {
      const found = wanted.exec(text);
      if (found) {
        text = text.slice(found.index + found[0].length);
        return found[0];
      }
      const { value, done } = await reader.read();
      assert.ok(!done, `the stream ended before ${wanted}`);
      text += value;
    }
  };
}

describe('a worker that waits', () => {
  it('is told of work by its stream, and to stop what is no longer wanted', async (t) => {
    const all = await waiting(t);
    const next = await streamOf(t, all, all.token);
    for (let i = 0; i < 5; i++) {
      const { id } = await all.workflows.create({ template: 'install', devices: device(1) });
      await next(/event: work\n/);
      assert.deepEqual((await all.ask()).json.workflow, id);
      const body = { workflow: id, action: 0, attempt: 1, boot: 'b', state: 'RUNNING', at: 1 };
      await all.call('POST', '/api/v1/worker/report', { token: all.token, body });
      await all.workflows.tell(id, { command: 'cancel' });
      const notice = await next(/event: stop\ndata: .*\n/);
      assert.deepEqual(JSON.parse(notice.split('data: ')[1] ?? ''), {
        workflow: id,
        action: 0,
        attempt: 1,
        reason: 'the workflow was cancelled',
      });
    }
  });

  it('is told nothing of other machines', async (t) => {
    const all = await waiting(t);
    await pushed(all.machines, 2);
    const next = await streamOf(t, all, all.token);
    await all.workflows.create({ template: 'install', devices: device(2) });
    await all.workflows.create({ template: 'install', devices: device(1) });
    await next(/event: work\n/);
    assert.equal((await all.ask()).json.kind, 'action');
  });

  it('is told that there is nothing', async (t) => {
    const { ask } = await waiting(t);
    assert.deepEqual((await ask()).json, { kind: 'idle', reason: 'no workflow is waiting for this machine' });
  });

  it('is given the verb once its report is taken', async (t) => {
    const { ask, call, token, workflows } = await waiting(t);
    const { id } = await workflows.create({ template: 'install', devices: device(1) });
    for (const action of [0, 1]) {
      assert.equal((await ask()).json.action, action);
      const body = { workflow: id, action, attempt: 1, boot: 'b', state: 'SUCCESS', at: 1 };
      assert.equal((await call('POST', '/api/v1/worker/report', { token, body })).json.outcome, 'recorded');
      assert.equal((await call('POST', '/api/v1/worker/report', { token, body })).json.outcome, 'repeated');
    }
    assert.deepEqual((await ask()).json, { kind: 'verb', verb: 'reboot', workflow: id });
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
