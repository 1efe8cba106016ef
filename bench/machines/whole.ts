/** Whether what a server has stored of a fleet is all that its agents did. */
import { readLog } from '../../src/workflows/logs.ts';
import { openParts } from '../workflows/parts.ts';
import { STAGES, tasksOf } from './fleet.ts';

/** What was found. `chains`: machines whose Jobs are all there, each after the one before, in the order of their Tasks. */
export interface Whole {
  jobs: number;
  chains: number;
  /** Of Jobs, with both entries in their order, and nothing else. */
  logs: number;
}

/** What each machine has done, in order. */
const ORDER = STAGES.flatMap((stage) => tasksOf(stage).map((task) => `${stage}/${task}`));

/** Reads a data directory whose server has ended. */
export async function lookWhole(directory: string): Promise<Whole> {
  const { store, machines, jobs } = await openParts(directory);
  const found: Whole = { jobs: 0, chains: 0, logs: 0 };
  for (const { id } of await machines.list()) {
    const chain = (await jobs.chain(id)).reverse();
    found.jobs += chain.filter(({ state, exitState }) => state === 'finished' && exitState === 'complete').length;
    const isWhole =
      chain.length === ORDER.length &&
      chain.every(({ number, previous, stage, task }, n) => {
        const inOrder = `${stage}/${task}` === ORDER[n] && number === n + 1;
        return inOrder && previous === chain[n - 1]?.id;
      });
    if (isWhole) found.chains++;
    for (const [n, { workflow, action, attempts }] of chain.entries()) {
      const entries = await Promise.all(attempts.map((attempt) => readLog(store, { workflow, action, attempt })));
      const said = entries.flat().map(({ text }) => text);
      if (JSON.stringify(said) === JSON.stringify([`serial ${id}\n`, `task ${n}\n`])) found.logs++;
    }
  }
  await store.close();
  return found;
}
