/** Of a machine that has loaded everything: whether its worker is there, and what it does. Pure. */
import type { Case } from './explain.ts';
import type { ExplainFacts, MachineFacts, Said } from './facts.ts';
import { tooLarge } from './links.ts';
import type { BootProgress } from './stages.ts';
import { timeOf, waitOf, withoutEnd } from './words.ts';

/** A worker at work says so every few seconds; without anything to do, it is asked to at least every minute. */
const SILENT_MS = 90_000;
/** A machine that was told to restart is back after this. */
const RESTART_MS = 10 * 60_000;

/** What a machine does whose worker was heard in this boot; undefined: it was not. */
export function atWork(progress: BootProgress | undefined, facts: ExplainFacts, now: number): Said | undefined {
  const { machine } = facts;
  const hello = progress?.stages.find(({ stage }) => stage === 'worker');
  const home = progress?.stages.find(({ stage }) => stage === 'system');
  if (progress && home?.state === 'proven' && (home.entry?.time ?? 0) >= (hello?.entry?.time ?? 0)) return undefined;
  if (hello?.state === 'broken' && hello.entry) {
    const { reason, what, sentence } = hello.entry;
    return {
      state: 'missing',
      code: reason,
      sentence: what === 'discover' ? sentence : `its worker was turned away: ${withoutEnd(sentence)}`,
      evidence: [hello.entry],
    };
  }
  const helloAt = hello?.state === 'proven' ? hello.entry?.time : undefined;
  const seenAt = machine?.workerAt;
  const isOfThisBoot = helloAt !== undefined || (seenAt !== undefined && seenAt >= (progress?.beganAt ?? 0));
  if (!machine || !isOfThisBoot) return undefined;
  const workerAt = Math.max(helloAt ?? 0, seenAt ?? 0);
  // Nothing was heard while the appliance was down.
  const silence = now - Math.max(workerAt, facts.network.startedAt);
  return silence > SILENT_MS ? silent(machine, workerAt, silence) : working(machine, helloAt ?? workerAt);
}

function silent(machine: MachineFacts, workerAt: number, silence: number): Said {
  const { restarts, workflow, halt } = machine;
  const going = restarts?.verb ?? (halt?.why === 'reboot' || halt?.why === 'poweroff' ? halt.why : undefined);
  const at = timeOf(workerAt);
  if (going === 'poweroff')
    return {
      state: 'declined',
      code: 'switched-off',
      sentence: `was told to switch itself off, and has been silent since ${at}`,
    };
  if (going !== undefined)
    return {
      state: silence > RESTART_MS ? 'missing' : 'under-way',
      code: 'not-back',
      sentence: `was told to restart, and has not been heard since ${at}`,
      next: 'Look whether it is switched on, and starts from the network.',
    };
  const during = workflow?.action ? `, in action ${workflow.action.name} of workflow ${workflow.name}` : '';
  return {
    state: 'missing',
    code: 'worker-silent',
    sentence: `the worker has been silent since ${at}${during}`,
    next: 'Look at its console, its power and its network cable; when it restarts, what ran is run again.',
  };
}

function working(machine: MachineFacts, since: number): Said {
  const { workflow, ended, halt, locked } = machine;
  const at = timeOf(since);
  if (halt)
    return {
      state: halt.why === 'paused' ? 'declined' : 'missing',
      code: halt.why === 'paused' ? 'machine-paused' : `machine-${halt.why}`,
      sentence: `is in the OSIE since ${at}, and nothing is begun on it: ${withoutEnd(halt.sentence)}`,
      next: 'Go on with: tinsmith machine run',
    };
  if (workflow) {
    const { name, waitsFor, paused, action } = workflow;
    if (paused)
      return {
        state: 'declined',
        code: 'workflow-paused',
        sentence: `is in the OSIE since ${at}, and workflow ${name} is paused`,
        next: `Go on with: tinsmith workflow resume ${workflow.id}`,
      };
    if (action)
      return {
        state: 'booted',
        code: 'working',
        sentence: `is running workflow ${name} in the OSIE since ${at}, now action ${action.name} since ${timeOf(action.since)}`,
      };
    if (waitsFor !== undefined)
      return {
        state: 'under-way',
        code: 'workflow-waits',
        sentence: `is in the OSIE since ${at}, and workflow ${name} waits for ${withoutEnd(waitsFor)}`,
      };
    return { state: 'booted', code: 'working', sentence: `is running workflow ${name} in the OSIE since ${at}` };
  }
  if (ended && ended.state !== 'SUCCESS')
    return {
      state: 'missing',
      code: 'workflow-failed',
      sentence: `is in the OSIE since ${at}, and workflow ${ended.name} ended ${ended.state} there at ${timeOf(ended.at)}: ${withoutEnd(ended.message)}`,
      next: `See its output: tinsmith workflow logs ${ended.id}`,
    };
  return {
    state: 'booted',
    code: 'idle',
    sentence: `is in the OSIE since ${at}, and has nothing to do there${locked ? ' (it is locked)' : ''}`,
  };
}

export function missingWorker({ progress, entries, facts, now }: Case): Said {
  const { stages, awaited } = progress;
  const initrd = stages.find(({ stage }) => stage === 'initrd')?.entry;
  const memory = initrd && tooLarge(initrd, facts.machine?.memory);
  if (memory) return memory;
  const since = awaited?.since ?? now;
  // The in-memory system asks DHCP once more, as a system and not as firmware.
  const system = entries.findLast(
    ({ role, time, details }) => role === 'dhcp' && time >= (initrd?.time ?? since) && details.firmware === undefined,
  );
  const far = system
    ? `its system has started and asked for an address at ${timeOf(system.time)}`
    : 'most likely its kernel does not start, has no driver for its network card, or too little memory';
  return {
    state: 'missing',
    code: 'worker-not-heard',
    sentence: `loaded kernel and initrd whole, and for ${waitOf(now - since)} its worker has not been heard: ${far}`,
    next: 'Look at its console; --kernel-argument console=ttyS1 of the appliance shows the kernel on another one.',
    evidence: [...(initrd ? [initrd] : []), ...(system ? [system] : [])],
  };
}
