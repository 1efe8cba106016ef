/** An assignment as a container, and the container as the Docker Engine API wants it. Pure. */
import type { ContainerCreateOptions } from 'dockerode';
import type { ContainerSpec } from './container-engine.ts';
import type { DiskCounters } from './disks.ts';
import type { Assignment, AttemptKey } from './protocol.ts';

/** An action to be run. */
export type ActionAssignment = Extract<Assignment, { kind: 'action' }>;
/** An action to be run in a container. */
export type ContainerAssignment = ActionAssignment & { run: Extract<ActionAssignment['run'], { kind: 'container' }> };

/** The folder that the containers of a workflow share, as they see it. */
export const SHARED = '/workflow';
/** Where the built-in actions' entry point is. */
export const EXECUTABLE = '/usr/bin/tinsmith';
/** Per container, so that output never fills the memory that the in-memory OS lives in. */
export const LOG_CONFIG = { Type: 'json-file', Config: { 'max-size': '24m', 'max-file': '2' } };
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
  assignment: ContainerAssignment,
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
    name: spec.name,
    Image: spec.image,
    ...(spec.command.length > 0 ? { Cmd: spec.command } : {}),
    Env: Object.entries(spec.environment).map(([name, value]) => `${name}=${value}`),
    Tty: false,
    Labels: {
      [LABEL.workflow]: spec.key.workflow,
      [LABEL.action]: String(spec.key.action),
      [LABEL.attempt]: String(spec.key.attempt),
      ...(spec.background ? { [LABEL.background]: 'true' } : {}),
      [LABEL.disks]: JSON.stringify(spec.disks),
    },
    HostConfig: {
      Privileged: spec.privileged,
      NetworkMode: spec.network,
      PidMode: spec.pid,
      Binds: spec.binds,
      ...limits(spec),
      RestartPolicy: { Name: 'no' },
      LogConfig: LOG_CONFIG,
    },
  };
}

/** How much of the machine a container may have, in the engine's units. */
export function limits({ memory, cpus }: { memory?: number; cpus?: number }): { Memory?: number; NanoCpus?: number } {
  return {
    ...(memory === undefined ? {} : { Memory: memory }),
    ...(cpus === undefined ? {} : { NanoCpus: Math.round(cpus * 1e9) }),
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
