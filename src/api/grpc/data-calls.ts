/** The ephemeral data as Tinkerbell's workers know it: one file, sent whole. */
import type { Machine } from '../../machines/machines.ts';
import type { DataVersion, DataWriter } from '../../workflows/data.ts';
import type { Workflow } from '../../workflows/workflow.ts';
import type { WORKFLOW_METHODS } from './messages/workflow.ts';
import type { GrpcParts } from './parts.ts';
import type { Caller, Handlers } from './protobuf/service.ts';
import { notIn } from './worker-calls.ts';
import type { TinkerbellWorkers } from './workers.ts';

type DataMethods = Pick<
  typeof WORKFLOW_METHODS,
  'GetWorkflowData' | 'GetWorkflowMetadata' | 'GetWorkflowDataVersion' | 'UpdateWorkflowData'
>;

/** Workers whose last version is remembered. */
const REMEMBERED = 10_000;

/** What a worker has of a workflow's data: the version it was sent, and the length of its file. */
interface Held {
  version: number;
  length: number;
}

/** The calls about a workflow's data, for its workers and for administrators. */
export function dataCalls({ workflows, data }: GrpcParts, workers: TinkerbellWorkers): Handlers<DataMethods> {
  // In memory: after a restart of ours their first update replaces what is there, as it always did.
  const held = new Map<string, Held>();
  const keyOf = ({ id }: Workflow, { address }: Caller): string => `${id}/${address}`;
  const hold = (key: string, now: Held): void => {
    if (!held.has(key) && held.size >= REMEMBERED) held.clear();
    held.set(key, now);
  };

  /** The machines as whose worker the caller may act; none for an administrator who is no machine. */
  const admit = (id: string, caller: Caller): { workflow: Workflow; mine: Machine[] } => {
    const workflow = workflows.get(id);
    const mine = workers.machinesAt(workflow, caller);
    if (mine.length === 0 && !caller.administrator) throw notIn(workflow.id, caller);
    return { workflow, mine };
  };

  return {
    async GetWorkflowData({ workflow_id, version }, caller) {
      const { workflow, mine } = admit(workflow_id, caller);
      const found = data.read(workflow.id, version || undefined);
      const bytes = found?.bytes ?? Buffer.alloc(0);
      if (mine.length === 0 || version !== 0) return { data: bytes, version: found?.version };
      const key = keyOf(workflow, caller);
      const length = Math.max(held.get(key)?.length ?? 0, bytes.length);
      hold(key, { version: found?.version ?? 0, length });
      const filled = data.rules(workflow.id).kind === 'json' ? padded(bytes, length) : bytes;
      return { data: filled, version: found?.version };
    },
    async GetWorkflowMetadata({ workflow_id, version }, caller) {
      const { workflow } = admit(workflow_id, caller);
      const found = data.read(workflow.id, version || undefined);
      return { data: Buffer.from(found ? JSON.stringify(metadataOf(found.meta)) : ''), version: found?.version };
    },
    async GetWorkflowDataVersion({ workflow_id }, caller) {
      const { workflow } = admit(workflow_id, caller);
      return { version: data.read(workflow.id)?.version };
    },
    async UpdateWorkflowData(request, caller) {
      const { workflow, mine } = admit(request.workflow_id, caller);
      const key = keyOf(workflow, caller);
      const before = held.get(key);
      const { version, merged } = await data.write(workflow.id, {
        bytes: request.data,
        base: before?.version,
        by: writerOf(request.metadata, mine),
      });
      // What was merged into it, the worker has not, until it asks for it before its next action.
      const length = Math.max(before?.length ?? 0, request.data.length);
      hold(key, { version: merged && before ? before.version : version, length });
      return {};
    },
  };
}

/**
 * Their worker writes what it is sent over its file without cutting it: behind shorter data the end of the longer would
 * stay. White space after JSON is nothing.
 */
function padded(bytes: Buffer, length: number): Buffer {
  const missing = length - bytes.length;
  return bytes.length > 0 && missing > 0 ? Buffer.concat([bytes, Buffer.alloc(missing, ' ')]) : bytes;
}

/** The names of their metadata. */
function metadataOf({ at, by, sha256 }: DataVersion): Record<string, string> {
  return {
    workerID: by.worker ?? by.name,
    actionName: by.action ?? '',
    taskName: by.task ?? '',
    updatedAt: new Date(at).toISOString(),
    sha256,
  };
}

function writerOf(metadata: Buffer, mine: readonly Machine[]): DataWriter {
  const said = readMetadata(metadata);
  const text = (value: unknown): string | undefined =>
    typeof value === 'string' && value !== '' ? value.slice(0, 200) : undefined;
  const machine = mine.find(({ id }) => id === said.workerID) ?? mine[0];
  if (!machine) return { name: 'an administrator' };
  const action = text(said.actionName);
  const task = text(said.taskName);
  const name = action ? `action ${action} (task ${task ?? '?'}) on ${machine.name}` : `the worker of ${machine.name}`;
  return { name, worker: machine.id, task, action };
}

/** It is only for people; the data counts. */
function readMetadata(metadata: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(metadata.toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
