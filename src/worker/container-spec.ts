/** An assignment as a container, and the container as the Docker Engine API wants it. Pure. */
import type { ContainerCreateOptions, HostConfig } from 'dockerode';
import type { Container, ContainerSpec } from './container-engine.ts';
import type { DiskCounters } from './disks.ts';
import type { Assignment, AttemptKey } from './protocol.ts';

/** An action to be run. */
export type ActionAssignment = Extract<Assignment, { kind: 'action' }>;
/** An action to be run in a container. */
export type ContainerAssignment = ActionAssignment & { run: Extract<ActionAssignment['run'], { kind: 'container' }> };
/** A Task to be run. */
export type JobAssignment = ActionAssignment & { run: Extract<ActionAssignment['run'], { kind: 'job' }> };

/** The folder that the containers of a workflow share, as they see it. */
export const SHARED = '/workflow';
/** Where the built-in actions' entry point is. */
export const EXECUTABLE = '/usr/bin/tinsmith';
/** Per container, so that output never fills the memory that the in-memory OS lives in. */
const LOG_CONFIG = { Type: 'json-file', Config: { 'max-size': '24m', 'max-file': '2' } };
const LABEL = {
  workflow: 'tinsmith.workflow',
  action: 'tinsmith.action',
  attempt: 'tinsmith.attempt',
  background: 'tinsmith.background',
  disks: 'tinsmith.disks',
};
/** The label that every container of a worker has. */
export const MARK = LABEL.workflow;

export function containerSpec(
  assignment: Pick<ContainerAssignment, keyof AttemptKey | 'name' | 'run' | 'background'>,
  around: { image: string; directory: string; executable: string; privileged: boolean; disks: DiskCounters },
): ContainerSpec {
  const { workflow, action, attempt, name, run, background } = assignment;
  const privileged = run.privileged ?? around.privileged;
  return {
    key: { workflow, action, attempt },
    name: `tinsmith-${plain(workflow.slice(0, 8))}-${action}-${attempt}-${plain(name).slice(0, 100)}`,
    image: around.image,
    command: run.command,
    environment: run.environment,
    binds: distinctBinds([
      // Without privileges the devices could not be opened, and `/dev` of its own has what every program needs.
      ...(privileged ? ['/dev:/dev'] : []),
      `${around.directory}:${SHARED}`,
      ...(run.mountsExecutable ? [`${around.executable}:${EXECUTABLE}:ro`] : []),
      ...run.volumes,
    ]),
    network: run.network ?? 'host',
    pid: run.pid ?? '',
    privileged,
    memory: run.memory,
    cpus: run.cpus,
    background,
    disks: around.disks,
  };
}

/** Docker refuses two mounts on one path; the template's, which come last, win over ours. */
export function distinctBinds(binds: readonly string[]): string[] {
  return [...new Map(binds.map((bind) => [bind.split(':')[1], bind])).values()];
}

/** The engine allows [a-zA-Z0-9_.-] in names. */
export const plain = (name: string): string => name.replace(/[^a-zA-Z0-9_.-]/g, '_');

/** A container as the Docker Engine API wants it. */
export function createOptions(spec: ContainerSpec): ContainerCreateOptions {
  return {
    ...ownOptions(spec),
    Labels: {
      [LABEL.workflow]: spec.key.workflow,
      [LABEL.action]: String(spec.key.action),
      [LABEL.attempt]: String(spec.key.attempt),
      ...(spec.background ? { [LABEL.background]: 'true' } : {}),
      [LABEL.disks]: JSON.stringify(spec.disks),
    },
    HostConfig: hostOptions(spec),
  };
}

/** What runs in a container, of whatever kind. */
export function ownOptions({ name, image, command, environment }: Container): ContainerCreateOptions {
  return {
    name,
    Image: image,
    ...(command.length > 0 ? { Cmd: command } : {}),
    Env: Object.entries(environment).map(([variable, value]) => `${variable}=${value}`),
    Tty: false,
  };
}

/** What a container may have of its machine. None is started again by the engine: the worker does that, and reports it. */
export function hostOptions({ privileged, network, pid, binds, memory, cpus }: Container): HostConfig {
  return {
    Privileged: privileged,
    NetworkMode: network,
    PidMode: pid,
    Binds: binds,
    ...(memory === undefined ? {} : { Memory: memory }),
    ...(cpus === undefined ? {} : { NanoCpus: Math.round(cpus * 1e9) }),
    RestartPolicy: { Name: 'no' },
    LogConfig: LOG_CONFIG,
  };
}

/** What the labels of a container say, or undefined where they are not a worker's. */
export function readLabels(
  labels: Readonly<Record<string, string>>,
): { key: AttemptKey; disks: DiskCounters; background: boolean } | undefined {
  const workflow = labels[LABEL.workflow];
  const action = Number(labels[LABEL.action]);
  const attempt = Number(labels[LABEL.attempt]);
  if (workflow === undefined || !Number.isInteger(action) || !Number.isInteger(attempt)) return undefined;
  return {
    key: { workflow, action, attempt },
    disks: readDisks(labels[LABEL.disks]),
    background: labels[LABEL.background] === 'true',
  };
}

function readDisks(text = '{}'): DiskCounters {
  try {
    const pairs = Object.entries(JSON.parse(text) as Record<string, unknown>);
    return Object.fromEntries(pairs.filter((pair): pair is [string, number] => typeof pair[1] === 'number'));
  } catch {
    return {};
  }
}
