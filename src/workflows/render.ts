/** From a template to a workflow: rendered for the machines it names, so that what can fail here does not fail there. */
import { type Problem, TinsmithError } from '../errors.ts';
import type { Machine, Machines } from '../machines/machines.ts';
import { PROVISIONER } from '../machines/provisioner.ts';
import { untouched } from './engine/index.ts';
import type { Stages } from './stages.ts';
import { withTasksBefore } from './tasks-before.ts';
import type { TemplateHook } from './template/document.ts';
import { type RenderedTemplate, renderTemplate } from './template/index.ts';
import type { Template } from './templates.ts';
import type { Workflow } from './workflow.ts';

/** Who runs a task or a service. */
type WorkerMachine = { id: string; name: string };

/** What a template is rendered with. */
export interface PlanOptions {
  id: string;
  template: Template;
  devices: Record<string, unknown>;
  secrets: Readonly<Record<string, string>>;
  /** For a template that names no machine. */
  machine?: Machine;
  lenient: boolean;
  machines: Pick<Machines, 'find'>;
  /** Values for the template beside the devices, such as the server's address. */
  extra: (machine: Machine | undefined) => Record<string, unknown>;
  /** What is to be known of a Task that it names. */
  named: Stages['named'];
  now: number;
}

/** Renders a template. @throws TinsmithError INVALID_INPUT */
export function renderFor(options: Omit<PlanOptions, 'now' | 'named'>): RenderedTemplate {
  const { id, template, devices, secrets, machines, lenient } = options;
  const first =
    options.machine ??
    Object.values(devices)
      .map((value) => (typeof value === 'string' ? lookUp(machines, value) : undefined))
      .find((machine) => machine !== undefined);
  return renderTemplate(
    template.data,
    {
      devices: { ...options.extra(first), ...devices },
      hardware: first && legacyHardware(first),
      hardwareObject: first?.hardware,
      references: first && referencesOf(first, machines),
      workflowid: id,
      secrets,
    },
    { lenient },
  );
}

/**
 * The workflow that a template makes, secrets and all.
 * @throws TinsmithError INVALID_INPUT, CONFLICT
 */
export function planWorkflow(options: PlanOptions): Workflow {
  const { id, template, devices, now } = options;
  const rendered = renderFor(options);
  const { document } = rendered;
  const machineOf = workersOf(rendered, options, template.name);
  const hook = (each: TemplateHook): TemplateHook & { machine?: string } =>
    each.worker === undefined ? each : { ...each, machine: machineOf(each.worker).id };
  return {
    id,
    name: document.name,
    template: template.id,
    devices,
    rendered: rendered.text,
    globalTimeout: document.globalTimeout,
    data: document.data,
    tasks: document.tasks.map(({ name, worker, timeout }) => ({ name, machine: machineOf(worker).id, timeout })),
    actions: document.tasks.flatMap((task) =>
      withTasksBefore(task.actions, options.named).map((action) =>
        untouched({ ...action, task: task.name, machine: machineOf(task.worker).id }),
      ),
    ),
    services: document.services.map((service) => ({
      ...service,
      machine: machineOf(service.worker).id,
      state: 'PENDING',
      starts: 0,
    })),
    onFailure: document.onFailure.map(hook),
    onTimeout: document.onTimeout.map(hook),
    state: 'PENDING',
    createdAt: now,
    updatedAt: now,
  };
}

