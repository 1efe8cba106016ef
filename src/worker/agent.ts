/** The worker's loop: say hello, ask for work, do it, report, ask again. */
import { messageOf, TinsmithError } from '../errors.ts';
import { type AttemptParts, runAttempt } from './attempt.ts';
import { Bell } from './bell.ts';
import { ActionConsole, type Say } from './console.ts';
import type { ActionAssignment } from './container-spec.ts';
import { reportEnds, settleLeftOver } from './jobs/left-over-jobs.ts';
import { type JobParts, runJob } from './jobs/run-job.ts';
import { endInBackground, removeOthers } from './left-over.ts';
import type { Notices } from './notices.ts';
import type { Hello, HelloAnswer, StopNotice } from './protocol.ts';
import type { Power, Verb } from './verbs.ts';

/** With the stream open the server says when there is work; it is asked all the same, now and then, ms. */
const ASK_EVERY = 60_000;
/** Without it, ms; spread, so that not all machines ask at the same time. */
const POLL_EVERY = 5_000;
/** Between two questions that brought nothing, at least this, ms: a server that answers at once is not asked without end. */
const PACE = 1_000;
/** After a question that was refused, ms. */
const REFUSED_PAUSE = 5_000;
/** After a verb that did not take this machine away, ms. */
const VERB_PAUSE = 30_000;
/** Another worker of the machine may have died just now: the server is asked for so long whether it has, ms. */
const RIVAL_PATIENCE = 90_000;

/** HTTP status of a hello that comes while another worker of the machine is there. */
const CONFLICT = 409;

/** What the loop is made of, beside what its attempts are. */
export interface AgentParts extends AttemptParts {
  hello: () => Hello;
  /** Names this process: of two workers of one machine, the server refuses the second. */
  agent: string;
  jobs: Pick<JobParts, 'jobsDirectory'> & { around: Omit<JobParts['around'], 'machine'> };
  notices: Notices;
  power: Power;
  say: Say;
  /** Called when the server has answered the hello. What it returns is waited for before work is asked for. */
  greeted?: () => Promise<void>;
  random?: () => number;
}

/**
 * Works until the server says that the worker is to end.
 * @returns why
 * @throws the signal's reason when it is aborted
 * @throws TinsmithError TIMED_OUT when another worker works for this machine
 */
export async function workUntilExit(parts: AgentParts, signal: AbortSignal): Promise<string> {
  const { api, clock, power, boot, say, engine, notices, agent } = parts;
  const leftOver = { ...parts.jobs, api, clock, boot, engine, say };
  await reportEnds(leftOver, signal);
  const known = await sayHello(parts, signal);
  const machine = known.name;
  await settleLeftOver(leftOver, signal);
  await parts.greeted?.();
  const news = new Bell();
  notices.onWork(() => news.ring());
  notices.onStop((notice) => void endStopped(notice, parts));
  let waitingFor: string | undefined;
  for (;;) {
    const asked = clock.uptime();
    news.silence();
    const pace = (): Promise<void> => clock.sleep(Math.max(0, PACE - (clock.uptime() - asked)), signal);
    // Only here is work fetched: everything before has been acknowledged.
    const answer = await api.work({ boot, agent }, signal);
    if (answer.kind === 'refused') {
      if (waitingFor !== answer.reason) say(`${machine}: the server gives no work: ${answer.reason}`);
      waitingFor = answer.reason;
      await clock.sleep(REFUSED_PAUSE, signal);
      continue;
    }
    const work = answer.value;
    if (work.kind !== 'idle') waitingFor = undefined;
    switch (work.kind) {
      case 'idle':
        if (waitingFor !== work.reason) {
          say(`${machine}: waiting for work: ${work.reason}`);
          await removeOthers(engine, undefined).catch(() => {
            // The engine is not up yet, or down: the next action's start removes them.
          });
        }
        waitingFor = work.reason;
        await nextTime(news, asked, parts, signal);
        break;
      case 'verb':
        say(`${machine}: ${work.verb}, as ${work.workflow === '' ? 'its stage' : `workflow ${work.workflow}`} says`);
        await power.perform(work.verb, signal);
        await clock.sleep(VERB_PAUSE, signal);
        break;
      case 'exit':
        say(`${machine}: the worker ends, as the server says: ${work.reason}`);
        return work.reason;
      case 'action':
        if ((await act(work, known, parts, signal)) === 'dropped') await pace();
        break;
    }
  }
}

