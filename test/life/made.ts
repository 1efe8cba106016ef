/** Machines with stages and Tasks over a real store, with a clock of the test's own. */
import type { TestContext } from 'node:test';
import type { Section } from '../../src/content/index.ts';
import type { Hello, Report } from '../../src/worker/protocol.ts';
import { made as madeParts, type over, pushed } from '../workflows/made.ts';

export { over } from '../workflows/made.ts';

/** Objects by section, as they are put. */
export type Written = readonly { section: Section; input: object }[];

export async function made(t: TestContext, content: Written = []) {
  const parts = await madeParts(t);
  await parts.content.putAll(content);
  return parts;
}

type Parts = Awaited<ReturnType<typeof over>>;

/** A worker as the server hears it: asks, and reports whatever the test says. */
export async function agent(parts: Parts, n: number, start: Partial<Hello> = {}) {
  const machine =
    (await parts.machines.list()).find(({ name }) => name === `machine-${n}`) ?? (await pushed(parts.machines, n));
  const said: Hello = { mac: '', boot: 'boot-1', version: 'test', agent: 'agent-1', ...start };
  await parts.assignments.hello(machine, said);
  const ask = () => parts.assignments.ask(machine, said.boot, said.agent);
  return {
    machine,
    ask,
    /** Runs the Task whose turn it is, and reports how it has ended. @returns its name and Job */
    async run(end: Partial<Report> & Pick<Report, 'state'> = { state: 'SUCCESS' }) {
      const work = await ask();
      if (work.kind !== 'action' || work.run.kind !== 'job') throw new Error(`no Job but ${JSON.stringify(work)}`);
      const report = { ...work.key, boot: said.boot, at: parts.clock() };
      await parts.assignments.report(machine, { ...report, state: 'RUNNING' });
      await parts.assignments.report(machine, { ...report, ...end });
      return { task: work.workflow.actions[work.key.action]?.task, job: parts.jobs.get(work.run.job), run: work.run };
    },
  };
}

/** A Task of one script that does nothing. */
export const task = (name: string, more: object = {}): Written[number] => ({
  section: 'tasks',
  input: { name, templates: [{ name: 'script', contents: '#!/bin/sh\ntrue\n' }], ...more },
});

export const stage = (name: string, tasks: string[], more: object = {}): Written[number] => ({
  section: 'stages',
  input: { name, tasks, ...more },
});
