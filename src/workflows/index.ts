/** Workflows: the templates they are made from, what is done to machines, and the workers' side of it. */
import type { Logger } from 'pino';
import type { LastSeen } from '../machines/last-seen.ts';
import type { Machine, Machines } from '../machines/machines.ts';
import type { EventLog } from '../store/events.ts';
import type { Store } from '../store/store.ts';
import { Assignments } from './assignments.ts';
import { WorkflowData } from './data.ts';
import { Deadlines } from './deadlines.ts';
import { Journal, type Wakes } from './journal.ts';
import { WorkflowRecords } from './records.ts';
import { NO_STAGES, type Stages } from './stages.ts';
import { Templates } from './templates.ts';
import { type Output, WorkerOutput } from './worker-output.ts';
import { Workflows } from './workflows.ts';

/** The workflows, from all sides. */
export interface WorkflowParts {
  templates: Templates;
  workflows: Workflows;
  assignments: Assignments;
  output: WorkerOutput;
  data: WorkflowData;
  deadlines: Deadlines;
  /** Where workflows change: for those that make workflows of their own. */
  journal: Journal;
  records: WorkflowRecords;
}

/** Puts them together over a store. Limits are counted once `deadlines` is started. */
export function makeWorkflows(parts: {
  store: Store;
  events: EventLog;
  machines: Machines;
  lastSeen: LastSeen;
  /** Values for every template beside the devices, such as the server's address. */
  values: (machine: Machine | undefined) => Record<string, unknown>;
  /** Bytes of ephemeral data where the template gives no limit. */
  dataLimit: number;
  /** The stages of machines; none by default. */
  stages?: Stages;
  /** Told what concerns workers. */
  wakes: Omit<Wakes, 'due'>;
  /** Told of output as it is stored. */
  onLog: (output: Output) => void;
  clock: () => number;
  newId: () => string;
  log: Logger;
}): WorkflowParts {
  const { store, events, machines, lastSeen, clock, newId, stages = NO_STAGES } = parts;
  const records = new WorkflowRecords(store);
  const templates = new Templates(store, events, clock, newId);
  const data = new WorkflowData({
    ...{ store, events, clock },
    limit: parts.dataLimit,
    rulesOf: (id) => workflows.get(id).data,
  });
  const wakes: Wakes = { ...parts.wakes, due: (workflow) => deadlines.look(workflow) };
  const journal = new Journal({ records, events, clock, wakes, stages });
  const workflows = new Workflows({
    ...{ store, records, journal, data, machines, templates, clock, newId },
    values: parts.values,
    named: (run) => stages.named(run),
    heard: (machine) => lastSeen.since(machine),
  });
  const assignments = new Assignments({ store, events, records, journal, machines, stages, clock });
  const output = new WorkerOutput({ store, records, onLog: parts.onLog });
  const deadlines = new Deadlines({ workflows, clock, log: parts.log, wake: parts.wakes.work });
  return { templates, workflows, assignments, output, data, deadlines, journal, records };
}
