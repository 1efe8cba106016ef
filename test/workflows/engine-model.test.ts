/** The engine against workers that ask, run, report, repeat themselves, are restarted, and whose machines lose power. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import type { Report } from '../../src/worker/protocol.ts';
import { fold, nextStep, takeReport } from '../../src/workflows/engine/index.ts';
import { isFinal, type Workflow, type WorkflowEvent } from '../../src/workflows/workflow.ts';
import { workflowOf } from './examples.ts';

/** A worker: the boot it runs in, the attempt it was given, and every report that it has made: any may come again. */
interface Worker {
  boot: number;
  given?: { action: number; attempt: number } | undefined;
  sent: Report[];
}

class World {
  workflow: Workflow;
  readonly events: WorkflowEvent[];
  readonly #first: Workflow;
  readonly #workers = new Map<string, Worker>();
  /** Actions whose success was acknowledged. */
  readonly #acknowledged = new Set<number>();
  readonly #recordedSuccesses = new Map<number, number>();
  #now = 0;

  constructor(machines: string[]) {
    this.#first = workflowOf(...machines);
    this.workflow = this.#first;
    this.events = [{ kind: 'workflow.created', workflow: this.#first }];
    for (const machine of machines) this.#workers.set(machine, { boot: 1, sent: [] });
  }

  #bootOf = (machine: string): string => `${machine}-${this.#worker(machine).boot}`;

  #worker(machine: string): Worker {
    return this.#workers.get(machine) ?? assert.fail(machine);
  }

  ask(machine: string): void {
    const { events, step } = nextStep(this.workflow, machine, this.#bootOf(machine), ++this.#now);
    this.#record(events);
    const worker = this.#worker(machine);
    worker.given = step.step === 'run' ? { action: step.action, attempt: step.attempt } : undefined;
    if (step.step !== 'run') return;
    assert.ok(!this.#acknowledged.has(step.action), 'an action whose success was acknowledged is given again');
    assert.equal(this.workflow.actions[step.action]?.machine, machine, 'an action goes to its own machine');
    assert.ok(!isFinal(this.workflow.state), 'a workflow that has ended gives nothing to do');
  }

  begin(machine: string): void {
    this.#send(machine, 'RUNNING');
  }

  end(machine: string, state: 'SUCCESS' | 'FAILED' | 'TIMEOUT'): void {
    this.#send(machine, state);
  }

  #send(machine: string, state: Report['state']): void {
    const worker = this.#worker(machine);
    if (!worker.given) return;
    const report: Report = { workflow: 'w', ...worker.given, boot: this.#bootOf(machine), state, at: ++this.#now };
    worker.sent.push(report);
    this.#deliver(machine, report);
  }

  /** A report that was sent at any time comes once more. */
  repeat(machine: string, which: number): void {
    const { sent } = this.#worker(machine);
    const report = sent[which % (sent.length || 1)];
    if (report) this.#deliver(machine, report);
  }

  restartWorker(machine: string): void {
    this.#worker(machine).given = undefined;
  }

  restartMachine(machine: string): void {
    const worker = this.#worker(machine);
    worker.boot++;
    worker.given = undefined;
  }

  #deliver(machine: string, report: Report): void {
    const taken = takeReport(this.workflow, { id: machine, name: machine }, report, ++this.#now);
    assert.notEqual(
      taken.outcome,
      'refused',
      `a worker that does as it is told is not refused: ${JSON.stringify(taken)}`,
    );
    if (taken.outcome === 'recorded') {
      this.#record(taken.events);
      if (report.state === 'SUCCESS') {
        const times = (this.#recordedSuccesses.get(report.action) ?? 0) + 1;
        assert.equal(times, 1, 'an action succeeds once');
        this.#recordedSuccesses.set(report.action, times);
      }
    }
    if (report.state === 'SUCCESS' && taken.outcome === 'recorded') this.#acknowledged.add(report.action);
  }

  #record(events: WorkflowEvent[]): void {
    for (const event of events) {
      const before = this.workflow;
      this.workflow = fold(before, event);
      this.events.push(event);
      this.#check(before, this.workflow);
    }
  }

  #check(before: Workflow, now: Workflow): void {
    if (isFinal(before.state)) assert.equal(now.state, before.state, 'a final state of the workflow changed');
    now.actions.forEach((action, i) => {
      const earlier = before.actions[i] ?? assert.fail();
      assert.ok(action.attempt >= earlier.attempt, 'attempts only grow');
      if (isFinal(earlier.state)) assert.equal(action.state, earlier.state, 'a final state of an action changed');
    });
    const open = now.actions.filter(({ state }) => state === 'RUNNING');
    assert.ok(open.length <= 1, 'one action runs at a time');
    const first = now.actions.findIndex(({ state }) => state !== 'SUCCESS');
    if (first >= 0)
      assert.ok(
        now.actions.slice(first + 1).every(({ state }) => state === 'PENDING'),
        'in order',
      );
  }

  /** What is stored equals the fold of the events, also by way of JSON. */
  replayed(): void {
    const stored = JSON.parse(JSON.stringify(this.events)) as WorkflowEvent[];
    assert.deepEqual(
      JSON.parse(JSON.stringify(stored.reduce(fold, this.#first))),
      JSON.parse(JSON.stringify(this.workflow)),
    );
  }
}

const step = fc.record({
  machine: fc.constantFrom('a', 'b'),
  what: fc.oneof(
    { weight: 6, arbitrary: fc.constant('ask' as const) },
    { weight: 4, arbitrary: fc.constant('begin' as const) },
    { weight: 5, arbitrary: fc.constant('SUCCESS' as const) },
    { weight: 1, arbitrary: fc.constantFrom('FAILED' as const, 'TIMEOUT' as const) },
    { weight: 3, arbitrary: fc.constant('repeat' as const) },
    { weight: 2, arbitrary: fc.constant('restartWorker' as const) },
    { weight: 2, arbitrary: fc.constant('restartMachine' as const) },
  ),
  which: fc.nat(20),
});

it('whatever happens, each action succeeds once and in order, and the record is the fold of its events', () => {
  let succeeded = 0;
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('a', 'b'), { minLength: 1, maxLength: 4 }),
      fc.array(step, { maxLength: 80, size: 'max' }),
      (machines, steps) => {
        const world = new World(machines);
        for (const { machine, what, which } of steps) {
          if (!machines.includes(machine)) continue;
          switch (what) {
            case 'SUCCESS':
            case 'FAILED':
            case 'TIMEOUT':
              world.end(machine, what);
              break;
            case 'repeat':
              world.repeat(machine, which);
              break;
            default:
              world[what](machine);
          }
        }
        world.replayed();
        if (world.workflow.state === 'SUCCESS') succeeded++;
      },
    ),
    { numRuns: 1500 },
  );
  assert.ok(succeeded > 50, `only ${succeeded} runs came to their end: they show too little`);
});
