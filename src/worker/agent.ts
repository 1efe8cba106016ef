/** The worker's loop: say hello, ask for work, do it, report, ask again. */
import { type AttemptParts, removeOthers, runAttempt } from './attempt.ts';
import { ActionConsole, type Say } from './console.ts';
import type { ActionAssignment, ContainerAssignment } from './container-spec.ts';
import type { Hello } from './protocol.ts';
import type { Power } from './verbs.ts';

/** How long the server may hold back its answer while there is nothing to do, seconds. */
const WAIT = 25;
/** Between two questions that brought nothing, at least this, ms: a server that answers at once is not asked without end. */
const PACE = 1_000;
/** After a question that was refused, ms. */
const REFUSED_PAUSE = 5_000;
/** After a verb that did not take this machine away, ms. */
const VERB_PAUSE = 30_000;

export interface AgentParts extends AttemptParts {
  hello: () => Hello;
  power: Power;
  say: Say;
}

/**
 * Works until the signal is aborted.
 * @throws the signal's reason
 */
export async function workForEver(parts: AgentParts, signal: AbortSignal): Promise<never> {
  const { api, clock, power, boot, say, engine } = parts;
  const machine = await sayHello(parts, signal);
  let waitingFor: string | undefined;
  for (;;) {
    const asked = clock.uptime();
    const pace = (): Promise<void> => clock.sleep(Math.max(0, PACE - (clock.uptime() - asked)), signal);
    // Only here is work fetched: everything before has been acknowledged.
    const answer = await api.work({ boot, wait: WAIT }, signal);
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
        await pace();
        break;
      case 'verb':
        say(`${machine}: ${work.verb}, as workflow ${work.workflow} says`);
        await power.perform(work.verb, signal);
        await clock.sleep(VERB_PAUSE, signal);
        break;
      case 'action':
        if ((await act(work, machine, parts, signal)) === 'dropped') await pace();
        break;
    }
  }
}

async function sayHello({ api, hello, say, clock }: AgentParts, signal: AbortSignal): Promise<string> {
  for (;;) {
    const answer = await api.hello(hello(), signal);
    if (answer.kind === 'answer') {
      say(`this is machine ${answer.value.machine.name}`);
      return answer.value.machine.name;
    }
    say(`the server does not take this worker: ${answer.reason}`);
    await clock.sleep(REFUSED_PAUSE, signal);
  }
}

async function act(
  work: ActionAssignment,
  machine: string,
  parts: AgentParts,
  signal: AbortSignal,
): Promise<'reported' | 'dropped'> {
  const { api, clock, boot, say } = parts;
  const shown = new ActionConsole(say, clock, machine, work);
  if (isContainer(work)) return runAttempt(work, parts, shown, signal);
  // A verb can't report after it was done: it succeeds now, and the server answers the next question with it.
  const { workflow, action, attempt } = work;
  const report = {
    workflow,
    action,
    attempt,
    boot,
    state: 'SUCCESS',
    at: clock.now(),
    seconds: 0,
    message: 'will be done now',
  } as const;
  const answer = await api.report(report, signal);
  if (answer.kind === 'refused') shown.say(`the server refuses the report: ${answer.reason}`);
  return answer.kind === 'refused' ? 'dropped' : 'reported';
}

const isContainer = (work: ActionAssignment): work is ContainerAssignment => work.run.kind === 'container';
