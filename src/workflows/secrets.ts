/**
 * Secrets of a workflow: values that its containers get, and that appear nowhere else. The workflow's record has a mask
 * in their place; what the containers really get is kept beside it and goes to the worker alone.
 */
import { TinsmithError } from '../errors.ts';
import { masker } from '../mask.ts';
import type { Reader, Transaction } from '../store/store.ts';
import type { ImageRun, JobTask, TemplateHook, TemplateService } from './template/document.ts';
import type { ActionPlan, ServiceRecord, Workflow } from './workflow.ts';

/** Characters that a secret has at least: a shorter one would mask half of everything, and hide nothing. */
export const SHORTEST_SECRET = 4;

/** What the containers of a workflow really get. */
export interface Unmasked {
  values: string[];
  /** By position, of the tasks' actions and of the services; and of hooks at the level of the workflow by their name. */
  actions: Record<number, ImageRun | JobTask>;
  services: Record<number, TemplateService>;
  hooks: Record<string, ImageRun>;
}

const keyOf = (workflow: string): string => `workflow-secret/${workflow}`;

/** @throws TinsmithError INVALID_INPUT for one that cannot be kept out of logs */
export function checkSecrets(secrets: Readonly<Record<string, string>>): void {
  const problems = Object.entries(secrets)
    .filter(([, value]) => value.length < SHORTEST_SECRET)
    .map(([name]) => ({ field: `secrets.${name}`, message: `has fewer than ${SHORTEST_SECRET} characters` }));
  if (problems.length === 0) return;
  throw new TinsmithError(
    'INVALID_INPUT',
    `A secret must have at least ${SHORTEST_SECRET} characters, or it cannot be kept out of the logs.`,
    {
      next: 'Give it more characters, or give it as a plain value of the hardware map.',
      problems,
    },
  );
}

/** Puts masks in the place of the secrets. `unmasked` is undefined where there are none. */
export function maskWorkflow(
  workflow: Workflow,
  secrets: Readonly<Record<string, string>>,
): { workflow: Workflow; unmasked: Unmasked | undefined } {
  const values = Object.values(secrets);
  if (values.length === 0) return { workflow, unmasked: undefined };
  const mask = masker(values);
  const unmasked: Unmasked = { values, actions: {}, services: {}, hooks: {} };
  workflow.actions.forEach(({ run }, i) => {
    if (run.kind !== 'verb') unmasked.actions[i] = run;
  });
  workflow.services.forEach((service, i) => {
    unmasked.services[i] = service;
  });
  for (const { name, run } of workflow.onFailure) unmasked.hooks[`on_failure/${mask(name)}`] = run;
  for (const { name, run } of workflow.onTimeout) unmasked.hooks[`on_timeout/${mask(name)}`] = run;
  // What is not the template's own words stays as it is, whatever a secret may be.
  const maskedRun = <T extends ActionPlan['run']>(run: T): T =>
    run.kind === 'verb' ? run : { ...maskDeep(run, mask), kind: run.kind };
  const maskedService = ({ machine, state, restart, ports, ...service }: ServiceRecord): ServiceRecord => ({
    ...maskDeep(service, mask),
    ...{ machine, state, restart, ports },
  });
  const maskedHook = <T extends TemplateHook>(hook: T): T => ({
    ...hook,
    name: mask(hook.name),
    run: maskedRun(hook.run),
  });
  return {
    unmasked,
    workflow: {
      ...workflow,
      name: mask(workflow.name),
      devices: maskDeep(workflow.devices, mask),
      rendered: mask(workflow.rendered),
      tasks: workflow.tasks.map((task) => ({ ...task, name: mask(task.name) })),
      actions: workflow.actions.map((action) => ({
        ...action,
        name: mask(action.name),
        task: mask(action.task),
        run: maskedRun(action.run),
      })),
      services: workflow.services.map(maskedService),
      onFailure: workflow.onFailure.map(maskedHook),
      onTimeout: workflow.onTimeout.map(maskedHook),
    },
  };
}

/** A value with masks in all its texts. */
export function maskDeep<T>(value: T, mask: (text: string) => string): T {
  if (typeof value === 'string') return mask(value) as T;
  if (Array.isArray(value)) return value.map((each) => maskDeep(each, mask)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, maskDeep(each, mask)])) as T;
}

/** Keeps what a workflow's containers really get. */
export function putSecrets(transaction: Transaction, workflow: string, unmasked: Unmasked): void {
  transaction.put(keyOf(workflow), unmasked);
}

/** Keeps texts that are secret in a workflow whose actions are found out as it goes. */
export function putSecretValues(transaction: Transaction, workflow: string, values: readonly string[]): void {
  const known = secretsOf(transaction, workflow) ?? { values: [], actions: {}, services: {}, hooks: {} };
  putSecrets(transaction, workflow, { ...known, values: [...new Set([...known.values, ...values])] });
}

/** What keeps a workflow's secrets out of what is said of it; undefined where it has none. Not every worker does so itself. */
export function maskOf(from: Reader, workflow: string): ((text: string) => string) | undefined {
  const unmasked = secretsOf(from, workflow);
  return unmasked && masker(unmasked.values);
}

/** Forgets it. */
export function deleteSecrets(transaction: Transaction, workflow: string): void {
  transaction.delete(keyOf(workflow));
}

/** What its containers really get; undefined: it has no secrets. */
export function secretsOf(from: Reader, workflow: string): Unmasked | undefined {
  return from.get<Unmasked>(keyOf(workflow));
}

/** The container of an action as it really is. An action's own hook is that action's, with another command. */
export function unmaskedRun(
  unmasked: Unmasked,
  actions: readonly ActionPlan[],
  index: number,
): ImageRun | JobTask | undefined {
  const hook = actions[index];
  switch (hook?.hook) {
    case undefined:
      return unmasked.actions[index];
    case 'on_failure':
    case 'on_timeout':
      return unmasked.hooks[`${hook.hook}/${hook.name}`];
    case 'on-failure':
    case 'on-timeout': {
      const own = actions.findIndex(({ task, name }) => task === hook.task && `${name} ${hook.hook}` === hook.name);
      const run = unmasked.actions[own];
      if (run?.kind !== 'image') return undefined;
      const command = hook.hook === 'on-failure' ? run?.onFailure : run?.onTimeout;
      return { ...run, command: command?.command ?? [] };
    }
  }
}

/** A report without the secrets of its workflow. Most say nothing in words, and are spared the look for them. */
export function maskReport<
  T extends { workflow: string; message?: string | undefined; logTail?: string[] | undefined },
>(transaction: Transaction, report: T): T {
  const { workflow, message, logTail } = report;
  if (!message && !logTail?.length) return report;
  const mask = maskOf(transaction, workflow);
  if (!mask) return report;
  return {
    ...report,
    ...(message === undefined ? {} : { message: mask(message) }),
    ...(logTail === undefined ? {} : { logTail: logTail.map(mask) }),
  };
}
