/** The proto files that reflection shows, and the services that they hold. */
import {
  ActionRequest,
  ActionResponse,
  ActionStatusRequest,
  ActionStatusResponse,
  AGENT_METHODS,
  AGENT_PARTS,
} from './messages/agent.ts';
import * as hardware from './messages/hardware.ts';
import { REFLECTION_MESSAGES, REFLECTION_METHODS } from './messages/reflection.ts';
import * as template from './messages/template.ts';
import { Timestamp } from './messages/timestamp.ts';
import * as workflow from './messages/workflow.ts';
import type { ProtoFile } from './protobuf/descriptor.ts';

const timestampFile: ProtoFile = {
  name: 'google/protobuf/timestamp.proto',
  package: 'google.protobuf',
  messages: [Timestamp],
  services: {},
  imports: [],
};

const SLIM_MESSAGES = [
  workflow.WorkflowContextRequest,
  workflow.WorkflowContext,
  workflow.WorkflowActionsRequest,
  workflow.WorkflowAction,
  workflow.WorkflowActionList,
  workflow.WorkflowActionStatus,
  workflow.Empty,
];

export const WORKFLOW_SERVICE = 'github.com.tinkerbell.tink.protos.workflow.WorkflowService';
export const TEMPLATE_SERVICE = 'github.com.tinkerbell.tink.protos.template.TemplateService';
export const HARDWARE_SERVICE = 'github.com.tinkerbell.tink.protos.hardware.HardwareService';
export const SLIM_SERVICE = 'proto.WorkflowService';
/** Old and new clients ask for one or the other. */
export const REFLECTION_SERVICES = ['grpc.reflection.v1.ServerReflection', 'grpc.reflection.v1alpha.ServerReflection'];

/** Each after its imports. */
export const PROTO_FILES: ProtoFile[] = [
  timestampFile,
  {
    name: 'workflow/workflow.proto',
    package: 'github.com.tinkerbell.tink.protos.workflow',
    messages: [
      ...SLIM_MESSAGES,
      workflow.Workflow,
      workflow.CreateRequest,
      workflow.CreateResponse,
      workflow.GetRequest,
      workflow.WorkflowContextList,
      workflow.GetWorkflowDataRequest,
      workflow.GetWorkflowDataResponse,
      workflow.UpdateWorkflowDataRequest,
    ],
    services: { WorkflowService: workflow.WORKFLOW_METHODS },
    imports: [timestampFile],
  },
  {
    name: 'template/template.proto',
    package: 'github.com.tinkerbell.tink.protos.template',
    messages: [
      template.Empty,
      template.WorkflowTemplate,
      template.CreateResponse,
      template.GetRequest,
      template.ListRequest,
    ],
    services: { TemplateService: template.TEMPLATE_METHODS },
    imports: [timestampFile],
  },
  {
    name: 'hardware/hardware.proto',
    package: 'github.com.tinkerbell.tink.protos.hardware',
    messages: [
      hardware.Empty,
      hardware.Hardware,
      ...hardware.HARDWARE_PARTS,
      hardware.PushRequest,
      hardware.GetRequest,
      hardware.DeleteRequest,
    ],
    services: { HardwareService: hardware.HARDWARE_METHODS },
    imports: [],
  },
  {
    name: 'workflow.proto',
    package: 'proto',
    messages: [
      ...SLIM_MESSAGES,
      ...AGENT_PARTS,
      ActionRequest,
      ActionResponse,
      ActionStatusRequest,
      ActionStatusResponse,
    ],
    // A name can have one description only: ReportActionStatus is shown as the newest agent calls it.
    services: { WorkflowService: { ...workflow.SLIM_METHODS, ...AGENT_METHODS } },
    imports: [timestampFile],
  },
  ...REFLECTION_SERVICES.map((service): ProtoFile => {
    const name = service.slice(0, service.lastIndexOf('.'));
    return {
      name: `${name.replaceAll('.', '/')}/reflection.proto`,
      package: name,
      messages: REFLECTION_MESSAGES,
      services: { ServerReflection: REFLECTION_METHODS },
      imports: [],
    };
  }),
];
