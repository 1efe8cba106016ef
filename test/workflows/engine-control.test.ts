/** Hooks, retries, conditions, limits, services and people's commands, case by case. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ServiceReport } from '../../src/worker/protocol.ts';
import {
  type Command,
  dueAt,
  expire,
  fold,
  follow,
  nextStep,
  obey,
  takeReport,
  takeServiceReport,
} from '../../src/workflows/engine/index.ts';
import type { ImageRun, TemplateHook } from '../../src/workflows/template/document.ts';
import type { ServiceRecord, Workflow, WorkflowEvent } from '../../src/workflows/workflow.ts';
import { actionOf, BOOT, reportOf, workflowOf } from './examples.ts';

const A = { id: 'a', name: 'alpha' };
const image = (more: Partial<ImageRun> = {}): ImageRun => ({
  kind: 'image',
  image: 'busybox',
  command: [],
  volumes: [],
  environment: {},
  ...more,
});
const hook = (name: string, more: Partial<TemplateHook> = {}): TemplateHook => ({
  name,
  timeout: 0,
  run: image(),
  ...more,
});
const apply = (workflow: Workflow, events: readonly WorkflowEvent[]): Workflow => events.reduce(fold, workflow);

/** The workflow after a report that must be recorded. */
function after(
  workflow: Workflow,
  action: number,
  state: 'RUNNING' | 'SUCCESS' | 'FAILED' | 'TIMEOUT',
  attempt = 1,
  now = 20_000,
): Workflow {
  const taken = takeReport(workflow, A, reportOf(action, state, { attempt }), now);
  assert.equal(taken.outcome, 'recorded', JSON.stringify(taken));
  return taken.outcome === 'recorded' ? apply(workflow, taken.events) : workflow;
}

function told(workflow: Workflow, command: Command): Workflow {
  const result = obey(workflow, command, 30_000);
  assert.equal(result.outcome, 'done', JSON.stringify(result));
  return result.outcome === 'done' ? apply(workflow, result.events) : workflow;
}

const stepOf = (workflow: Workflow, now = 40_000) => nextStep(workflow, 'a', BOOT, now).step;
const never = () => 0;

describe('a failed action', () => {
  const withHooks = (): Workflow => ({
    ...workflowOf('a', 'a'),
    actions: [
      actionOf('a', 0, {
        run: image({
          onFailure: { command: ['sh', '-c', 'tidy'], timeout: 30 },
          onTimeout: { command: ['late'], timeout: 0 },
        }),
      }),
      actionOf('a', 1),
    ],
    onFailure: [hook('report'), hook('park', { timeout: 5 })],
    onTimeout: [hook('power', { timeout: 7 })],
  });

  it('calls its own hook, then the workflow’s, in the same place, and then the workflow ends with what failed', () => {
    let workflow = after(withHooks(), 0, 'FAILED');
    assert.equal(workflow.state, 'RUNNING');
    assert.deepEqual(
      workflow.actions.slice(2).map(({ name, hook: kind, machine, timeout }) => [name, kind, machine, timeout]),
      [
        ['action-0 on-failure', 'on-failure', 'a', 30],
        ['report', 'on_failure', 'a', 0],
        ['park', 'on_failure', 'a', 5],
      ],
    );
    assert.deepEqual(workflow.actions[2]?.run, image({ command: ['sh', '-c', 'tidy'] }));
    for (const index of [2, 3, 4]) {
      assert.deepEqual(stepOf(workflow), { step: 'run', action: index, attempt: 1 });
      workflow = after(workflow, index, index === 3 ? 'FAILED' : 'SUCCESS');
    }
    assert.equal(workflow.state, 'FAILED');
    assert.match(workflow.message ?? '', /^Action action-0 \(task task-a\) on machine alpha: .*\nreport: FAILED/s);
  });

  it('that ran into its limit calls the hooks for that', () => {
    const { actions, outcome } = after(withHooks(), 0, 'TIMEOUT');
    assert.deepEqual(
      actions.slice(2).map(({ name }) => name),
      ['action-0 on-timeout', 'power'],
    );
    assert.equal(outcome?.state, 'TIMEOUT');
  });

  it('whose hooks are never begun ends in time all the same', () => {
    const workflow = after(withHooks(), 0, 'FAILED');
    const until = dueAt(workflow, never, 20_000) ?? assert.fail();
    assert.equal(until, 20_000 + (30 + 600 + 5 + 120) * 1000);
    assert.deepEqual(expire(workflow, never, until - 1), []);
    const ended = apply(workflow, expire(workflow, never, until));
    assert.equal(ended.state, 'FAILED');
    assert.deepEqual(
      ended.actions.slice(2).map(({ state }) => state),
      ['SKIPPED', 'SKIPPED', 'SKIPPED'],
    );
  });

  it('is tried again as often as its template says, later each time', () => {
    const first: Workflow = { ...workflowOf('a'), actions: [actionOf('a', 0, { retries: { limit: 2, backoff: 10 } })] };
    const once = after(first, 0, 'FAILED');
    assert.deepEqual([once.state, once.actions[0]?.state, once.actions[0]?.notBefore], ['RUNNING', 'PENDING', 30_000]);
    assert.deepEqual(stepOf(once, 25_000), { step: 'wait', reason: 'action action-0 is tried again in 5 s' });
    assert.equal(dueAt(once, never, 25_000), 30_000);
    assert.equal(dueAt(once, never, 30_000), undefined, 'then it is the worker’s turn');
    assert.deepEqual(stepOf(once, 30_000), { step: 'run', action: 0, attempt: 2 });
    const twice = after(once, 0, 'TIMEOUT', 2, 40_000);
    assert.equal(twice.actions[0]?.notBefore, 60_000);
    const thrice = after(twice, 0, 'FAILED', 3, 70_000);
    assert.equal(thrice.state, 'FAILED');
    assert.equal(takeReport(twice, A, reportOf(0, 'TIMEOUT', { attempt: 2 }), 0).outcome, 'superseded');
  });
});

