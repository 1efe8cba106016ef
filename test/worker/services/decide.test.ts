import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  backoff,
  decide,
  type Refusal,
  type ServiceContainer,
  type Situation,
} from '../../../src/worker/services/decide.ts';
import type { ServiceState } from '../../../src/worker/services/service-engine.ts';
import type { RestartPolicy } from '../../../src/workflows/template/document.ts';

const ALWAYS_AGAIN: RestartPolicy = { when: 'on-failure' };
const state = (more: Partial<ServiceState> = {}): ServiceState => ({
  running: false,
  exitCode: 0,
  outOfMemory: false,
  error: '',
  published: {},
  ...more,
});
const up = (more: Partial<ServiceState> = {}) => state({ running: true, startedAt: 1_000, ...more });
const exited = (exitCode: number, ran = 500) => state({ startedAt: 1_000, finishedAt: 1_000 + ran, exitCode });

function container(
  start: number,
  of: ServiceState,
  { mark = {}, ...more }: Partial<Omit<ServiceContainer, 'mark'>> & { mark?: Partial<ServiceContainer['mark']> } = {},
): ServiceContainer {
  return {
    id: `c${start}`,
    mark: {
      key: { workflow: 'w', service: 0 },
      name: 's',
      start,
      restarts: 0,
      failures: 0,
      boot: 'boot-1',
      hostPorts: [],
      secret: false,
      ...mark,
    },
    state: of,
    endedFor: 0,
    sent: false,
    lastLines: [],
    ...more,
  };
}

const on = (containers: ServiceContainer[], restart = ALWAYS_AGAIN, more: Partial<Situation> = {}) =>
  decide({
    wanted: { restart },
    containers,
    starts: Math.max(0, ...containers.map(({ mark }) => mark.start)),
    boot: 'boot-1',
    ...more,
  });
const off = (...containers: ServiceContainer[]) =>
  decide({ wanted: undefined, containers, starts: containers.length, boot: 'boot-1' });

