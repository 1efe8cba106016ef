/** Why nothing is begun on a machine, and what ends it. Pure. */
import type { Hello } from '../worker/protocol.ts';
import type { JobExit } from '../workflows/workflow.ts';
import type { Halt, Life } from './record.ts';

/** What a Job's exit means for the machine: of two, the one that goes further is done. */
const ORDER: readonly (JobExit | undefined)[] = [undefined, 'stop', 'poweroff', 'reboot'];

/** Reboot beats power-off, and that beats stop (Digital Rebar's order of exit states). */
export function strongest(a: JobExit | undefined, b: JobExit | undefined): JobExit | undefined {
  return ORDER.indexOf(a) >= ORDER.indexOf(b) ? a : b;
}

/** What a machine is on its way to, if it is. */
export function exitOf(halt: Halt | undefined): JobExit | undefined {
  switch (halt?.why) {
    case 'reboot':
    case 'poweroff':
    case 'stop':
      return halt.why;
    case 'paused':
    case 'failed':
    case 'incomplete':
    case 'bootenv':
    case undefined:
      return undefined;
  }
}

/** A machine that is going down, or whose agent is going to end. */
export function goingDown(exit: JobExit, because: string, life: Life, now: number): Halt {
  const what = { reboot: 'restarts', poweroff: 'is switched off', stop: 'waits for another agent: this one ends' }[
    exit
  ];
  return {
    why: exit,
    sentence: `the machine ${what}, ${withoutEnd(because)}`,
    at: now,
    boot: life.in?.boot,
    agent: life.in?.agent,
  };
}

/** A sentence that others go on with. */
export function withoutEnd(sentence: string): string {
  return sentence.replace(/[.\s]+$/, '');
}

/** The machine is in another environment than it is to be in; undefined where it is in the right one, or nobody knows. */
export function elsewhere(life: Pick<Life, 'bootEnv' | 'in'>, now: number): Halt | undefined {
  if (life.bootEnv === undefined || life.in === undefined || life.in.bootEnv === life.bootEnv) return undefined;
  return {
    why: 'bootenv',
    sentence: `the machine is in boot environment ${life.in.bootEnv}, and is to be in ${life.bootEnv}: restart it`,
    at: now,
    boot: life.in.boot,
  };
}

/** What is left of a halt once a worker has said hello. */
export function afterHello(halt: Halt | undefined, { boot, agent }: Pick<Hello, 'boot' | 'agent'>): Halt | undefined {
  switch (halt?.why) {
    case undefined:
    // Where the machine is has just been said.
    case 'bootenv':
      return undefined;
    case 'reboot':
    case 'poweroff':
      return boot === halt.boot ? halt : undefined;
    case 'stop':
    case 'incomplete':
      return boot === halt.boot && agent === halt.agent ? halt : undefined;
    case 'paused':
    case 'failed':
      return halt;
  }
}