describe('a condition', () => {
  const skipping = (...conditions: boolean[]): Workflow => ({
    ...workflowOf('a'),
    actions: conditions.map((condition, i) => actionOf('a', i, { condition })),
  });

  it('that is false skips the action', () => {
    const begun = apply(skipping(false, true, false), follow(skipping(false, true, false), 5));
    assert.deepEqual(
      begun.actions.map(({ state }) => state),
      ['SKIPPED', 'PENDING', 'PENDING'],
    );
    const done = after(begun, 1, 'SUCCESS');
    assert.deepEqual([done.state, done.message], ['SUCCESS', '1 actions succeeded, 2 skipped']);
  });

  it('that is false everywhere ends the workflow as soon as it has begun', () => {
    const workflow = skipping(false);
    assert.equal(apply(workflow, follow(workflow, 5)).state, 'SUCCESS');
    assert.deepEqual(follow({ ...workflow, begunAt: undefined }, 5), [], 'not before');
  });
});

describe('a limit', () => {
  it('of the workflow counts from the first action’s start, stops what runs, and ends it as TIMEOUT', () => {
    const workflow = after({ ...workflowOf('a', 'a'), globalTimeout: 60 }, 0, 'RUNNING', 1, 100_000);
    assert.equal(
      dueAt(workflow, () => 100_000, 100_000),
      160_000,
    );
    const ended = apply(
      workflow,
      expire(workflow, () => 150_000, 160_000),
    );
    assert.deepEqual([ended.state, ended.actions[0]?.state], ['TIMEOUT', 'TIMEOUT']);
    assert.equal(ended.message, 'The workflow has exceeded its limit of 60 s at action action-0 (task task-a)');
    assert.equal(takeReport(ended, A, reportOf(0, 'SUCCESS'), 161_000).outcome, 'superseded');
  });

  it('of 0 is none', () => {
    const running = after({ ...workflowOf('a'), actions: [actionOf('a', 0, { timeout: 0 })] }, 0, 'RUNNING');
    assert.equal(dueAt(running, never, 1e12), undefined);
  });

  it('of a task counts for its actions together', () => {
    const tasks = [{ name: 'task-a', machine: 'a', timeout: 30 }];
    const workflow = after(after({ ...workflowOf('a', 'a'), tasks }, 0, 'SUCCESS', 1, 50_000), 1, 'RUNNING', 1, 60_000);
    assert.equal(
      dueAt(workflow, () => 60_000, 60_000),
      80_000,
    );
    assert.match(
      apply(workflow, expire(workflow, never, 80_000)).message ?? '',
      /^Task task-a has exceeded its limit of 30 s/,
    );
  });

  it('of an action is counted for a worker that is silent, and not for one that is heard', () => {
    const workflow = after(workflowOf('a'), 0, 'RUNNING', 1, 100_000);
    assert.equal(
      dueAt(workflow, () => 100_000, 100_000),
      100_000 + 60_000 + 120_000,
    );
    assert.equal(
      dueAt(workflow, () => 200_000, 100_000),
      320_000,
    );
    assert.equal(apply(workflow, expire(workflow, never, 280_000)).state, 'TIMEOUT');
  });

  it('of an action ends it at last, however often its worker is heard', () => {
    const workflow = after(workflowOf('a'), 0, 'RUNNING', 1, 100_000);
    const last = 100_000 + 60_000 + 3_600_000;
    assert.equal(
      dueAt(workflow, () => last, last),
      last,
    );
    assert.match(
      apply(
        workflow,
        expire(workflow, () => last, last),
      ).message ?? '',
      /its worker has not ended it/,
    );
  });
});