describe('a service that is wanted', () => {
  test('is made where there is nothing, with the number after the last that anybody knows of', () => {
    assert.deepEqual(on([]), {
      told: { state: 'STARTING', starts: 0 },
      step: { kind: 'create', start: 1, restarts: 0, failures: 0 },
    });
    assert.deepEqual(on([], ALWAYS_AGAIN, { starts: 7 }).step, { kind: 'create', start: 8, restarts: 0, failures: 0 });
  });

  test('is started when it was made and no more', () => {
    assert.deepEqual(on([container(1, state())]), { step: { kind: 'start', id: 'c1' } });
  });

  test('is up, with the ports by which it is reached', () => {
    const published = on([container(1, up({ published: { 80: 32_768 } }))]);
    assert.deepEqual(published.told, { state: 'UP', starts: 1, ports: { 80: 32_768 } });
    assert.equal(published.step.kind, 'wait');
    assert.deepEqual(on([container(1, up(), { mark: { hostPorts: [8080] } })]).told?.ports, { 8080: 8080 });
    assert.deepEqual(on([container(1, up())]).told, { state: 'UP', starts: 1 });
  });

  test('is not up while its health is not known', () => {
    const told = (status: 'starting' | 'healthy' | 'unhealthy') =>
      on([container(1, up({ health: { status, output: 'no answer' } }))]).told;
    assert.deepEqual([told('starting')?.state, told('healthy')?.state], ['STARTING', 'HEALTHY']);
    assert.deepEqual(told('unhealthy'), {
      state: 'UNHEALTHY',
      starts: 1,
      message: 'the health check fails: no answer',
    });
  });

  test('may end', () => {
    for (const when of ['never', 'on-failure'] as const) {
      const { told, step } = on([container(1, exited(0), { sent: true, endedFor: 1e9 })], { when });
      assert.deepEqual([told?.state, told?.exitCode, step.kind], ['ENDED', 0, 'wait']);
    }
    const { told, step } = on([container(1, exited(0), { endedFor: 1_000 })], { when: 'always' });
    assert.deepEqual([told?.state, step], ['RESTARTING', { kind: 'create', start: 2, restarts: 1, failures: 1 }]);
  });

  test('is started again after an error, later each time', () => {
    const failed = (failures: number, endedFor: number, ran?: number) =>
      on([container(3, exited(2, ran), { mark: { failures, restarts: 2 }, endedFor, lastLines: ['oh', 'no'] })]);
    assert.deepEqual(failed(0, 0), {
      told: {
        state: 'RESTARTING',
        starts: 3,
        exitCode: 2,
        message: 'is started again after 1 s: exit code 2; its last words: oh\nno',
      },
      step: { kind: 'wait', ms: 1_000 },
    });
    assert.deepEqual(failed(0, 1_000).step, { kind: 'create', start: 4, restarts: 3, failures: 1 });
    assert.equal(failed(3, 7_999).step.kind, 'wait');
    assert.deepEqual(failed(3, 8_000).step, { kind: 'create', start: 4, restarts: 3, failures: 4 });
    // One that ran for a minute has started well.
    assert.deepEqual(failed(9, 1_000, 60_000).step, { kind: 'create', start: 4, restarts: 3, failures: 1 });
    assert.deepEqual([0, 1, 5, 6, 1000].map(backoff), [1_000, 2_000, 32_000, 60_000, 60_000]);
  });

  test('is given up by its policy', () => {
    const never = on([container(1, exited(2), { endedFor: 1e9 })], { when: 'never' });
    assert.deepEqual(never.told, { state: 'FAILED', starts: 1, exitCode: 2, message: 'exit code 2' });
    assert.equal(never.step.kind, 'wait');
    const limit = on([container(4, exited(2), { mark: { restarts: 3 }, endedFor: 1e9 })], { when: 'always', limit: 3 });
    assert.deepEqual([limit.told?.state, limit.step.kind], ['FAILED', 'wait']);
    assert.equal(limit.told?.message, 'not started again after 3 restarts: exit code 2');
  });

  test('that the engine will not start is a failure in its words', () => {
    const refused = on([container(1, state({ exitCode: 128, error: 'port is taken' }))]);
    assert.match(refused.told?.message ?? '', /could not be started: port is taken$/);
    const silent = on([container(1, state(), { startRefused: 'no such command' })], { when: 'never' });
    assert.deepEqual([silent.told?.state, silent.told?.message], ['FAILED', 'could not be started: no such command']);
  });

  test('whose image is not to be had is tried again, or given up', () => {
    const refusal: Refusal = { times: 1, ago: 0, reason: 'image a does not exist' };
    const first = on([], ALWAYS_AGAIN, { refusal });
    assert.deepEqual(first, {
      told: { state: 'RESTARTING', starts: 0, message: 'is started again after 1 s: image a does not exist' },
      step: { kind: 'wait', ms: 1_000 },
    });
    assert.deepEqual(on([], ALWAYS_AGAIN, { refusal: { ...refusal, ago: 1_000 } }).step, {
      kind: 'create',
      start: 1,
      restarts: 1,
      failures: 1,
    });
    assert.equal(on([], { when: 'never' }, { refusal }).told?.state, 'FAILED');
    assert.equal(on([], { when: 'always', limit: 2 }, { refusal: { ...refusal, times: 2 } }).told?.state, 'RESTARTING');
    assert.equal(on([], { when: 'always', limit: 2 }, { refusal: { ...refusal, times: 3 } }).told?.state, 'FAILED');
  });

  test('is started anew after the machine was restarted, whatever it had ended with', () => {
    for (const code of [0, 137]) {
      const { told, step } = on([container(2, exited(code), { mark: { boot: 'boot-0', restarts: 1, failures: 1 } })], {
        when: 'never',
      });
      assert.deepEqual(told, { state: 'STARTING', starts: 2 });
      assert.deepEqual(step, { kind: 'create', start: 3, restarts: 1, failures: 0 });
    }
    assert.equal(on([container(2, up(), { mark: { boot: 'boot-0' } })]).told?.state, 'UP');
  });

  test('loses containers of earlier starts when their output was sent, not before', () => {
    const [old, now] = [container(1, exited(1)), container(2, up())];
    assert.equal(on([old, now]).told?.state, 'UP');
    assert.deepEqual(on([{ ...old, sent: true }, now]).step, { kind: 'remove', id: 'c1' });
    assert.deepEqual(on([container(1, up()), now]).step, { kind: 'stop', id: 'c1' });
    const unsent = Array.from({ length: 8 }, (_, i) => container(i + 1, exited(1), { endedFor: 1e9 }));
    assert.deepEqual([on(unsent).told?.state, on(unsent).step.kind], ['RESTARTING', 'wait']);
  });
});

test('a service that is not wanted is stopped, sent, removed, and gone', () => {
  assert.deepEqual(off(container(1, up())), { step: { kind: 'stop', id: 'c1' } });
  assert.equal(off(container(1, exited(143))).step.kind, 'wait');
  assert.deepEqual(off(container(1, exited(143), { sent: true })).step, { kind: 'remove', id: 'c1' });
  assert.deepEqual(off(container(1, state())).step, { kind: 'remove', id: 'c1' });
  assert.deepEqual(off(), { told: { state: 'STOPPED', starts: 0 }, step: { kind: 'gone' } });
});

