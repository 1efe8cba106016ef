/** What reports of Tinkerbell's workers mean, against our engine: any order, any number of times. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { meaningOf, type Said } from '../../../src/api/grpc/reports.ts';
import { fold, takeReport } from '../../../src/workflows/engine/index.ts';
import { currentAction, isFinal, type Workflow, type WorkflowEvent } from '../../../src/workflows/workflow.ts';

const MACHINE = { id: 'm1', name: 'node1' };
const BOOT = 'grpc:m1';

function workflow(names: string[], more: Partial<Workflow['actions'][number]> = {}): Workflow {
  const run = { kind: 'image' as const, image: 'x', command: [], volumes: [], environment: {} };
  return {
    ...{ id: 'w', name: 'w', template: 't', devices: {}, rendered: '', globalTimeout: 0, data: { kind: 'json' } },
    ...{ onFailure: [], onTimeout: [], services: [], state: 'PENDING', createdAt: 0, updatedAt: 0, begunAt: 0 },
    tasks: [{ name: 'os', machine: 'm1', timeout: 0 }],
    actions: names.map((name) => ({
      ...{ task: 'os', name, machine: 'm1', timeout: 60, retries: { limit: 1, backoff: 0 }, condition: true },
      ...{ background: false, run, state: 'PENDING', attempt: 0 },
      ...more,
    })),
  };
}

/** Says it, and lets the engine take what it means. */
function say(before: Workflow, said: Said, first = true): { after: Workflow; what: string; events: WorkflowEvent[] } {
  const meaning = meaningOf({ workflow: before, machine: MACHINE, first, boot: BOOT, now: 1000 }, said);
  if (meaning.meaning === 'refused') return { after: before, what: `${meaning.code}: ${meaning.sentence}`, events: [] };
  let after = before;
  const events: WorkflowEvent[] = [];
  for (const report of meaning.meaning === 'report' ? meaning.reports : []) {
    const result = takeReport(after, MACHINE, report, 1000);
    assert.equal(result.outcome, 'recorded', 'what is sent is news');
    if (result.outcome === 'recorded') {
      events.push(...result.events);
      after = result.events.reduce(fold, after);
    }
  }
  return { after, what: meaning.meaning, events };
}

const saying = (state: Said['state'], action: string, task = 'os'): Said => ({
  ...{ state, of: { task, action }, seconds: 2, message: '' },
});

test('whatever is said, in whatever order and how often: nothing acknowledged is lost, nothing that succeeded runs again', () => {
  const report = fc.record({
    state: fc.constantFrom<Said['state']>('RUNNING', 'SUCCESS', 'FAILED', 'TIMEOUT'),
    of: fc.oneof(
      fc.record({ task: fc.constant('os'), action: fc.constantFrom('a', 'b', 'c', 'nobody') }),
      fc.record({ action: fc.integer({ min: 0, max: 3 }), attempt: fc.integer({ min: 1, max: 3 }) }),
    ),
    seconds: fc.constant(1),
    message: fc.constant(''),
  });
  fc.assert(
    fc.property(fc.array(report, { maxLength: 40 }), (reports) => {
      let now = workflow(['a', 'b', 'c']);
      for (const said of reports) {
        const { after, what } = say(now, said);
        for (const [i, action] of now.actions.entries()) {
          if (action.state === 'SUCCESS') assert.equal(after.actions[i]?.state, 'SUCCESS');
          assert.ok((after.actions[i]?.attempt ?? 0) >= action.attempt);
        }
        if (isFinal(now.state)) assert.deepEqual(after, now);
        // The same once more changes nothing, and is acknowledged where it was, unless the action is to be tried again.
        const again = say(after, said);
        if (!(what === 'report' && said.state === 'RUNNING')) assert.deepEqual(again.after, after);
        if (what !== 'known' && !what.includes(':')) assert.equal(again.what, 'known');
        now = after;
      }
      assert.ok(now.state !== 'SUCCESS' || now.actions.every(({ state }) => state === 'SUCCESS'));
    }),
    { numRuns: 500 },
  );
});

test('out of turn or not its own is refused with the state that it should have', () => {
  const start = workflow(['a', 'b']);
  assert.equal(
    say(start, saying('RUNNING', 'b')).what,
    'FAILED_PRECONDITION: it is not the turn of action b; the workflow is at action a (task os), which is PENDING',
  );
  assert.equal(
    say(start, saying('SUCCESS', 'a')).what,
    'FAILED_PRECONDITION: action a has not begun: report it as running first; the workflow is at action a (task os), which is PENDING',
  );
  assert.match(
    say(start, saying('RUNNING', 'c')).what,
    /^INVALID_ARGUMENT: reported action name does not match the current action details; /,
  );
  assert.match(
    say(start, saying('RUNNING', 'a', 'other')).what,
    /^INVALID_ARGUMENT: reported task name does not match the current action details; /,
  );
  assert.match(say(workflow(['a'], { machine: 'm2' }), saying('RUNNING', 'a')).what, /not for machine node1/);
  assert.match(say(start, saying('RUNNING', 'a'), false).what, /another workflow is before this one on machine node1/);
  assert.match(say({ ...start, pausedAt: 5 }, saying('RUNNING', 'a')).what, /^UNAVAILABLE: workflow w is paused/);
  const { after } = say(say(start, saying('RUNNING', 'a')).after, saying('SUCCESS', 'a'));
  assert.match(say(after, saying('RUNNING', 'a')).what, /action a has ended already: SUCCESS; .* at action b/);
  assert.match(say(after, saying('FAILED', 'a')).what, /action a has ended already: SUCCESS/);
  assert.equal(say(after, saying('SUCCESS', 'a')).what, 'known');
});

test('what the server has ended, its worker may see otherwise', () => {
  for (const state of ['TIMEOUT', 'CANCELLED'] as const) {
    const ended: Workflow = { ...workflow(['a'], { state, attempt: 1, boot: BOOT }), state };
    for (const said of ['SUCCESS', 'FAILED', 'TIMEOUT'] as const)
      assert.equal(say(ended, saying(said, 'a')).what, 'known', `${said} of ${state}`);
    assert.match(say(ended, saying('RUNNING', 'a')).what, new RegExp(`has ended already: ${state}`));
  }
});

test('an action that failed and is to be tried again: its report may come twice, and the next attempt is another', () => {
  const running = say(workflow(['a']), saying('RUNNING', 'a')).after;
  const failed = say(running, saying('FAILED', 'a')).after;
  assert.equal(failed.actions[0]?.state, 'PENDING');
  assert.equal(say(failed, saying('FAILED', 'a')).what, 'known');
  const second = say(failed, saying('RUNNING', 'a')).after;
  assert.equal(second.actions[0]?.attempt, 2);
  assert.equal(say(second, { ...saying('FAILED', 'a'), of: { action: 0, attempt: 1 } }).what, 'known');
  assert.equal(currentAction(second), 0);
});

test('an action in the background has succeeded when it has begun', () => {
  const { after, events } = say(workflow(['a'], { background: true }), saying('RUNNING', 'a'));
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ['action.started', 'action.ended', 'workflow.ended'],
  );
  assert.equal(after.state, 'SUCCESS');
  for (const state of ['SUCCESS', 'FAILED'] as const) assert.equal(say(after, saying(state, 'a')).what, 'known');
});
