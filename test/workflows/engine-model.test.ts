/**
 * The engine against a small model: workers that ask, run, report, repeat themselves, are restarted, and whose machines
 * lose power; people who cancel, pause, skip and retry; services that come and go; a clock that jumps.
 */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import type { Report } from '../../src/worker/protocol.ts';
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
  wantsServices,
} from '../../src/workflows/engine/index.ts';
import { isFinal, type ServiceState, type Workflow, type WorkflowEvent } from '../../src/workflows/workflow.ts';
import { actionOf, workflowOf } from './examples.ts';

/** A worker: the boot it runs in, the attempt it was given, and every report that it has made: any may come again. */
interface Worker {
  boot: number;
  given?: { action: number; attempt: number } | undefined;
  sent: Report[];
}

/** What a workflow is made with. */
interface Shape {
  actions: { machine: string; retries: number; condition: boolean }[];
  globalTimeout: number;
  hooks: boolean;
  service: boolean;
}

function made({ actions, globalTimeout, hooks, service }: Shape): Workflow {
  const run = { kind: 'image', image: 'i', command: [], volumes: [], environment: {} } as const;
  const hook = { name: 'hook', timeout: 30, run: { ...run, command: [], volumes: [] } };
  return {
    ...workflowOf(...actions.map(({ machine }) => machine)),
    actions: actions.map(({ machine, retries, condition }, i) =>
      actionOf(machine, i, { retries: { limit: retries, backoff: 10 }, condition }),
    ),
    begunAt: undefined,
    globalTimeout,
    onFailure: hooks ? [hook] : [],
    onTimeout: hooks ? [hook] : [],
    services: service
      ? [
          {
            ...{ name: 's', worker: 'a', machine: 'a', image: 'i', command: [], volumes: [], environment: {} },
            ...{
              labels: [],
              ports: [],
              restart: { when: 'on-failure' },
              startTimeout: 60,
              state: 'PENDING',
              starts: 0,
            },
          },
        ]
      : [],
  };
}

class World {
  workflow: Workflow;
  readonly events: WorkflowEvent[];
  readonly #first: Workflow;
  readonly #workers = new Map<string, Worker>();
  /** Actions whose success was acknowledged. A retry takes back those that it begins again. */
  readonly #acknowledged = new Set<number>();
  #now = 0;
  #turnedBack = false;