/** What may come over a service between two looks. */
const happening = fc.oneof(
  fc.record({ kind: fc.constant('exit' as const), code: fc.constantFrom(0, 1, 137), ran: fc.constantFrom(10, 90_000) }),
  fc.record({ kind: fc.constant('time' as const), ms: fc.constantFrom(100, 1_000, 30_000, 70_000) }),
  fc.record({ kind: fc.constant('sent' as const) }),
  fc.record({ kind: fc.constant('lost' as const) }),
  fc.record({ kind: fc.constant('refuse' as const) }),
  fc.record({ kind: fc.constant('boot' as const) }),
);

test('whatever happens: one runs at a time, starts are numbered up, limits hold, and the end is the end', () => {
  const policy = fc.record({
    when: fc.constantFrom('never' as const, 'on-failure' as const, 'always' as const),
    limit: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }),
  });
  fc.assert(
    fc.property(policy, fc.array(happening, { maxLength: 60 }), (restart, happenings) => {
      let there: ServiceContainer[] = [];
      let refusal: Refusal | undefined;
      let refuseNext = false;
      let starts = 0;
      let boots = 1;
      /** Times that a start was made since the last restart of the machine or loss of the container. */
      let tries = 0;
      const turn = (wanted: boolean): string => {
        const boot = `boot-${boots}`;
        const { step, told } = decide({
          wanted: wanted ? { restart } : undefined,
          containers: there,
          refusal,
          starts,
          boot,
        });
        const change = (id: string, of: Partial<ServiceState>): void => {
          there = there.map((one) => (one.id === id ? { ...one, state: { ...one.state, ...of } } : one));
        };
        switch (step.kind) {
          case 'create': {
            assert.ok(wanted && step.start === starts + 1);
            assert.ok(there.every((one) => !one.state.running));
            tries += 1;
            assert.ok(restart.when !== 'never' || tries === 1, 'started again though it never is to be');
            assert.ok(tries <= 1 + (restart.limit ?? Infinity), `tried ${tries} times`);
            if (refuseNext) {
              refusal = { times: (refusal?.times ?? 0) + 1, ago: 0, reason: 'no image' };
              refuseNext = false;
            } else {
              refusal = undefined;
              starts = step.start;
              const { restarts, failures } = step;
              there = [...there, container(step.start, state(), { mark: { boot, restarts, failures } })];
            }
            break;
          }
          case 'start':
            change(step.id, { running: true, startedAt: 0 });
            break;
          case 'stop':
            change(step.id, { running: false, finishedAt: 10, exitCode: 143 });
            break;
          case 'remove':
            there = there.filter(({ id }) => id !== step.id);
            break;
        }
        assert.ok(there.filter((one) => one.state.running).length <= 1);
        if (told && told.state !== 'STOPPED') assert.ok(wanted);
        return step.kind;
      };
      const settle = (wanted: boolean, until: string): void => {
        for (let turns = 0; turn(wanted) !== until; turns += 1) assert.ok(turns < 50, `no ${until} in 50 turns`);
      };
      for (const one of happenings) {
        settle(true, 'wait');
        switch (one.kind) {
          case 'exit':
            there = there.map((each) =>
              each.state.running
                ? { ...each, state: { ...each.state, running: false, exitCode: one.code, finishedAt: one.ran } }
                : each,
            );
            break;
          case 'time':
            there = there.map((each) => ({ ...each, endedFor: each.state.running ? 0 : each.endedFor + one.ms }));
            if (refusal) refusal = { ...refusal, ago: refusal.ago + one.ms };
            break;
          case 'sent':
            there = there.map((each) => ({ ...each, sent: !each.state.running || each.sent }));
            break;
          case 'refuse':
            refuseNext = true;
            break;
          case 'lost':
            if (there.length > 0) tries = 0;
            there = [];
            break;
          case 'boot':
            // The engine's containers are all ended by it; the keeper is a new one.
            boots += 1;
            tries = 0;
            refusal = undefined;
            there = there.map((each) => ({ ...each, state: { ...each.state, running: false, finishedAt: 10 } }));
        }
      }
      settle(true, 'wait');
      for (let turns = 0; turn(false) !== 'gone'; turns += 1) {
        assert.ok(turns < 100);
        there = there.map((each) => ({ ...each, sent: !each.state.running }));
      }
      assert.equal(there.length, 0);
    }),
    { numRuns: 500 },
  );
});
