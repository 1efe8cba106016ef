/** Following a workflow: its whole story once, in order, to its end; and following traces. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { StreamEvent, StreamFacts, TraceEntry, Workflow } from '../../src/api/types.ts';
import {
  type FakeAppliance,
  fakeAppliance,
  MACHINE,
  tell,
  telling,
  tinsmith,
  traced,
  WORKFLOW,
} from './fake-appliance.ts';

const ORIGIN = Date.parse(WORKFLOW.createdAt);
const WIPE = { action: 0, attempt: 1, task: 'os', name: 'wipe' };
const STREAM = { action: 1, attempt: 1, task: 'os', name: 'stream' };
const line = (text: string) => ({ at: ORIGIN + 4000, stream: 'stdout' as const, text: `${text}\n` });

let sequence = 0;
function event<Kind extends keyof StreamFacts>(
  second: number,
  kind: Kind,
  data: StreamFacts[Kind],
  seq = ++sequence,
): StreamEvent {
  return {
    seq,
    time: new Date(ORIGIN + second * 1000).toISOString(),
    kind,
    machine: MACHINE.id,
    workflow: WORKFLOW.id,
    data,
  } as StreamEvent;
}
const live = (second: number): StreamEvent => event(second, 'stream.live', {}, 0);
const ended = (second: number): StreamEvent =>
  event(second, 'workflow.ended', { state: 'SUCCESS', message: '', installed: [], at: 0 });

/** An appliance on which the workflow is in a state after it has told its events. */
function following(
  t: TestContext,
  parts: { events: StreamEvent[]; end?: Partial<Workflow>; trace?: TraceEntry[]; logs?: Record<string, string[]> },
): Promise<FakeAppliance> {
  let told = false;
  return fakeAppliance(t, {
    [`GET /workflows/${WORKFLOW.id}`]: () => ({
      data: told ? { ...WORKFLOW, ...parts.end } : { ...WORKFLOW, waitsFor: 'the worker' },
    }),
    [`GET /machines/${MACHINE.id}`]: () => ({ data: MACHINE }),
    'GET /trace/52%3A54%3A00%3A00%3A00%3A01': () => ({ data: parts.trace ?? [] }),
    'GET /trace/52%3A54%3A00%3A00%3A00%3A02': () => ({ data: [] }),
    [`GET /workflows/${WORKFLOW.id}/logs`]: ({ url }) => {
      const query = new URL(url, 'http://x').searchParams;
      const entries = parts.logs?.[`${query.get('action')}/${query.get('attempt')}`]?.map(line) ?? [];
      return {
        data: [{ action: Number(query.get('action')), name: '', attempt: Number(query.get('attempt')), entries }],
      };
    },
    'GET /events': (asked, response) => {
      telling(...parts.events)(asked, response);
      told = true;
    },
  });
}

describe('workflow watch', () => {
  const events = [
    event(2, 'action.started', { ...WIPE, boot: 'b', at: 0 }),
    event(5, 'action.ended', { ...WIPE, boot: 'b', at: 0, state: 'SUCCESS', seconds: 3, message: '' }),
    event(6, 'action.started', { ...STREAM, boot: 'b', at: 0 }),
    live(7),
    // Told live too, though it was in the trace already.
    event(1, 'boot.trace', traced(1, 'DISCOVER'), 0),
    event(8, 'log', { ...STREAM, from: 2, entries: [line('three')] }, 0),
    event(8.5, 'log', { ...STREAM, from: 2, entries: [line('three'), line('four')] }, 0),
    event(9, 'action.ended', { ...STREAM, boot: 'b', at: 0, state: 'SUCCESS', seconds: 3, message: '' }),
    ended(9),
  ];
  const trace = [traced(-3600, 'long ago'), traced(1, 'DISCOVER'), traced(7, 'GET /boot/late')];
  const logs = { '0/1': ['zero'], '1/1': ['one', 'two'] };

  it('shows all that was and all that comes, each once, by time', async (t) => {
    const appliance = await following(t, { events, trace, logs, end: { state: 'SUCCESS', waitsFor: 'the worker' } });
    const { code, out } = await tinsmith(appliance, ['workflow', 'watch', WORKFLOW.id]);
    assert.equal(code, 0);
    assert.deepEqual(
      out.split('\n').map((text) => text.replace(/^ *[\d.]+ s {2}/, '')),
      [
        'dhcp   DISCOVER: DISCOVER was answered',
        'action 1 wipe started',
        'wipe | zero',
        'action 1 wipe SUCCESS after 3.0 s',
        'action 2 stream started',
        'stream | one',
        'stream | two',
        'dhcp   GET /boot/late: GET /boot/late was answered',
        'waits: the worker',
        'stream | three',
        'stream | four',
        'action 2 stream SUCCESS after 3.0 s',
        'workflow SUCCESS',
        '',
      ],
    );
  });

  it('gives the events as JSON lines, and fails as the workflow does', async (t) => {
    const appliance = await following(t, {
      events: [live(1), ended(2)],
      end: { state: 'FAILED', message: 'action wipe on node1 failed: exit code 3' },
    });
    const { code, out, err } = await tinsmith(appliance, ['workflow', 'watch', WORKFLOW.id, '-o', 'json']);
    assert.equal(code, 1);
    assert.deepEqual(
      out
        .trim()
        .split('\n')
        .map((text) => JSON.parse(text).kind),
      ['stream.live', 'workflow.ended'],
    );
    assert.match(JSON.parse(err).detail, /ended FAILED: action wipe on node1 failed: exit code 3\.$/);
  });

  it('of one that ended long ago ends, even if its events are gone', async (t) => {
    const appliance = await fakeAppliance(t, {
      [`GET /workflows/${WORKFLOW.id}`]: () => ({ data: { ...WORKFLOW, state: 'SUCCESS' } }),
      'GET /events': telling(live(1)),
    });
    assert.equal((await tinsmith(appliance, ['workflow', 'watch', WORKFLOW.id])).code, 0);
  });
});

