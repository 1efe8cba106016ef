/**
 * What the HTTP API under `/api/v1` says: the shapes that server, command line and console share. Types only, so that
 * the command line starts without the schemas (`shapes/`) that they are inferred from. Times are ISO 8601 in UTC unless
 * said otherwise, identifiers are UUIDs; lists come as `{ data: […] }`, long ones in pages with `next`.
 */
export type { ParamsAnswer, ParamsChanged } from '../worker/protocol.ts';
export type { DhcpSettings, Image, Preview, RoleStatus, Status, TraceEntry, TraceSummary } from './shapes/appliance.ts';
export type { ContentObject, ContentPut, PackAdded, PackInfo, PackRemoved } from './shapes/content.ts';
export type { DiscoveryRule, InventoryTold } from './shapes/discovery.ts';
export type { AnyEvent, EventKind, StreamEvent, StreamFacts } from './shapes/event.ts';
export type { Explained, FirmwarePreview, TracedBoot } from './shapes/explain.ts';
export type { FilePut, Iso, StoredFile } from './shapes/file.ts';
export type { ActionLog, DataVersion, DataWritten, ServiceLog, WorkflowActionEvent } from './shapes/history.ts';
export type { Job, JobLog } from './shapes/job.ts';
export type { Lease } from './shapes/lease.ts';
export type { Life, LifeSummary, MachineParams, SealingKey, TaskStep } from './shapes/life.ts';
export type { Machine, MachinesPushed } from './shapes/machine.ts';
export type { ProblemDetails } from './shapes/problem.ts';
export type { Subnet, SubnetPut } from './shapes/subnet.ts';
export type { LintedTemplate, RenderedTemplate, Template } from './shapes/template.ts';
export type { Webhook, WebhookMade, WebhookTested } from './shapes/webhook.ts';
export type { Action, NewWorkflow, ServiceView, Task, Workflow } from './shapes/workflow.ts';

/** Every answer but a status and a preview. */
export interface Data<T> {
  data: T;
}

/** A part of a list. */
export interface Page<T> extends Data<T[]> {
  /** There is more: given as `after`, this gets it. */
  next?: string;
}