/** Waits until the server says that there may be work, or for as long as it need not be asked. */
async function nextTime(news: Bell, asked: number, parts: AgentParts, signal: AbortSignal): Promise<void> {
  const { clock, notices, random = Math.random } = parts;
  // In short pieces: the stream may end meanwhile.
  for (const poll = POLL_EVERY * (0.5 + random() / 2); !news.ringing; ) {
    const left = asked + (notices.up ? ASK_EVERY : poll) - clock.uptime();
    if (left <= 0) return;
    await news.wait(Math.min(left, poll), clock, signal);
  }
}

/** An attempt in the background is not at hand any more when the server no longer wants it. */
async function endStopped(notice: StopNotice, { engine, say }: AgentParts): Promise<void> {
  try {
    await endInBackground(engine, notice);
  } catch (error) {
    say(`action ${notice.action} of workflow ${notice.workflow} could not be stopped: ${messageOf(error)}`);
  }
}

async function sayHello(parts: AgentParts, signal: AbortSignal): Promise<HelloAnswer['machine']> {
  const { api, hello, say, clock } = parts;
  let said = '';
  for (const until = clock.uptime() + RIVAL_PATIENCE; ; ) {
    const answer = await api.hello(hello(), signal);
    if (answer.kind === 'answer') {
      say(`this is machine ${answer.value.machine.name}`);
      return answer.value.machine;
    }
    const { status, reason } = answer;
    if (status === CONFLICT && clock.uptime() >= until)
      throw new TinsmithError('TIMED_OUT', `Another worker works for this machine: ${reason}`, {
        next: 'End that one, or this one: a machine has one worker. A worker that has died is forgotten by itself.',
      });
    if (said !== reason) say(`the server does not take this worker: ${reason}`);
    said = reason;
    await clock.sleep(REFUSED_PAUSE, signal);
  }
}

async function act(
  work: ActionAssignment,
  machine: HelloAnswer['machine'],
  parts: AgentParts,
  signal: AbortSignal,
): Promise<'reported' | 'dropped'> {
  const { run } = work;
  switch (run.kind) {
    case 'container': {
      const shown = new ActionConsole(parts.say, parts.clock, machine.name, work);
      return runAttempt({ ...work, run }, parts, shown, signal);
    }
    case 'job': {
      const { jobsDirectory, around } = parts.jobs;
      // Its scripts are given the token: it is not to be seen in what they say.
      const assignment = { ...work, run: { ...run, secrets: [...run.secrets, around.token] } };
      const shown = new ActionConsole(parts.say, parts.clock, machine.name, assignment);
      const jobParts = { ...parts, jobsDirectory, around: { ...around, machine: machine.id } };
      return runJob(assignment, jobParts, shown, signal);
    }
    case 'verb':
      return announce(work, run.verb, machine, parts, signal);
  }
}

/** A verb can't report after it was done: it succeeds now, and the server answers the next question with it. */
async function announce(
  work: ActionAssignment,
  verb: Verb,
  machine: HelloAnswer['machine'],
  { api, clock, boot, power, say }: AgentParts,
  signal: AbortSignal,
): Promise<'reported' | 'dropped'> {
  const shown = new ActionConsole(say, clock, machine.name, work);
  const { workflow, action, attempt } = work;
  const obstacle = await power.obstacle(verb);
  const ending =
    obstacle === undefined
      ? ({ state: 'SUCCESS', message: 'will be done now' } as const)
      : ({ state: 'FAILED', message: obstacle } as const);
  if (obstacle !== undefined) shown.end(ending.state, obstacle, 0);
  const report = { workflow, action, attempt, boot, ...ending, at: clock.now(), seconds: 0 };
  const answer = await api.report(report, signal);
  if (answer.kind === 'refused') shown.say(`the server refuses the report: ${answer.reason}`);
  return answer.kind === 'refused' ? 'dropped' : 'reported';
}