describe('workflow logs -f', () => {
  it('writes the output of one action to the end', async (t) => {
    const appliance = await following(t, {
      events: [
        event(1, 'log', { ...STREAM, from: 0, entries: [line('a')] }, 0),
        event(1, 'log', { ...WIPE, from: 0, entries: [line('other')] }, 0),
        live(2),
        ended(2),
      ],
      end: { state: 'SUCCESS' },
    });
    assert.deepEqual(await tinsmith(appliance, ['workflow', 'logs', '-f', WORKFLOW.id, '--action', 'stream']), {
      code: 0,
      out: 'a\n',
      err: '',
    });
  });
});

describe('workflow wait', () => {
  it('ends with the workflow', async (t) => {
    const appliance = await following(t, { events: [live(1), ended(2)], end: { state: 'SUCCESS' } });
    assert.deepEqual(await tinsmith(appliance, ['workflow', 'wait', WORKFLOW.id]), {
      code: 0,
      out: `Workflow ${WORKFLOW.id}: SUCCESS\n`,
      err: '',
    });
  });

  it('fails with it', async (t) => {
    const appliance = await following(t, { events: [live(1), ended(2)], end: { state: 'TIMEOUT' } });
    assert.equal((await tinsmith(appliance, ['workflow', 'wait', WORKFLOW.id])).code, 1);
  });

  it('gives up when told, saying what it waits for', async (t) => {
    const appliance = await following(t, { events: [live(1)], end: { waitsFor: 'node1' } });
    const { code, err } = await tinsmith(appliance, ['workflow', 'wait', WORKFLOW.id, '--timeout', '0.2']);
    assert.equal(code, 75);
    assert.match(err, /is still RUNNING after 0\.2 s: node1\./);
  });
});

describe('trace', () => {
  const unknown = traced(1, 'DISCOVER', {
    mac: '52:54:00:00:00:99',
    outcome: 'ignored',
    sentence: 'No machine has 52:54:00:00:00:99.',
  });

  it('lists every address heard of', async (t) => {
    const appliance = await fakeAppliance(t, { 'GET /trace': () => ({ data: [{ mac: unknown.mac, last: unknown }] }) });
    assert.match(
      (await tinsmith(appliance, ['trace'])).out,
      /\| 52:54:00:00:00:99 \| +\| 2026-01-01T00:00:01.000Z \| dhcp \| DISCOVER \| ignored \| No machine has/,
    );
  });

  it('follows one machine, what was and what comes', async (t) => {
    const interruption = new AbortController();
    const appliance = await fakeAppliance(t, {
      'GET /machines/node1': () => ({ data: MACHINE }),
      'GET /trace/52%3A54%3A00%3A00%3A00%3A01': () => ({ data: [traced(1, 'DISCOVER')] }),
      'GET /trace/52%3A54%3A00%3A00%3A00%3A02': () => ({ data: [] }),
      'GET /events': (_, response) => {
        response.writeHead(200);
        for (const entry of [traced(1, 'DISCOVER'), unknown, traced(2, 'REQUEST')])
          tell(response, { ...event(2, 'boot.trace', entry, 0) });
      },
    });
    const onOutput = (text: string): void => {
      if (text.includes('REQUEST')) interruption.abort();
    };
    const { code, out } = await tinsmith(appliance, ['trace', 'node1', '-f'], {
      interrupted: interruption.signal,
      onOutput,
    });
    assert.equal(code, 130);
    assert.deepEqual(out.match(/\b[A-Z]+(?=:)/g), ['DISCOVER', 'REQUEST']);
    assert.match(
      out,
      /^2026-01-01T00:00:01.000Z {2}52:54:00:00:00:01 {2}dhcp {3}answered {2}DISCOVER: DISCOVER was answered\n/,
    );
  });
});

describe('status', () => {
  it('shows the roles and what is wrong', async (t) => {
    const status = {
      version: '0.1.0',
      commit: 'abc1234',
      node: 'v24',
      startedAt: WORKFLOW.createdAt,
      state: 'degraded',
      dataDirectory: '/data',
      roles: [
        {
          name: 'tftp',
          state: 'failed',
          bound: [],
          problem: { code: 'PORT_TAKEN', message: 'Port 69 is taken by in.tftpd (7).', next: 'Stop it.' },
        },
        { name: 'http', state: 'up', bound: ['0.0.0.0:8080', '[::]:8080'] },
      ],
    };
    const appliance = await fakeAppliance(t, { 'GET /status': () => status });
    const { out } = await tinsmith(appliance, ['status']);
    assert.match(out, /^Tinsmith 0\.1\.0 \(commit abc1234\) is degraded; .*\/data\n/);
    assert.match(
      out,
      /\| tftp \| failed \| +\| Port 69 is taken by in\.tftpd \(7\)\. \|\n\| +\| +\| +\| Stop it\. +\|\n/,
    );
    assert.deepEqual(JSON.parse((await tinsmith(appliance, ['status', '-o', 'json'])).out), status);
  });
});
