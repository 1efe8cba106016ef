/** What follows a stage: the table of Digital Rebar's change-stage/map, row by row, and lists of stages. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { stage as shape } from '../../src/content/objects.ts';
import { type ChangeFacts, changeOf } from '../../src/life/change-stage.ts';

const stage = (name: string, more: object = {}) => shape.parse({ name, ...more });

const STAGES = new Map(
  [
    stage('now', { bootEnv: 'osie' }),
    stage('same', { bootEnv: 'osie' }),
    stage('any'),
    stage('disk', { bootEnv: 'local' }),
    stage('again', { bootEnv: 'osie', reboot: true }),
    stage('local', { bootEnv: 'local' }),
  ].map((each) => [each.name, each]),
);

/** What follows stage `now` in environment `osie`. */
function after(
  entry: { next: string; action?: 'Reboot' | 'Stop' | 'Shutdown' | 'Success' } | undefined,
  more: Partial<ChangeFacts> = {},
) {
  const change = changeOf({
    stage: STAGES.get('now') ?? assert.fail(),
    map: new Map(entry ? [['now', { action: undefined, ...entry }]] : []),
    bootEnv: 'osie',
    find: (name) => STAGES.get(name),
    ...more,
  });
  return change.change === 'enter' ? [change.stage.name, change.way] : [change.change];
}

describe('change-stage/map (table 1.9)', () => {
  it(':Reboot sets the stage, then reboots', () => {
    assert.deepEqual(after({ next: 'same', action: 'Reboot' }), ['same', 'reboot']);
    assert.deepEqual(after({ next: 'disk', action: 'Reboot' }), ['disk', 'reboot']);
  });
  it(':Stop sets the stage, and the agent ends', () => {
    assert.deepEqual(after({ next: 'same', action: 'Stop' }), ['same', 'stop']);
  });
  it(':Shutdown sets the stage, then powers off', () => {
    assert.deepEqual(after({ next: 'same', action: 'Shutdown' }), ['same', 'poweroff']);
  });
  it(':Success sets the stage and carries on; where the environment differs, by way of a reboot', () => {
    assert.deepEqual(after({ next: 'same', action: 'Success' }), ['same', 'nothing']);
    assert.deepEqual(after({ next: 'disk', action: 'Success' }), ['disk', 'reboot']);
  });
  it('no action: the same environment or none carries on, another one reboots', () => {
    assert.deepEqual(after({ next: 'same' }), ['same', 'nothing']);
    assert.deepEqual(after({ next: 'any' }), ['any', 'nothing']);
    assert.deepEqual(after({ next: 'disk' }), ['disk', 'reboot']);
  });
  it('no entry, in an installer: local is next, and the agent ends, as the installer restarts the machine', () => {
    assert.deepEqual(after(undefined, { bootEnv: 'debian-12-install' }), ['local', 'stop']);
  });
  it('no entry, in a stage that installs from the in-memory system: local is next, by way of a reboot', () => {
    assert.deepEqual(after(undefined, { stage: stage('image-install', { bootEnv: 'osie' }) }), ['local', 'reboot']);
  });
  it('an entry in an installer: what would reboot ends the agent', () => {
    assert.deepEqual(after({ next: 'disk', action: 'Reboot' }, { bootEnv: 'debian-12-install' }), ['disk', 'stop']);
  });
  it('no entry otherwise: it waits for more; with runnerWait false the agent ends', () => {
    assert.deepEqual(after(undefined), ['rest']);
    assert.deepEqual(after(undefined, { stage: stage('x', { runnerWait: true }) }), ['rest']);
    assert.deepEqual(after(undefined, { stage: stage('x', { runnerWait: false }) }), ['exit']);
  });
  it('a stage that is followed by itself: nothing is done', () => {
    assert.deepEqual(after({ next: 'now', action: 'Reboot' }), ['rest']);
  });
  it('the next stage’s own reboot beats every action', () => {
    for (const action of ['Stop', 'Shutdown', 'Success', undefined] as const)
      assert.deepEqual(after({ next: 'again', ...(action && { action }) }), ['again', 'reboot']);
  });
  it('a next stage that is not there is a reason that can be read', () => {
    const facts = { stage: stage('now'), bootEnv: 'osie', find: () => undefined };
    const change = changeOf({ ...facts, map: new Map([['now', { next: 'gone', action: undefined }]]) });
    assert.ok(change.change === 'rest');
    assert.match(change.sentence, /stage gone, which follows now, is not there/);
  });
});

describe('a list of stages', () => {
  const list = { name: 'base', stages: ['now', 'disk', 'same'] };

  it('is followed, whatever the map says', () => {
    assert.deepEqual(after({ next: 'any', action: 'Stop' }, { list }), ['disk', 'reboot']);
  });
  it('ends with its last stage', () => {
    const change = changeOf({
      ...{ stage: stage('same'), bootEnv: 'osie', map: new Map(), list },
      find: (name) => STAGES.get(name),
    });
    assert.deepEqual(change, { change: 'rest', sentence: 'list base is done' });
  });
  it('a stage that is none of it is a reason that can be read', () => {
    assert.deepEqual(after(undefined, { list, stage: stage('other') }), ['rest']);
  });
});
