/** What a worker is told to do, and what its reports mean, case by case. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fold, installedDisks, nextStep, takeReport } from '../../src/workflows/engine/index.ts';
import type { Workflow } from '../../src/workflows/workflow.ts';
import { BOOT, reportOf, workflowOf } from './examples.ts';

const A = { id: 'a', name: 'alpha' };
const B = { id: 'b', name: 'beta' };

/** The workflow after reports that must all be recorded. */
function after(workflow: Workflow, ...reports: ReturnType<typeof reportOf>[]): Workflow {
  return reports.reduce((before, report) => {
    const machine = before.actions[report.action]?.machine === 'b' ? B : A;
    const taken = takeReport(before, machine, report, 20_000);
    assert.equal(taken.outcome, 'recorded', JSON.stringify(taken));
    return taken.outcome === 'recorded' ? taken.events.reduce(fold, before) : before;
  }, workflow);
}

const running = (): Workflow => after(workflowOf('a', 'a'), reportOf(0, 'RUNNING'));
const stepOf = (workflow: Workflow, machine = 'a', boot = BOOT) => nextStep(workflow, machine, boot, 5);

describe('the next step', () => {
  it('is the first action, for the machine whose turn it is', () => {
    assert.deepEqual(stepOf(workflowOf('a', 'b')), { events: [], step: { step: 'run', action: 0, attempt: 1 } });
    const { events, step } = stepOf(workflowOf('a', 'b'), 'b');
    assert.deepEqual(events, []);
    assert.deepEqual(step, {
      step: 'wait',
      reason: 'task task-a of workflow install is at action action-0 on another machine',
    });
  });

  it('is the same attempt again for a worker that was restarted', () => {
    assert.deepEqual(stepOf(running()), { events: [], step: { step: 'run', action: 0, attempt: 1 } });
  });

  it('is another attempt for a machine that was restarted, the first being lost', () => {
    const { events, step } = stepOf(running(), 'a', 'boot-2');
    assert.deepEqual(events, [{ kind: 'action.lost', action: 0, attempt: 1, boot: BOOT, at: 5 }]);
    assert.deepEqual(step, { step: 'run', action: 0, attempt: 2 });
    const lost = events.reduce(fold, running());
    assert.equal(lost.actions[0]?.state, 'PENDING');
    assert.deepEqual(stepOf(lost, 'a', 'boot-2'), { events: [], step: { step: 'run', action: 0, attempt: 2 } });
  });

  it('is the next action once the one before has succeeded, and nothing at the end', () => {
    const half = after(running(), reportOf(0, 'SUCCESS'));
    assert.deepEqual(stepOf(half).step, { step: 'run', action: 1, attempt: 1 });
    const done = after(half, reportOf(1, 'SUCCESS'));
    assert.deepEqual(stepOf(done).step, { step: 'wait', reason: 'the workflow has ended: SUCCESS' });
    const failed = after(running(), reportOf(0, 'FAILED'));
    assert.deepEqual(stepOf(failed).step, { step: 'wait', reason: 'the workflow has ended: FAILED' });
  });
});

