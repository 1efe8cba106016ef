/** From a template to a workflow: rendered for the machines it names, so that what can fail here does not fail there. */
import { type Problem, TinsmithError } from '../errors.ts';
import type { Machine, Machines } from '../machines/machines.ts';
import { type RenderedTemplate, renderTemplate } from './template/index.ts';
import type { Template } from './templates.ts';
import type { ActionRecord, Workflow } from './workflow.ts';

/** @throws TinsmithError INVALID_INPUT, CONFLICT */
export function planWorkflow(options: {
  id: string;
  template: Template;
  devices: Record<string, unknown>;
  machines: Machines;
  extra: (machine: Machine | undefined) => Record<string, unknown>;
  now: number;
}): Workflow {
  const { id, template, devices, machines, now } = options;
  const first = Object.values(devices)
    .map((value) => (typeof value === 'string' ? lookUp(machines, value) : undefined))
    .find((machine) => machine !== undefined);
  const rendered = renderTemplate(template.data, {
    devices: { ...options.extra(first), ...devices },
    hardware: first && legacyHardware(first),
    hardwareObject: first?.hardware,
    workflowid: id,
  });
  const { document } = rendered;
  const machineOf = workersOf(rendered, machines, template.name);
  const actions = document.tasks.flatMap((task) =>
    task.actions.map(
      (action): ActionRecord => ({
        task: task.name,
        name: action.name,
        machine: machineOf(task.worker).id,
        timeout: action.timeout,
        run: action.run,
        state: 'PENDING',
        attempt: 0,
      }),
    ),
  );
  return {
    id,
    name: document.name,
    template: template.id,
    devices,
    rendered: rendered.text,
    globalTimeout: document.globalTimeout,
    state: 'PENDING',
    actions,
    createdAt: now,
    updatedAt: now,
  };
}

function workersOf(
  { document, placeOf }: RenderedTemplate,
  machines: Machines,
  template: string,
): (worker: string) => Machine {
  const found = new Map<string, Machine>();
  const problems: Problem[] = [];
  document.tasks.forEach((task, i) => {
    const machine = lookUp(machines, task.worker);
    const field = `tasks[${i}].worker`;
    const { line, column } = placeOf(field) ?? {};
    if (!machine)
      problems.push({
        field,
        message: `${task.worker || 'an empty worker'} is no machine's MAC or IP address, name or id`,
        line,
        column,
      });
    else if (machine.hardware.network.interfaces.every(({ netboot }) => netboot?.allow_workflow === false)) {
      problems.push({
        field,
        message: `machine ${machine.name} is not open to workflows: allow_workflow is false in its hardware data`,
        line,
        column,
      });
    } else found.set(task.worker, machine);
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

function lookUp(machines: Machines, reference: string): Machine | undefined {
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
  return {
    Disks: (metadata?.instance?.storage?.disks ?? []).flatMap(({ device }) => (device ? [device] : [])),
    Interfaces: hardware.network.interfaces,
    Metadata: hardware.metadata ?? {},
    UserData: metadata?.instance?.userdata ?? '',
    VendorData: '',
  };
}
