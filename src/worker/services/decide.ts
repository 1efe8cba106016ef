/** What is to be done about one service now, from what is wanted and what is there. Pure. */
import type { RestartPolicy } from '../../workflows/template/document.ts';
import type { ServiceReport } from '../protocol.ts';
import { verdictOf } from '../verdict.ts';
import type { ServiceMark, ServiceState } from './service-engine.ts';

/** A start after a failure waits this long, ms: doubled each time up to the limit. */
const FIRST_BACKOFF = 1_000;
const LONGEST_BACKOFF = 60_000;
/** A service that ran so long, ms, has started well: the back-off begins anew. */
const LASTED = 60_000;
/** Containers that have ended and whose output is not with the server yet. With so many, no other is started. */
const UNSENT_LIMIT = 8;

/** One start of the service, as the engine has it. */
export interface ServiceContainer {
  id: string;
  mark: ServiceMark;
  state: ServiceState;
  /** ms since it ended, by a clock that is not set; 0 while it runs. */
  endedFor: number;
  /** The engine refused to start it: in its words. */
  startRefused?: string;
  /** All of its output is with the server, or will not be taken. */
  sent: boolean;
  /** The last lines of its output, fit to be shown. */
  lastLines: readonly string[];
}

/** Starts that came to nothing since the last that made a container. */
export interface Refusal {
  times: number;
  /** ms since the last of them. */
  ago: number;
  /** One sentence, fit to be shown. */
  reason: string;
}

/** All that a decision depends on. */
export interface Situation {
  /** Undefined: it is to be ended. */
  wanted: { restart: RestartPolicy } | undefined;
  containers: readonly ServiceContainer[];
  refusal?: Refusal;
  /** Greatest number of a start that anybody knows of; 0 for none. */
  starts: number;
  /** The boot id of this worker. */
  boot: string;
}

/** What the server is told. */
export type Told = Pick<ServiceReport, 'state' | 'starts' | 'exitCode' | 'message' | 'ports'>;

/** What is done next. */
export type Step =
  | { kind: 'create'; start: number; restarts: number; failures: number }
  | { kind: 'start'; id: string }
  | { kind: 'stop'; id: string }
  | { kind: 'remove'; id: string }
  /** Look again later: when something has changed, or after so many ms. */
  | { kind: 'wait'; ms: number }
  /** Nothing of it is left. */
  | { kind: 'gone' };

/** What is told, and what is done next. */
export interface Decision {
  /** Undefined: nothing new is known. */
  told?: Told;
  step: Step;
}

/** How often a service is looked at, ms. */
const LOOK_EVERY = 1_000;
const LOOK: Step = { kind: 'wait', ms: LOOK_EVERY };

/** ms to wait before the next start, after so many in a row that did not last. */
export const backoff = (failures: number): number =>
  Math.min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ** Math.min(failures, 20));

/** The next step, and what to tell of the service as it is now. Repeated until the step is to wait. */
export function decide(situation: Situation): Decision {
  const { wanted, containers, starts } = situation;
  if (!wanted) return ending(containers, starts);
  const current = containers.reduce<ServiceContainer | undefined>(
    (last, one) => (last && last.mark.start >= one.mark.start ? last : one),
    undefined,
  );
  const tidied = containers.filter((one) => one !== current).flatMap(tidy)[0];
  if (tidied) return { step: tidied };
  if (!current) return first(situation, wanted.restart);
  const { state, startRefused } = current;
  if (state.running) return { told: running(current), step: LOOK };
  const untouched = state.startedAt === undefined && state.error === '' && startRefused === undefined;
  if (untouched) return { step: { kind: 'start', id: current.id } };
  return ended(current, situation, wanted.restart);
}

/** A service that is not wanted: stopped, its output sent, removed. */
function ending(containers: readonly ServiceContainer[], starts: number): Decision {
  if (containers.length === 0) return { told: { state: 'STOPPED', starts }, step: { kind: 'gone' } };
  return { step: containers.flatMap(tidy)[0] ?? LOOK };
}

/** What brings a container that is not the current one nearer to its removal. */
function tidy({ id, state, sent }: ServiceContainer): Step[] {
  if (state.running) return [{ kind: 'stop', id }];
  return sent || state.startedAt === undefined ? [{ kind: 'remove', id }] : [];
}

