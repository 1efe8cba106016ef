/** What the timeline makes of events, and how it is drawn. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StreamEvent, StreamFacts } from '../../src/api/types.ts';
import {
  advance,
  emptyTimeline,
  formatLine,
  formatSeconds,
  type Timeline,
  type TimelineLine,
} from '../../src/cli/timeline.ts';
import { formatBytes } from '../../src/cli/timeline-output.ts';
import { openTimelineScreen } from '../../src/cli/timeline-screen.ts';
import { screen, traced } from './fake-appliance.ts';

const ORIGIN = Date.parse('2026-01-01T00:00:00.000Z');
const ATTEMPT = { action: 1, attempt: 1, task: 'os', name: 'stream' };

function event<Kind extends keyof StreamFacts>(kind: Kind, data: StreamFacts[Kind], second = 0): StreamEvent {
  return {
    seq: 1,
    time: new Date(ORIGIN + second * 1000).toISOString(),
    kind,
    machine: 'm1',
    workflow: 'w',
    data,
  } as StreamEvent;
}

function play(...events: StreamEvent[]): { timeline: Timeline; lines: TimelineLine[] } {
  let timeline = emptyTimeline([
    ['m1', 'node1'],
    ['52:54:00:00:00:01', 'node1'],
  ]);
  const lines: TimelineLine[] = [];
  for (const one of events) {
    const next = advance(timeline, one);
    timeline = next.timeline;
    lines.push(...next.lines);
  }
  return { timeline, lines };
}

const textsOf = (...events: StreamEvent[]): string[] => play(...events).lines.map(({ text }) => text);

describe('the timeline', () => {
  it('tells of services, control and second tries', () => {
    const name = 'ubuntu';
    const at = 0;
    const web = { service: 0, name: 'web', at };
    const entries = [{ at: 0, stream: 'stdout' as const, text: 'hel' }];
    assert.deepEqual(
      textsOf(
        event('workflow.begun', { name, at }),
        event('service.changed', { ...web, state: 'STARTING', starts: 1 }),
        event('service.changed', { ...web, state: 'RESTARTING', starts: 1, exitCode: 3, message: 'exit code 3' }),
        event('service.changed', { ...web, state: 'STARTING', starts: 2 }),
        event('service.changed', { ...web, state: 'HEALTHY', starts: 2, endpoints: { 80: '10.0.0.1:32768' } }),
        event('log', { service: 0, name: 'web', start: 2, from: 0, entries }),
        event('log', {
          service: 0,
          name: 'web',
          start: 2,
          from: 1,
          entries: [{ ...entries[0], text: 'lo\n' }] as typeof entries,
        }),
        event('action.retrying', { ...ATTEMPT, notBefore: ORIGIN + 30_000, at }),
        event('action.skipped', { ...ATTEMPT, message: 'by an administrator', at }),
        event('workflow.paused', { name, at }),
        event('workflow.resumed', { name, at }),
        event('workflow.failing', {
          ...{ name, at, state: 'FAILED', message: 'exit code 1', until: 0 },
          hooks: [{ task: 'os', name: 'tidy', machine: 'm1', timeout: 0 }],
        }),
        event('workflow.ended', { state: 'CANCELLED', message: 'enough', installed: [], at }),
        event('workflow.retried', { name, from: 1, at }),
        event('data.changed', { version: 2, size: 1500, by: { name: 'action stream' }, merged: false }),
      ),
      [
        'service web STARTING',
        'service web RESTARTING: exit code 3',
        'service web STARTING, start 2',
        'service web HEALTHY at 10.0.0.1:32768',
        'web | hello',
        'action 2 stream will be tried again in 30.0 s',
        'action 2 stream SKIPPED: by an administrator',
        'workflow paused',
        'workflow resumed',
        'workflow will end FAILED: exit code 1; first: tidy',
        'workflow CANCELLED: enough',
        'workflow retried, from action 2',
        'data version 2, 1.5 kB, by action stream',
      ],
    );
  });

  it('says what happened to boots, actions and the workflow', () => {
    const actions = [
      { task: 'os', name: 'wipe', machine: 'm1', timeout: 0 },
      { task: 'os', name: 'stream', machine: 'm1', timeout: 0 },
    ];
    assert.deepEqual(
      textsOf(
        event('boot.trace', traced(1, 'DISCOVER')),
        event('workflow.created', { name: 'ubuntu', actions, services: [] }),
        event('action.started', { ...ATTEMPT, boot: 'b', at: 0 }),
        event('action.lost', { ...ATTEMPT, boot: 'b', at: 0 }),
        event('action.started', { ...ATTEMPT, attempt: 2, boot: 'c', at: 0 }),
        event('action.ended', {
          ...ATTEMPT,
          attempt: 2,
          boot: 'c',
          at: 0,
          state: 'FAILED',
          seconds: 12.34,
          message: 'exit code 3',
        }),
        event('workflow.ended', { state: 'SUCCESS', message: '', installed: ['/dev/vda'], at: 0 }),
        event('machine.called-home', { installed: true }),
      ),
      [
        'dhcp   DISCOVER: DISCOVER was answered',
        'workflow ubuntu created: wipe, stream',
        'action 2/2 stream started',
        'action 2/2 stream interrupted: the machine was restarted; it will run again',
        'action 2/2 stream started, attempt 2',
        'action 2/2 stream FAILED after 12.3 s: exit code 3',
        'workflow SUCCESS, system installed on /dev/vda',
        'the installed system has called home',
      ],
    );
  });

  it('names an unknown machine by its MAC address', () => {
    const [line] = play({
      ...event('boot.trace', traced(1, 'DISCOVER', { mac: '52:54:00:00:00:99', outcome: 'ignored' })),
      machine: undefined,
    }).lines;
    assert.equal(line?.machine, '52:54:00:00:00:99');
    assert.equal(line?.tone, 'faint');
  });

  it('puts pieces of output together to lines, harmless ones, and leaves out what bars show', () => {
    const log = (...texts: string[]): StreamEvent =>
      event('log', { ...ATTEMPT, from: 0, entries: texts.map((text) => ({ at: ORIGIN, stream: 'stdout', text })) });
    const ended = event('action.ended', { ...ATTEMPT, boot: 'b', at: 0, state: 'SUCCESS', seconds: 1, message: '' });
    assert.deepEqual(
      textsOf(
        log('one\ntw', 'o\n'),
        log('progress {"written":1}\n', '\x1b[31mred\x1b[0m\x1b]0;t\x07\n', '10 %\r20 %\r\n', '\n', 'rest'),
        ended,
      ),
      [
        'stream | one',
        'stream | two',
        'stream | red',
        'stream | 20 %',
        'stream | rest',
        'action 2 stream SUCCESS after 1.0 s',
      ],
    );
    assert.equal(play(log('rest'), ended).timeline.unfinished.size, 0);
  });

  it('has a bar for each thing that moves, gone when the action is over, and tells quarters in lines', () => {
    const progress = (downloaded: number): StreamEvent =>
      event('progress', { ...ATTEMPT, progress: { downloaded, total: 1000, written: downloaded * 2 } });
    const { timeline, lines } = play(progress(10), progress(260), progress(300), progress(1000));
    assert.deepEqual(
      timeline.bars.map(({ label, done, total }) => ({ label, done, total })),
      [
        { label: 'stream downloaded', done: 1000, total: 1000 },
        { label: 'stream written', done: 2000, total: undefined },
      ],
    );
    assert.deepEqual(
      lines.map(({ text }) => text),
      ['stream downloaded 260 B of 1.0 kB (26 %)', 'stream downloaded 1.0 kB of 1.0 kB (100 %)'],
    );
    assert.ok(lines.every(({ progress: told }) => told));
    assert.equal(play(progress(10), event('action.lost', { ...ATTEMPT, boot: 'b', at: 0 })).timeline.bars.length, 0);
  });

  it('takes an event of a kind that it does not know', () => {
    assert.deepEqual(
      textsOf({ ...event('workflow.deleted', { at: 0 }), kind: 'something.new' } as unknown as StreamEvent),
      [],
    );
  });

  it('writes times, machines and sizes for people', () => {
    const line: TimelineLine = { at: ORIGIN + 12_345, tone: 'bad', machine: 'node1', text: 'x' };
    assert.equal(formatLine(line, { origin: ORIGIN, colours: false, machineWidth: 7 }), '   12.3 s  node1    x');
    assert.equal(formatLine(line, { origin: ORIGIN, colours: true, machineWidth: 0 }), '   12.3 s  \x1b[31mx\x1b[0m');
    assert.deepEqual([0, 999, 1000, 999_999, 240e6, 1.25e9, 3e15].map(formatBytes), [
      '0 B',
      '999 B',
      '1.0 kB',
      '1000 kB',
      '240 MB',
      '1.3 GB',
      '3000 TB',
    ]);
    assert.deepEqual([0.04, 99.9, 245].map(formatSeconds), ['0.0 s', '99.9 s', '4 min 5 s']);
  });
});

describe('the screen', () => {
  const events = [
    event('action.started', { ...ATTEMPT, boot: 'b', at: 0 }, 1),
    event('progress', { ...ATTEMPT, progress: { downloaded: 500, total: 1000 } }, 2),
    event('log', { ...ATTEMPT, from: 0, entries: [{ at: ORIGIN + 2500, stream: 'stdout', text: 'hello\n' }] }, 2),
    event('action.ended', { ...ATTEMPT, boot: 'b', at: 0, state: 'SUCCESS', seconds: 2, message: '' }, 3),
  ];
  const draw = (tty: boolean, environment: Record<string, string>): string => {
    const { stream, text } = screen(tty);
    const shown = openTimelineScreen({ stdout: stream, environment }, { machines: [['m1', 'node1']], origin: ORIGIN });
    for (const one of events) shown.take(one);
    shown.say({ at: ORIGIN + 4000, tone: 'plain', text: 'the end' });
    shown.end();
    return text();
  };

  it('is plain lines where there is no terminal', () => {
    assert.equal(
      draw(false, {}),
      [
        '    1.0 s  action 2 stream started',
        '    2.0 s  stream downloaded 500 B of 1.0 kB (50 %)',
        '    2.5 s  stream | hello',
        '    3.0 s  action 2 stream SUCCESS after 2.0 s',
        '    4.0 s  the end',
        '',
      ].join('\n'),
    );
  });

  it('has bars and colours on one, and no colours when they are not wanted', () => {
    const drawn = draw(true, {});
    assert.match(drawn, /stream downloaded +#{12}\.{12} 500 B of 1\.0 kB \(50 %\)/);
    assert.ok(drawn.includes('\x1b[32maction 2 stream SUCCESS'));
    assert.match(drawn, /stream \| hello/);
    assert.match(drawn, /the end\n/);
    assert.ok(!draw(true, { NO_COLOR: '1' }).includes('\x1b[32m'));
  });
});