describe('a report', () => {
  const lost = (): Workflow => stepOf(running(), 'a', 'boot-2').events.reduce(fold, running());
  const retried = (): Workflow => after(lost(), reportOf(0, 'RUNNING', { attempt: 2, boot: 'boot-2' }));
  const failed = (): Workflow => after(running(), reportOf(0, 'FAILED'));
  const succeeded = (): Workflow => after(running(), reportOf(0, 'SUCCESS'));

  for (const [what, workflow, report, expected] of [
    ['of a beginning', workflowOf('a'), reportOf(0, 'RUNNING'), 'recorded'],
    ['of a beginning, again', running(), reportOf(0, 'RUNNING'), 'repeated'],
    ['of an end', running(), reportOf(0, 'SUCCESS'), 'recorded'],
    ['of an end whose beginning was not heard', workflowOf('a'), reportOf(0, 'SUCCESS'), 'recorded'],
    ['of a success, again', succeeded(), reportOf(0, 'SUCCESS'), 'repeated'],
    ['of a beginning, late, after the end', succeeded(), reportOf(0, 'RUNNING'), 'repeated'],
    ['of a failure after the success', succeeded(), reportOf(0, 'FAILED'), 'superseded'],
    ['of a failure, again', failed(), reportOf(0, 'FAILED'), 'repeated'],
    ['of another attempt after the workflow has ended', failed(), reportOf(0, 'SUCCESS', { attempt: 2 }), 'superseded'],
    ['of the next action after the workflow has ended', failed(), reportOf(1, 'RUNNING'), 'superseded'],
    ['of an attempt that was lost', lost(), reportOf(0, 'SUCCESS'), 'superseded'],
    ['of an earlier attempt', retried(), reportOf(0, 'SUCCESS'), 'superseded'],
    ['of an attempt that another boot has begun', running(), reportOf(0, 'SUCCESS', { boot: 'boot-2' }), 'superseded'],
    ['of an attempt too far ahead', running(), reportOf(0, 'RUNNING', { attempt: 3 }), 'refused'],
    ['of an action whose turn has not come', running(), reportOf(1, 'RUNNING'), 'refused'],
    ['of an action that there is not', running(), reportOf(2, 'RUNNING'), 'refused'],
  ] as const) {
    it(`${what} is ${expected}`, () => {
      const taken = takeReport(workflow, A, report, 0);
      assert.equal(taken.outcome, expected, JSON.stringify(taken));
    });
  }

  it('for another machine’s action is refused, and says so', () => {
    assert.deepEqual(takeReport(workflowOf('a'), B, reportOf(0, 'RUNNING'), 0), {
      outcome: 'refused',
      sentence: 'action action-0 is not for machine beta',
    });
  });

  it('of a failure ends the workflow with action, machine, reason and the last ten lines', () => {
    const logTail = Array.from({ length: 12 }, (_, i) => `line ${i}`);
    const workflow = after(running(), reportOf(0, 'FAILED', { message: 'exited with 3', exitCode: 3, logTail }));
    assert.equal(workflow.state, 'FAILED');
    assert.equal(
      workflow.message,
      ['Action action-0 (task task-a) on machine alpha: exited with 3', ...logTail.slice(2).map((l) => `  ${l}`)].join(
        '\n',
      ),
    );
    assert.equal(workflow.actions[0]?.exitCode, 3);
    assert.equal(workflow.actions[1]?.state, 'PENDING');
  });

  it('of a timeout ends it as TIMEOUT, and one without a reason says that there was none', () => {
    const workflow = after(running(), reportOf(0, 'TIMEOUT', { seconds: 60 }));
    assert.equal(workflow.state, 'TIMEOUT');
    assert.match(workflow.message ?? '', /on machine alpha: no reason was given$/);
  });

  it('of another attempt leaves nothing of the attempt before', () => {
    const { boot, attempt, message, startedAt } = retried().actions[0] ?? {};
    assert.deepEqual(
      { boot, attempt, message, startedAt },
      { boot: 'boot-2', attempt: 2, message: undefined, startedAt: 10_000 },
    );
  });

  it('places the beginning that was not heard by how long it took', () => {
    assert.equal(after(workflowOf('a', 'a'), reportOf(0, 'SUCCESS', { seconds: 4 })).actions[0]?.startedAt, 6000);
  });
});

describe('a system counts as installed', () => {
  const MIB = 1 << 20;
  const ended = (writes: number[], bootable: string[][]): string[] | undefined =>
    writes.reduce(
      (workflow, bytes, i) =>
        after(workflow, reportOf(i, 'SUCCESS', { diskWrites: { sda: bytes }, bootableDisks: bootable[i] ?? [] })),
      workflowOf(...writes.map(() => 'a')),
    ).installed;

  for (const [what, writes, bootable, expected] of [
    ['when the disk was written to and can be booted from', [MIB], [['sda']], ['sda']],
    ['by all actions together', [MIB / 2, MIB / 2], [[], ['sda']], ['sda']],
    ['not when less than a MiB was written', [MIB - 1], [['sda']], []],
    ['not when the disk cannot be booted from', [MIB * 50], [[]], []],
    ['not when it could be booted from only before it was wiped', [MIB, MIB], [['sda'], []], []],
    ['not on a disk that was bootable before and not touched', [MIB], [['sdb']], []],
  ] as const) {
    it(what, () =>
      assert.deepEqual(
        ended(
          [...writes],
          bootable.map((each) => [...each]),
        ),
        expected,
      ),
    );
  }

  it('on each machine by what was done on it alone', () => {
    const workflow = after(
      workflowOf('a', 'b'),
      reportOf(0, 'SUCCESS', { diskWrites: { sda: MIB }, bootableDisks: ['sda'] }),
      reportOf(1, 'SUCCESS', { diskWrites: { sda: 5, vda: MIB }, bootableDisks: ['sda', 'vda'] }),
    );
    assert.deepEqual(installedDisks(workflow, 'a'), ['sda']);
    assert.deepEqual(installedDisks(workflow, 'b'), ['vda']);
    assert.deepEqual(workflow.installed, ['sda', 'vda']);
  });
});
