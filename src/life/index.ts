/** The lives of machines, on top of the workflows: stages, Tasks, Jobs, params. */
import type { BootEnv, Content } from '../content/index.ts';
import { TinsmithError } from '../errors.ts';
import type { Discovery } from '../machines/discovery/discovery.ts';
import type { Machine } from '../machines/machines.ts';
import { masker } from '../mask.ts';
import type { Reader, Transaction } from '../store/store.ts';
import type { JobStep } from '../worker/protocol.ts';
import { makeWorkflows, type WorkflowParts } from '../workflows/index.ts';
import { maskDeep } from '../workflows/secrets.ts';
import type { Container } from '../workflows/template/document.ts';
import { Course } from './course.ts';
import { makeDiscovery } from './discovery.ts';
import { type FillIn, JobKeeper } from './job-keeper.ts';
import { currentJob, Jobs } from './jobs.ts';
import { Lives } from './lives.ts';
import { lifeOf } from './record.ts';
import { type RenderContext, renderTask } from './render/index.ts';

export { openContent } from './content.ts';
export { Jobs } from './jobs.ts';
export { Lives } from './lives.ts';
export type { LifeView } from './view.ts';

/** What templates are filled in with, beside what is known of the machine. */
export interface Around {
  /** The appliance as the machine reaches it. */
  server: (machine: Machine) => RenderContext['server'];
  processors: RenderContext['processors'];
  /** The value in a sealed one. @throws TinsmithError */
  open: (sealed: unknown) => unknown;
  /** Why a machine cannot boot an environment; nothing is looked for by default. */
  unbootable?: (bootEnv: BootEnv, machine: Machine) => string[];
  /** A token that opens the machine's own work; it counts once the change is on disk. */
  token: (transaction: Transaction, machine: string, kind: Parameters<RenderContext['token']>[0]) => string;
}

/** Stands for what is not to be seen. */
const MASKED_TOKEN = 'PREVIEW';

/** Puts the workflows together, with the stages of machines. */
export function makeLife(
  parts: Omit<Parameters<typeof makeWorkflows>[0], 'stages'> & { content: Content; around: Around },
): WorkflowParts & { lives: Lives; jobs: Jobs; discovery: Discovery } {
  const { store, events, machines, content, clock, newId, around } = parts;
  const wake = parts.wakes.work;
  const jobs = new Jobs({ store, events, clock });
  const contextOf = (
    from: Reader,
    id: string,
    task: string,
    token: RenderContext['token'],
    params?: Record<string, unknown>,
  ): RenderContext & { task: NonNullable<RenderContext['task']> } => {
    const machine = from.get<Machine>(`machine/${id}`);
    const catalogue = content.catalogue();
    const found = catalogue.tasks.get(task);
    if (!machine || !found)
      throw new TinsmithError('NOT_FOUND', machine ? `There is no Task ${task}.` : `There is no machine ${id}.`, {
        next: 'Add it, or take it out of the list of Tasks: tinsmith machine tasks',
      });
    const own = lifeOf(from, id);
    // What a life as it is stored comes to is remembered.
    const life = params === undefined ? own : { ...own, params: { ...own.params, ...params } };
    return {
      ...{ machine, life, job: currentJob(from, id), catalogue, task: found, token, targetOs: 'linux' },
      stage: life.stage === undefined ? undefined : catalogue.stages.get(life.stage),
      bootEnv: catalogue.bootenvs.get(life.in?.bootEnv ?? life.bootEnv ?? ''),
      ...{ server: around.server(machine), processors: around.processors, open: around.open },
    };
  };
  const fillIn: FillIn = (transaction, id, { task, step, params, environment: more }) => {
    const name = transaction.get<Machine>(`machine/${id}`)?.name ?? id;
    const environment = { RS_MACHINE: name, RS_UUID: id, ...more };
    if (step) return { steps: [step], secrets: [], environment, codes: 'sane' };
    const token = (kind: Parameters<RenderContext['token']>[0]): string => around.token(transaction, id, kind);
    const context = contextOf(transaction, id, task, token, params);
    const { steps, secrets } = renderTask(context.task, context);
    const original = context.task.meta['feature-flags']?.split(',').includes('original-exit-codes') ?? false;
    return { steps, secrets, environment, codes: original ? 'original' : 'sane' };
  };
  const keeper = new JobKeeper({ jobs, clock, newId, fillIn, nameOf: (id) => machines.get(id)?.name ?? id });
  const course = new Course({ content, keeper, events, clock, newId, wake });
  const workflows = makeWorkflows({ ...parts, stages: course });
  course.workflows = workflows;
  const preview = (id: string, task: string): JobStep<Container>[] => {
    const context = contextOf(store, id, task, () => MASKED_TOKEN);
    const { steps, secrets } = renderTask(context.task, context);
    const mask = masker(secrets);
    return maskDeep(steps, mask);
  };
  const { journal } = workflows;
  const lives = new Lives({
    ...{ store, events, machines, content, course, journal, clock, wake, preview, open: around.open },
    unbootable: around.unbootable ?? (() => []),
  });
  const discovery = makeDiscovery({
    ...{ store, events, machines, content, course, clock, newId },
    lastSeen: parts.lastSeen,
  });
  return { ...workflows, lives, jobs, discovery };
}
