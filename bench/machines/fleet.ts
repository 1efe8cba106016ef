/** Machines in their first stage, and what their stages are made of, in a data directory. */
import { readFile } from 'node:fs/promises';
import type { PutInput } from '../../src/content/index.ts';
import { makeMachines } from '../workflows/made.ts';
import { openParts } from '../workflows/parts.ts';

/** The stages that each machine goes through, by `change-stage/map`. */
export const STAGES = ['inventory', 'configure', 'burn-in'] as const;
/** Tasks of each stage. */
export const TASKS = 4;

const AT_ONCE = 500;
/** The one value that the scripts ask for; each machine has its own. */
const PARAM = 'bench/serial';

/** Names of the Tasks of a stage, in order. */
export const tasksOf = (stage: string): string[] => Array.from({ length: TASKS }, (_, n) => `${stage}-${n}`);

/**
 * Makes machines whose agents have said hello, in the first stage: all their Tasks are still to be done.
 *
 * @param file gets a line for each: token, `-`, boot id, machine (which is its agent's name, too)
 */
export async function makeFleet(directory: string, file: string, machines: number): Promise<void> {
  await makeMachines(directory, file, machines, 0);
  const workers = (await readFile(file, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => line.split(' '));
  const { store, content, assignments, lives } = await openParts(directory);
  await content.putAll(objects());
  for (let first = 0; first < workers.length; first += AT_ONCE)
    await Promise.all(
      workers.slice(first, first + AT_ONCE).map(async ([, , boot = '', id = '']) => {
        await assignments.hello({ id, name: id }, { mac: '', boot, agent: id, version: 'bench' });
        await lives.setParams(id, { set: { [PARAM]: `serial ${id}` } });
        await lives.setStage(id, { stage: STAGES[0] });
      }),
    );
  await store.close();
}

/** Three stages of four Tasks, and the map that leads from one to the next. */
function objects(): PutInput[] {
  const map = Object.fromEntries(STAGES.slice(1).map((next, n) => [STAGES[n], next]));
  const contents = `#!/bin/sh\necho "{{.Param "${PARAM}"}}"\n`;
  return [
    { section: 'params', input: { name: PARAM, schema: { type: 'string' } } },
    ...STAGES.flatMap((stage) =>
      tasksOf(stage).map(
        (name) => ({ section: 'tasks', input: { name, templates: [{ name: 'say', contents }] } }) as const,
      ),
    ),
    ...STAGES.map(
      (name) => ({ section: 'stages', input: { name, bootEnv: 'sledgehammer', tasks: tasksOf(name) } }) as const,
    ),
    { section: 'profiles', input: { name: 'global', params: { 'change-stage/map': map } } },
  ];
}