describe('people', () => {
  const running = (): Workflow => after(workflowOf('a', 'a', 'a'), 0, 'RUNNING');

  it('cancel: what runs is ended, and nothing is given any more', () => {
    const cancelled = told(running(), { command: 'cancel' });
    assert.deepEqual([cancelled.state, cancelled.actions[0]?.state], ['CANCELLED', 'CANCELLED']);
    assert.equal(cancelled.message, 'cancelled, in action action-0 (task task-a)');
    assert.equal(stepOf(cancelled).step, 'wait');
    assert.deepEqual(told(cancelled, { command: 'cancel' }), cancelled, 'twice is once');
    assert.equal(obey(after(workflowOf('a'), 0, 'SUCCESS'), { command: 'cancel' }, 1).outcome, 'refused');
  });

  it('pause: what runs goes on, nothing more is begun; and resume', () => {
    const paused = told(running(), { command: 'pause' });
    assert.deepEqual(stepOf(paused), { step: 'run', action: 0, attempt: 1 });
    const next = after(paused, 0, 'SUCCESS');
    assert.deepEqual(stepOf(next), { step: 'wait', reason: 'workflow install is paused' });
    assert.deepEqual(stepOf(told(next, { command: 'resume' })), { step: 'run', action: 1, attempt: 1 });
  });

  it('skip the current action, one that runs too, or one that is to come', () => {
    const skipped = told(running(), { command: 'skip' });
    assert.deepEqual(stepOf(skipped), { step: 'run', action: 1, attempt: 1 });
    assert.equal(takeReport(skipped, A, reportOf(0, 'SUCCESS'), 1).outcome, 'superseded');
    const later = told(skipped, { command: 'skip', action: 2 });
    assert.equal(after(later, 1, 'SUCCESS').state, 'SUCCESS');
    assert.equal(obey(later, { command: 'skip', action: 9 }, 1).outcome, 'refused');
  });

  it('retry from the action that failed, with another attempt, or from an earlier one', () => {
    const failed = after(after(workflowOf('a', 'a'), 0, 'SUCCESS'), 1, 'FAILED');
    const again = { ...told(failed, { command: 'retry' }), begunAt: 1 };
    assert.deepEqual([again.state, again.message], ['PENDING', undefined]);
    assert.deepEqual(stepOf(again), { step: 'run', action: 1, attempt: 2 });
    assert.equal(after(again, 1, 'SUCCESS', 2).state, 'SUCCESS');
    assert.deepEqual(stepOf({ ...told(failed, { command: 'retry', from: 0 }), begunAt: 1 }), {
      step: 'run',
      action: 0,
      attempt: 2,
    });
    assert.equal(obey(running(), { command: 'retry' }, 1).outcome, 'refused');
    assert.equal(obey(after(workflowOf('a'), 0, 'SUCCESS'), { command: 'retry' }, 1).outcome, 'refused');
    const early = after(workflowOf('a', 'a'), 0, 'FAILED');
    assert.equal(obey(early, { command: 'retry', from: 1 }, 1).outcome, 'refused', 'what failed is not passed over');
  });

  it('retry leaves the hooks of the last run as they were', () => {
    const failed = after({ ...workflowOf('a'), onFailure: [hook('report')] }, 0, 'FAILED');
    const ended = after(failed, 1, 'SUCCESS');
    const again = { ...told(ended, { command: 'retry' }), begunAt: 1 };
    const second = after(again, 0, 'FAILED', 2);
    assert.deepEqual(
      second.actions.map(({ name, state }) => `${name} ${state}`),
      ['action-0 FAILED', 'report SUCCESS', 'report PENDING'],
    );
    assert.deepEqual(stepOf(second), { step: 'run', action: 2, attempt: 1 });
  });
});

