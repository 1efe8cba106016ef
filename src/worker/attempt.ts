/** One attempt at one action, as the server hears of it: from the first report to the last. */
import { messageOf } from '../errors.ts';
import { ActionContainer, type ContainerParts } from './action-container.ts';
import type { Answer, WorkerApi } from './client.ts';
import type { ActionConsole } from './console.ts';
import { sameAttempt } from './container-engine.ts';
import type { ContainerAssignment } from './container-spec.ts';
import { Heartbeats } from './heartbeats.ts';
import { removeOthers } from './left-over.ts';
import type { Notices } from './notices.ts';
import type { AttemptKey, ReportAnswer } from './protocol.ts';

/** What an attempt is made with. */
export interface AttemptParts extends ContainerParts {
  api: WorkerApi;
  notices: Pick<Notices, 'onStop'>;
  boot: string;
}

/** `reported`: the server has the end. `dropped`: it did not want it; nothing of it is left. */
export type AttemptOutcome = 'reported' | 'dropped';

/** Why the server does not want a report; undefined: it has it. */
export function refusalOf(answer: Answer<ReportAnswer>): string | undefined {
  if (answer.kind === 'refused') return answer.reason;
  return answer.value.outcome === 'superseded' ? 'a later one counts' : undefined;
}

/**
 * Runs an attempt, or takes it up where a worker before this one left it.
 * @throws the signal's reason when the worker is to end; the container is left running, to be adopted
 */
export async function runAttempt(
  assignment: ContainerAssignment,
  parts: AttemptParts,
  shown: ActionConsole,
  signal: AbortSignal,
): Promise<AttemptOutcome> {
  const { api, clock, boot, notices } = parts;
  const key: AttemptKey = { workflow: assignment.workflow, action: assignment.action, attempt: assignment.attempt };
  const beats = new Heartbeats({ key, boot, api, clock, signal });
  const forget = notices.onStop((notice) => {
    if (sameAttempt(notice, key)) beats.stop(notice.reason);
  });
  const container = new ActionContainer(
    assignment,
    key,
    parts,
    shown,
    beats,
    AbortSignal.any([signal, beats.unwanted]),
  );
  // Everything is made ready meanwhile; the container itself is not started before the server knows.
  const preparing = container.prepare();
  preparing.catch(() => {});
  try {
    const unwanted = refusalOf(await api.report({ ...key, boot, state: 'RUNNING', at: clock.now() }, signal));
    if (unwanted !== undefined) {
      beats.stop(unwanted);
      await preparing.catch(() => {});
      shown.say(`not wanted any more: ${unwanted}`);
      await removeOthers(parts.engine, undefined).catch((error: unknown) => shown.say(messageOf(error)));
      return 'dropped';
    }
    const ending = await (assignment.background ? container.makeReady(preparing) : container.perform(preparing));
    await beats.end();
    shown.end(ending.state, ending.message ?? '', ending.seconds ?? 0);
    const refused = refusalOf(await api.report({ ...key, boot, ...ending }, signal));
    if (refused !== undefined) shown.say(`the server does not want the report: ${refused}`);
    if (assignment.background && ending.state === 'SUCCESS' && refused === undefined) await container.letGo();
    else await container.cleanUp();
    return refused === undefined ? 'reported' : 'dropped';
  } catch (error) {
    if (signal.aborted || !beats.unwanted.aborted) throw error;
    shown.say(`stopped: the server no longer wants it (${messageOf(beats.unwanted.reason)})`);
    await preparing.catch(() => {});
    await container.cleanUp();
    return 'dropped';
  } finally {
    forget();
    await beats.end();
  }
}
