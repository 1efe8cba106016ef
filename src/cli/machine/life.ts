/** The life of a machine: looking at it, and telling it where to go. */
import type { Data, Life } from '../../api/types.ts';
import { Client, serverFlags } from '../client.ts';
import { command } from '../command.ts';
import { outputFlag, rowFlags, say, write } from '../output.ts';
import { fetchLife, NAME, pathOf } from './named.ts';

const FORCE = { type: 'boolean', describe: 'In the middle of Tasks too: they are given up' } as const;

export const life = command({
  usage: 'life <name>',
  summary: 'Show which stage a machine is in, how far it is, and why nothing is begun',
  examples: [['machine life node1', 'Stage, Tasks, and what it waits for']],
  flags: (yargs) => serverFlags(rowFlags(yargs)).positional('name', NAME),
  async run(args, terminal) {
    const data = await fetchLife(new Client(args, terminal), args.name);
    const { halt, in: inside, tasks, currentTask } = data;
    const rows = [
      ['Stage', data.stage],
      ['List Of Stages', data.list],
      ['Boot Environment', data.bootEnv],
      ...(inside ? [['In', `${inside.bootEnv} since ${inside.at}`]] : []),
      ['Runnable', String(data.runnable)],
      ['Locked', String(data.locked)],
      ['Profiles', data.profiles.join('\n')],
      ['Tasks', tasks.map((task, i) => `${i === currentTask ? '>' : ' '} ${i} ${task}`).join('\n')],
      ['Current Task', currentTask],
      ['Current Job', data.job],
      ['Workflow', data.workflow],
      ...(halt ? [['Halted', `${halt.why}: ${halt.sentence}, since ${halt.at}`]] : []),
      ...(data.waits ? [['Waits', data.waits]] : []),
      ...(data.unusable.length > 0 ? [['Not Usable', data.unusable.join('\n')]] : []),
    ];
    write(terminal, args, { headers: ['Field Name', 'Values'], rows, json: { data } });
  },
});

export const stage = command({
  usage: 'stage <name> <stage>',
  summary: 'Put a machine into a stage, whose Tasks are then run',
  examples: [
    ['machine stage node1 discover', 'When the Tasks of its stage are done'],
    ['machine stage node1 install --force', 'Whatever it is doing'],
  ],
  flags: (yargs) =>
    serverFlags(outputFlag(yargs))
      .positional('name', NAME)
      .positional('stage', { type: 'string', demandOption: true, describe: 'Name of the stage' })
      .option('force', FORCE),
  async run(args, terminal) {
    const { name, stage, force } = args;
    const answer = await tell(new Client(args, terminal), name, 'stage', { stage, force });
    say(terminal, args.output, `Machine ${name}: stage ${answer.data.stage}${standing(answer.data)}`, answer);
  },
});

export const stages = command({
  usage: 'stages <name> [list]',
  summary: 'Send a machine through a list of stages, which Digital Rebar calls a workflow',
  examples: [
    ['machine stages node1 discover-base', 'From the first stage of the list on'],
    ['machine stages node1', 'Through none any more: change-stage/map says again what follows'],
  ],
  flags: (yargs) =>
    serverFlags(outputFlag(yargs))
      .positional('name', NAME)
      .positional('list', { type: 'string', describe: 'Name of the list; else it has none any more' })
      .option('force', FORCE),
  async run(args, terminal) {
    const { name, list = null, force } = args;
    const answer = await tell(new Client(args, terminal), name, 'list', { list, force });
    const { list: now, stage } = answer.data;
    const text = now === undefined ? 'no list of stages' : `list ${now}, stage ${stage}`;
    say(terminal, args.output, `Machine ${name}: ${text}${standing(answer.data)}`, answer);
  },
});

export const bootenv = command({
  usage: 'bootenv <name> <bootenv>',
  summary: 'Have a machine boot another environment from its next start on',
  examples: [['machine bootenv node1 local', 'Nothing is run on it until it is in that environment']],
  flags: (yargs) =>
    serverFlags(outputFlag(yargs))
      .positional('name', NAME)
      .positional('bootenv', { type: 'string', demandOption: true, describe: 'Name of the boot environment' })
      .option('force', FORCE),
  async run(args, terminal) {
    const { name, bootenv, force } = args;
    const answer = await tell(new Client(args, terminal), name, 'bootenv', { bootEnv: bootenv, force });
    const { bootEnv } = answer.data;
    say(terminal, args.output, `Machine ${name}: boot environment ${bootEnv}${standing(answer.data)}`, answer);
  },
});

export const run = forEach('run', {
  summary: 'Let machines go on: after a pause, after a failure, or with what is incomplete',
  meaning: 'A Task that failed is run again, as another Job',
});
export const pause = forEach('pause', {
  summary: 'Begin no more Tasks on machines; what runs goes on',
  meaning: 'Until it is told to run',
});
export const lock = forEach('lock', {
  summary: 'Lock machines: nothing of them can be changed',
  meaning: 'Until it is unlocked',
});
export const unlock = forEach('unlock', { summary: 'Unlock machines', meaning: 'They can be changed again' });

/** A command that tells each of several machines the same. The first that refuses ends it. */
function forEach(verb: 'run' | 'pause' | 'lock' | 'unlock', words: { summary: string; meaning: string }) {
  return command({
    usage: `${verb} <names..>`,
    summary: words.summary,
    examples: [[`machine ${verb} node1`, words.meaning]],
    flags: (yargs) =>
      serverFlags(outputFlag(yargs)).positional('names', {
        type: 'string',
        array: true,
        demandOption: true,
        describe: 'Id, name, MAC or IP address',
      }),
    async run(args, terminal) {
      const client = new Client(args, terminal);
      for (const name of args.names) {
        const answer = await tell(client, name, verb, {});
        say(terminal, args.output, `Machine ${name}: ${stateOf(answer.data)}`, answer);
      }
    },
  });
}

/** Tells a machine something. @returns its life as it is then */
export function tell(client: Client, machine: string, what: string, body: object): Promise<Data<Life>> {
  return client.post<Data<Life>>(pathOf(machine, what), body);
}

function stateOf({ locked, runnable, halt, unusable }: Life): string {
  const why = halt?.sentence ?? unusable[0];
  const state = runnable ? 'runnable' : `not runnable${why === undefined ? '' : `: ${why}`}`;
  return locked ? `locked, ${state}` : state;
}

function standing(life: Life): string {
  return life.runnable ? '' : ` (${stateOf(life)})`;
}