/** Finds the machines of all workers that a document names. */
function workersOf(
  { document, placeOf }: RenderedTemplate,
  { machines, named }: Pick<PlanOptions, 'machines' | 'named'>,
  template: string,
): (worker: string) => WorkerMachine {
  const found = new Map<string, WorkerMachine>();
  const problems: Problem[] = [];
  const report = (field: string, message: string): undefined => {
    const { line, column } = placeOf(field) ?? {};
    problems.push({ field, message, line, column });
  };
  const find = (worker: string, field: string): WorkerMachine | undefined => {
    if (worker === PROVISIONER) return { id: PROVISIONER, name: PROVISIONER };
    const machine = lookUp(machines, worker);
    if (!machine) return report(field, `${worker || 'an empty worker'} is no machine's MAC or IP address, name or id`);
    if (machine.hardware.network.interfaces.every(({ netboot }) => netboot?.allow_workflow === false))
      return report(
        field,
        `machine ${machine.name} is not open to workflows: allow_workflow is false in its hardware data`,
      );
    return machine;
  };
  const note = (worker: string, field: string): void => {
    const machine = find(worker, field);
    if (machine) found.set(worker, machine);
  };
  document.tasks.forEach(({ worker, actions }, i) => {
    note(worker, `tasks[${i}].worker`);
    const verb = actions.findIndex(({ run }) => run.kind === 'verb');
    if (worker === PROVISIONER && verb !== -1)
      report(`tasks[${i}].actions[${verb}].verb`, 'the provisioner itself is not restarted by a workflow');
    for (const [k, { run }] of actions.entries()) {
      if (run.kind !== 'job') continue;
      const at = `tasks[${i}].actions[${k}]`;
      if (worker === PROVISIONER)
        report(`${at}.name`, 'Tasks, scripts and files are for machines, not for the provisioner');
      const about = run.step ? { before: [] } : named(run);
      if ('problems' in about) for (const { field, message } of about.problems) report(`${at}.${field}`, message);
    }
  });
  document.services.forEach(({ worker }, i) => {
    note(worker, `services[${i}].worker`);
  });
  for (const [key, hooks] of [
    ['on_failure', document.onFailure],
    ['on_timeout', document.onTimeout],
  ] as const)
    hooks.forEach(({ worker }, i) => {
      if (worker !== undefined) note(worker, `${key}[${i}].worker`);
    });
  if (problems.length > 0) {
    throw new TinsmithError(
      'INVALID_INPUT',
      `Template ${template} cannot be run: ${problems.map(({ field, message }) => `${field}: ${message}`).join('; ')}.`,
      {
        next: 'Check the map given with -r, and that its machines are known: tinsmith machine list',
        problems,
      },
    );
  }
  return (worker) => {
    const machine = found.get(worker);
    if (!machine) throw new TinsmithError('INTERNAL', `Worker ${worker} has not been looked up.`);
    return machine;
  };
}

function lookUp(machines: Pick<Machines, 'find'>, reference: string): Machine | undefined {
  try {
    return reference === '' ? undefined : machines.find(reference);
  } catch {
    return undefined;
  }
}

/** `.Hardware` as templates of Tinkerbell 0.9 to 0.12 see it. */
function legacyHardware({ hardware }: Machine): Record<string, unknown> {
  const metadata = hardware.metadata as
    | { instance?: { storage?: { disks?: { device?: string }[] }; userdata?: string } }
    | null
    | undefined;
  // Tinkerbell's later resource has these beside the metadata.
  const spec = hardware as { disks?: { device?: string }[]; userData?: string | null; vendorData?: string | null };
  return {
    Disks: (spec.disks ?? metadata?.instance?.storage?.disks ?? []).flatMap(({ device }) => (device ? [device] : [])),
    Interfaces: hardware.network.interfaces,
    Metadata: hardware.metadata ?? {},
    UserData: spec.userData ?? metadata?.instance?.userdata ?? '',
    VendorData: spec.vendorData ?? '',
  };
}

/** `.references`: the hardware data of machines that `references` names, as Tinkerbell's resource does. Others are left out. */
function referencesOf({ hardware }: Machine, machines: Pick<Machines, 'find'>): Record<string, unknown> {
  const { references } = hardware as { references?: unknown };
  if (typeof references !== 'object' || references === null) return {};
  const found = Object.entries(references as Record<string, { name?: unknown; resource?: unknown } | null>).flatMap(
    ([name, reference]) => {
      const isHardware = reference?.resource === undefined || reference.resource === 'hardware';
      const machine = isHardware && typeof reference?.name === 'string' ? lookUp(machines, reference.name) : undefined;
      return machine ? [[name, machine.hardware]] : [];
    },
  );
  return Object.fromEntries(found);
}