/** There is no container yet. */
function first({ refusal, starts }: Situation, restart: RestartPolicy): Decision {
  if (!refusal) return { told: { state: 'STARTING', starts }, step: create(starts, 0, 0) };
  // The first start is no restart, and no failure came before it.
  return again({ refusal, starts, restart, restarts: -1, failures: -1, why: refusal.reason, waited: 0 });
}

function running({ mark, state }: ServiceContainer): Told {
  const ports = {
    ...Object.fromEntries(mark.hostPorts.map((port) => [String(port), port])),
    ...state.published,
  };
  const facts = { starts: mark.start, ...(Object.keys(ports).length > 0 ? { ports } : {}) };
  switch (state.health?.status) {
    case undefined:
      return { ...facts, state: 'UP' };
    case 'starting':
      // UP is for services that are not checked: who waits for health must not take this for it.
      return { ...facts, state: 'STARTING', message: 'runs; its health is not known yet' };
    case 'healthy':
      return { ...facts, state: 'HEALTHY' };
    case 'unhealthy': {
      const { output } = state.health;
      return { ...facts, state: 'UNHEALTHY', message: `the health check fails${output && `: ${output}`}` };
    }
  }
}

function ended(current: ServiceContainer, situation: Situation, restart: RestartPolicy): Decision {
  const { mark, state, endedFor, startRefused, lastLines } = current;
  const { boot, refusal } = situation;
  const starts = Math.max(situation.starts, mark.start);
  // The machine was restarted under it: whatever it ended with was not its own doing.
  if (mark.boot !== boot && !refusal)
    return { told: { state: 'STARTING', starts }, step: create(starts, mark.restarts, 0) };
  const verdict = verdictOf(state, { limit: 0, stopped: false });
  const succeeded = verdict.state === 'SUCCESS' && startRefused === undefined;
  const exitCode = startRefused === undefined ? verdict.exitCode : undefined;
  const said = lastLines.length > 0 ? `; its last words: ${lastLines.join('\n')}` : '';
  if (succeeded && restart.when !== 'always')
    return { told: { state: 'ENDED', starts, exitCode, message: `has ended with exit code 0${said}` }, step: LOOK };
  const why =
    refusal?.reason ??
    (startRefused === undefined
      ? `${succeeded ? 'exit code 0' : verdict.message}${said}`
      : `could not be started: ${startRefused}`);
  const ran = state.startedAt === undefined || state.finishedAt === undefined ? 0 : state.finishedAt - state.startedAt;
  const unsent = situation.containers.filter((one) => !one.sent && one.state.startedAt !== undefined).length;
  const decision = again({
    refusal,
    starts,
    restart,
    restarts: mark.restarts,
    failures: ran >= LASTED ? 0 : mark.failures,
    why,
    waited: endedFor,
  });
  const told = decision.told && { ...decision.told, exitCode };
  return decision.step.kind === 'create' && unsent >= UNSENT_LIMIT ? { told, step: LOOK } : { ...decision, told };
}

/** Starts it again, when the policy allows it and the time has come. */
function again(parts: {
  refusal: Refusal | undefined;
  starts: number;
  restart: RestartPolicy;
  /** When the last container was made. */
  restarts: number;
  failures: number;
  why: string;
  /** ms since that container ended. */
  waited: number;
}): Decision {
  const { refusal, starts, restart, why } = parts;
  const refused = refusal?.times ?? 0;
  const restarts = parts.restarts + refused;
  const failures = parts.failures + refused;
  if (restart.when === 'never') return { told: { state: 'FAILED', starts, message: why }, step: LOOK };
  if (restart.limit !== undefined && restarts >= restart.limit)
    return {
      told: { state: 'FAILED', starts, message: `not started again after ${restarts} restarts: ${why}` },
      step: LOOK,
    };
  const pause = backoff(failures);
  const left = pause - (refusal ? refusal.ago : parts.waited);
  const told: Told = { state: 'RESTARTING', starts, message: `is started again after ${pause / 1000} s: ${why}` };
  return {
    told,
    step: left > 0 ? { kind: 'wait', ms: Math.min(left, LOOK_EVERY) } : create(starts, restarts + 1, failures + 1),
  };
}

const create = (starts: number, restarts: number, failures: number): Step => ({
  kind: 'create',
  start: starts + 1,
  restarts,
  failures,
});