  constructor(shape: Shape) {
    this.#first = made(shape);
    this.workflow = this.#first;
    this.events = [{ kind: 'workflow.created', workflow: this.#first }];
    for (const { machine } of shape.actions) this.#workers.set(machine, { boot: 1, sent: [] });
    this.#workers.set('a', { boot: 1, sent: [] });
    this.begin();
  }

  /** Its turn comes on its machine. */
  begin(): void {
    if (this.workflow.begunAt !== undefined || isFinal(this.workflow.state)) return;
    this.#record([{ kind: 'workflow.begun', at: ++this.#now }]);
    this.#record(follow(this.workflow, this.#now));
  }

  tell(command: Command): void {
    const result = obey(this.workflow, command, ++this.#now);
    if (result.outcome === 'refused') return;
    for (const event of result.events) {
      if (event.kind !== 'workflow.retried') continue;
      this.#turnedBack = true;
      for (const index of [...this.#acknowledged]) if (index >= event.from) this.#acknowledged.delete(index);
    }
    this.#record(
      result.events,
      result.events.some(({ kind }) => kind === 'workflow.retried'),
    );
    this.begin();
  }

  /** Time passes, and what is due is looked at. */
  jump(seconds: number): void {
    this.#now += seconds * 1000;
    this.#record(expire(this.workflow, () => 0, this.#now));
  }

  service(state: Exclude<ServiceState, 'PENDING'>): void {
    if (this.workflow.services.length === 0) return;
    const report = { workflow: 'w', service: 0, boot: this.#bootOf('a'), state, starts: 1 };
    this.#record(takeServiceReport(this.workflow, report, undefined, ++this.#now));
  }

  /** Everybody does what they are told, and nobody disturbs: the workflow must come to its end. */
  finish(): void {
    if (this.workflow.pausedAt !== undefined && !isFinal(this.workflow.state)) this.tell({ command: 'resume' });
    for (let round = 0; !isFinal(this.workflow.state); round++) {
      assert.ok(round < 100, `it does not end: ${JSON.stringify(this.workflow)}`);
      if (wantsServices(this.workflow)) this.service('HEALTHY');
      for (const machine of this.#workers.keys()) {
        this.ask(machine);
        if (!this.#worker(machine).given) continue;
        this.#send(machine, 'RUNNING');
        this.#send(machine, 'SUCCESS');
      }
      const due = dueAt(this.workflow, () => 0, this.#now);
      if (due !== undefined) this.jump(Math.max(0, due - this.#now) / 1000);
    }
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
    assert.equal(this.workflow.actions[step.action]?.condition, true, 'what a condition excludes is not run');
    assert.ok(!this.#acknowledged.has(step.action), 'an action whose success was acknowledged is given again');
    assert.equal(this.workflow.actions[step.action]?.machine, machine, 'an action goes to its own machine');
    assert.ok(!isFinal(this.workflow.state), 'a workflow that has ended gives nothing to do');
  }

  start(machine: string): void {
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
    // Who was given something before people turned the workflow back may come out of turn.
    if (this.#turnedBack && taken.outcome === 'refused') return;
    assert.notEqual(
      taken.outcome,
      'refused',
      `a worker that does as it is told is not refused: ${JSON.stringify(taken)}`,
    );
    if (taken.outcome !== 'recorded') return;
    if (report.state === 'SUCCESS') {
      assert.ok(!this.#acknowledged.has(report.action), 'an action succeeds once');
      this.#acknowledged.add(report.action);
    }
    this.#record(taken.events);
    for (const index of this.#acknowledged)
      assert.equal(this.workflow.actions[index]?.state, 'SUCCESS', 'an acknowledged success is lost');
  }

  #record(events: readonly WorkflowEvent[], again = false): void {
    for (const event of events) {
      const before = this.workflow;
      this.workflow = fold(before, event);
      this.events.push(event);
      if (!again) this.#check(before, this.workflow, event);
    }
  }

  #check(before: Workflow, now: Workflow, { kind }: WorkflowEvent): void {
    if (isFinal(before.state)) assert.equal(now.state, before.state, 'a final state of the workflow changed');
    now.actions.forEach((action, i) => {
      const earlier = before.actions[i];
      if (!earlier) return;
      assert.ok(action.attempt >= earlier.attempt, 'attempts only grow');
      if (isFinal(earlier.state) && kind !== 'action.retrying')
        assert.equal(action.state, earlier.state, 'a final state of an action changed');
    });
    assert.ok(now.actions.filter(({ state }) => state === 'RUNNING').length <= 1, 'one action runs at a time');
    const begun = now.actions.findLastIndex(({ state, hook }) => hook === undefined && state === 'RUNNING');
    assert.ok(
      now.actions.slice(0, Math.max(0, begun)).every(({ state }) => state === 'SUCCESS' || state === 'SKIPPED'),
      'in order',
    );
    if (now.services.length > 0 && now.servedAt === undefined && !now.outcome)
      assert.equal(begun, -1, 'no task is begun before all services have been up');
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

const command: fc.Arbitrary<Command> = fc.oneof(
  fc.constant<Command>({ command: 'cancel' }),
  fc.constant<Command>({ command: 'pause' }),
  fc.constant<Command>({ command: 'resume' }),
  fc.record({ command: fc.constant('skip' as const), action: fc.option(fc.nat(4), { nil: undefined }) }),
  fc.record({ command: fc.constant('retry' as const), from: fc.option(fc.nat(4), { nil: undefined }) }),
  fc.constant<Command>({ command: 'retry' }),
);
type What =
  | { do: 'ask' | 'start' | 'restartWorker' | 'restartMachine' | 'SUCCESS' | 'FAILED' | 'TIMEOUT' }
  | { do: 'repeat'; which: number }
  | { do: 'tell'; command: Command }
  | { do: 'jump'; seconds: number }
  | { do: 'service'; state: Exclude<ServiceState, 'PENDING'> };
const what: fc.Arbitrary<What> = fc.oneof(
  { weight: 12, arbitrary: fc.constant<What>({ do: 'ask' }) },
  { weight: 8, arbitrary: fc.constant<What>({ do: 'start' }) },
  { weight: 10, arbitrary: fc.constant<What>({ do: 'SUCCESS' }) },
  { weight: 3, arbitrary: fc.constantFrom<What>({ do: 'FAILED' }, { do: 'TIMEOUT' }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('repeat' as const), which: fc.nat(20) }) },
  { weight: 3, arbitrary: fc.constantFrom<What>({ do: 'restartWorker' }, { do: 'restartMachine' }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('tell' as const), command }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('jump' as const), seconds: fc.nat(400) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('service' as const),
      state: fc.constantFrom('STARTING', 'UP', 'HEALTHY', 'UNHEALTHY', 'RESTARTING', 'ENDED', 'FAILED', 'STOPPED'),
    }),
  },
);
const shape: fc.Arbitrary<Shape> = fc.record({
  actions: fc.array(
    fc.record({
      machine: fc.constantFrom('a', 'b'),
      retries: fc.constantFrom(0, 0, 1, 2),
      condition: fc.constantFrom(true, true, true, false),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  globalTimeout: fc.constantFrom(0, 0, 600),
  hooks: fc.boolean(),
  service: fc.boolean(),
});

it('whatever happens, no acknowledged success is lost or run again, every workflow ends, and it is the fold of its events', () => {
  const ends = new Map<string, number>();
  fc.assert(
    fc.property(
      shape,
      fc.array(fc.record({ machine: fc.constantFrom('a', 'b'), what }), { maxLength: 80, size: 'max' }),
      (made, steps) => {
        const world = new World(made);
        for (const { machine, what: each } of steps) {
          if (!made.actions.some((action) => action.machine === machine)) continue;
          switch (each.do) {
            case 'SUCCESS':
            case 'FAILED':
            case 'TIMEOUT':
              world.end(machine, each.do);
              break;
            case 'repeat':
              world.repeat(machine, each.which);
              break;
            case 'tell':
              world.tell(each.command);
              break;
            case 'jump':
              world.jump(each.seconds);
              break;
            case 'service':
              world.service(each.state);
              break;
            default:
              world[each.do](machine);
          }
        }
        world.finish();
        world.replayed();
        ends.set(world.workflow.state, (ends.get(world.workflow.state) ?? 0) + 1);
      },
    ),
    { numRuns: 3000 },
  );
  for (const state of ['SUCCESS', 'FAILED', 'TIMEOUT', 'CANCELLED'])
    assert.ok((ends.get(state) ?? 0) > 50, `only ${ends.get(state)} runs ended as ${state}: they show too little`);
});