describe('services', () => {
  const service = (name: string): ServiceRecord => ({
    ...{
      name,
      worker: 'a',
      machine: 'a',
      image: 'web',
      command: [],
      volumes: [],
      environment: {},
      labels: [],
      ports: [],
    },
    ...{ restart: { when: 'on-failure' }, startTimeout: 60, state: 'PENDING', starts: 0 },
  });
  const served = (): Workflow => ({ ...workflowOf('a'), services: [service('files'), service('keys')] });
  const said = (
    workflow: Workflow,
    index: number,
    state: ServiceReport['state'],
    now = 10_000,
    message?: string,
  ): Workflow =>
    apply(
      workflow,
      takeServiceReport(
        workflow,
        { workflow: 'w', service: index, boot: BOOT, state, starts: 1, message },
        { 80: '10.0.0.1:80' },
        now,
      ),
    );

  it('must all be up, and healthy where that is checked, before any task', () => {
    let workflow = said(served(), 0, 'UP');
    for (const state of ['STARTING', 'UNHEALTHY', 'RESTARTING'] as const) {
      workflow = said(workflow, 1, state);
      assert.deepEqual(stepOf(workflow), {
        step: 'wait',
        reason: `service keys of workflow install is ${state}, not up yet`,
      });
    }
    workflow = said(workflow, 1, 'HEALTHY');
    assert.deepEqual(stepOf(workflow), { step: 'run', action: 0, attempt: 1 });
    assert.deepEqual(workflow.services[1]?.endpoints, { 80: '10.0.0.1:80' });
  });

  it('may end or fail later: nothing waits for them, and nothing fails by it', () => {
    const up = said(said(served(), 0, 'UP'), 1, 'ENDED');
    const dead = said(said(up, 0, 'FAILED'), 1, 'UNHEALTHY');
    assert.deepEqual(stepOf(dead), { step: 'run', action: 0, attempt: 1 });
    assert.equal(after(dead, 0, 'SUCCESS').state, 'SUCCESS');
  });

  it('that are not up in time fail the workflow, from when their worker took them up', () => {
    const slow = said(said(served(), 0, 'UP'), 1, 'RESTARTING', 10_000, 'exited with 3');
    assert.equal(dueAt(served(), never, 0), undefined, 'a machine may boot when it will');
    assert.equal(dueAt(slow, never, 10_000), 70_000);
    const failed = apply(slow, expire(slow, never, 70_000));
    assert.equal(failed.state, 'FAILED');
    assert.match(failed.message ?? '', /^Service keys did not come up.*limit of 60 s.*RESTARTING: exited with 3$/);
  });

  it('that will not be started again fail it at once', () => {
    assert.equal(said(served(), 1, 'FAILED').state, 'FAILED');
  });

  it('are told once: the same word again is no event', () => {
    const up = said(served(), 0, 'UP');
    assert.deepEqual(
      takeServiceReport(
        up,
        { workflow: 'w', service: 0, boot: BOOT, state: 'UP', starts: 1 },
        { 80: '10.0.0.1:80' },
        99,
      ),
      [],
    );
  });

  it('of before a retry are not up, whatever is still said of them, until its turn has come again', () => {
    const queued = told(told(served(), { command: 'cancel' }), { command: 'retry' });
    assert.equal(queued.begunAt, undefined);
    for (const state of ['STARTING', 'UP', 'HEALTHY', 'RESTARTING'] as const) {
      const { services } = said(said(queued, 0, state), 1, state);
      assert.deepEqual(
        services.map((each) => [each.state, each.endpoints]),
        [
          ['PENDING', undefined],
          ['PENDING', undefined],
        ],
      );
    }
    assert.equal(said(queued, 0, 'STOPPED').services[0]?.state, 'STOPPED');
  });

  it('are noted as stopped when it is over, and wanted again by a retry', () => {
    const failed = after(said(said(served(), 0, 'UP'), 1, 'UP'), 0, 'FAILED');
    const stopped = said(failed, 0, 'STOPPED');
    assert.deepEqual([stopped.state, stopped.services[0]?.state], ['FAILED', 'STOPPED']);
    const again = { ...told(stopped, { command: 'retry' }), begunAt: 1 };
    assert.deepEqual(
      again.services.map(({ state }) => state),
      ['PENDING', 'PENDING'],
    );
    assert.equal(stepOf(again).step, 'wait');
  });
});
