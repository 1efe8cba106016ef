/** Package github.com.tinkerbell.tink.protos.workflow, of Tinkerbell 0.2 to 0.8; 0.9 to 0.12 kept three of its calls. */
import {
  blob,
  choice,
  enumeration,
  int32,
  int64,
  type MessageOf,
  many,
  message,
  one,
  text,
} from '../protobuf/message.ts';
import { streaming, unary } from '../protobuf/service.ts';
import { Timestamp } from './timestamp.ts';

export const State = enumeration('State', {
  STATE_PENDING: 0,
  STATE_RUNNING: 1,
  STATE_FAILED: 2,
  STATE_TIMEOUT: 3,
  STATE_SUCCESS: 4,
});
export type State = keyof typeof State.values;

export const Empty = message('Empty', {});

export const Workflow = message('Workflow', {
  id: text(1),
  template: text(2),
  hardware: text(3),
  state: choice(4, State),
  created_at: one(5, Timestamp),
  updated_at: one(6, Timestamp),
  deleted_at: one(7, Timestamp),
  data: text(8),
});

export const CreateRequest = message('CreateRequest', { template: text(1), hardware: text(2) });
export const CreateResponse = message('CreateResponse', { id: text(1) });
export const GetRequest = message('GetRequest', { id: text(1) });

export const WorkflowContext = message('WorkflowContext', {
  workflow_id: text(1),
  current_worker: text(2),
  current_task: text(3),
  current_action: text(4),
  current_action_index: int64(5),
  current_action_state: choice(6, State),
  total_number_of_actions: int64(7),
});
export type WorkflowContext = MessageOf<typeof WorkflowContext>;

export const WorkflowActionStatus = message('WorkflowActionStatus', {
  workflow_id: text(1),
  task_name: text(2),
  action_name: text(3),
  action_status: choice(4, State),
  seconds: int64(5),
  message: text(6),
  created_at: one(7, Timestamp),
  worker_id: text(8),
});
export type WorkflowActionStatus = MessageOf<typeof WorkflowActionStatus>;

export const WorkflowContextRequest = message('WorkflowContextRequest', { worker_id: text(1) });
export const WorkflowContextList = message('WorkflowContextList', { workflow_contexts: many(one(1, WorkflowContext)) });
export const WorkflowActionsRequest = message('WorkflowActionsRequest', { workflow_id: text(1) });

export const WorkflowAction = message('WorkflowAction', {
  task_name: text(1),
  name: text(2),
  image: text(3),
  timeout: int64(4),
  command: many(text(5)),
  on_timeout: many(text(6)),
  on_failure: many(text(7)),
  worker_id: text(8),
  volumes: many(text(9)),
  environment: many(text(10)),
  pid: text(11),
});
export type WorkflowAction = MessageOf<typeof WorkflowAction>;
export const WorkflowActionList = message('WorkflowActionList', { action_list: many(one(1, WorkflowAction)) });

export const GetWorkflowDataRequest = message('GetWorkflowDataRequest', { workflow_id: text(1), version: int32(2) });
export const GetWorkflowDataResponse = message('GetWorkflowDataResponse', { data: blob(1), version: int32(2) });
export const UpdateWorkflowDataRequest = message('UpdateWorkflowDataRequest', {
  workflow_id: text(1),
  metadata: blob(2),
  data: blob(3),
});

/** What a worker of 0.9 to 0.12 calls, under the package `proto`. */
export const SLIM_METHODS = {
  GetWorkflowContexts: streaming(WorkflowContextRequest, WorkflowContext),
  GetWorkflowActions: unary(WorkflowActionsRequest, WorkflowActionList),
  ReportActionStatus: unary(WorkflowActionStatus, Empty),
};

export const WORKFLOW_METHODS = {
  CreateWorkflow: unary(CreateRequest, CreateResponse),
  GetWorkflow: unary(GetRequest, Workflow),
  DeleteWorkflow: unary(GetRequest, Empty),
  ListWorkflows: streaming(Empty, Workflow),
  GetWorkflowContext: unary(GetRequest, WorkflowContext),
  ShowWorkflowEvents: streaming(GetRequest, WorkflowActionStatus),
  GetWorkflowContextList: unary(WorkflowContextRequest, WorkflowContextList),
  ...SLIM_METHODS,
  GetWorkflowData: unary(GetWorkflowDataRequest, GetWorkflowDataResponse),
  GetWorkflowMetadata: unary(GetWorkflowDataRequest, GetWorkflowDataResponse),
  GetWorkflowDataVersion: unary(GetWorkflowDataRequest, GetWorkflowDataResponse),
  UpdateWorkflowData: unary(UpdateWorkflowDataRequest, Empty),
};
