/** The services by their full names, each call of each answered by the same engine. */
import { agentCalls } from './agent-calls.ts';
import { dataCalls } from './data-calls.ts';
import { dialectOf } from './dialect.ts';
import { HARDWARE_SERVICE, SLIM_SERVICE, TEMPLATE_SERVICE, WORKFLOW_SERVICE } from './files.ts';
import { hardwareCalls } from './hardware-calls.ts';
import { AGENT_METHODS } from './messages/agent.ts';
import { HARDWARE_METHODS } from './messages/hardware.ts';
import { TEMPLATE_METHODS } from './messages/template.ts';
import { SLIM_METHODS, WORKFLOW_METHODS } from './messages/workflow.ts';
import type { GrpcParts, GrpcPolicy } from './parts.ts';
import type { AnyMethod, Caller, Handlers } from './protobuf/service.ts';
import { GrpcError } from './status.ts';
import { templateCalls } from './template-calls.ts';
import { workerCalls } from './worker-calls.ts';
import { TinkerbellWorkers } from './workers.ts';
import { workflowCalls } from './workflow-calls.ts';

/** Everything that Tinkerbell's clients call, by service. */
export interface TinkerbellCalls {
  workflow: Handlers<typeof WORKFLOW_METHODS>;
  template: Handlers<typeof TEMPLATE_METHODS>;
  hardware: Handlers<typeof HARDWARE_METHODS>;
  slim: Handlers<typeof SLIM_METHODS>;
  agent: Handlers<typeof AGENT_METHODS>;
}

/** All calls over the same parts, by service. */
export function tinkerbellCalls(parts: GrpcParts, policy: GrpcPolicy): TinkerbellCalls {
  const workers = new TinkerbellWorkers(parts, policy);
  return {
    workflow: {
      ...workflowCalls(parts, workers),
      ...workerCalls(parts, workers, 'cli'),
      ...dataCalls(parts, workers),
    },
    template: templateCalls(parts.templates),
    hardware: hardwareCalls(parts),
    slim: workerCalls(parts, workers, 'slim'),
    agent: agentCalls(workers, parts.clock),
  };
}

/** A method as it is on the wire: bytes in, bytes out. */
export type RawMethod =
  | { stream: false; answer: (request: Buffer, caller: Caller) => Promise<Buffer> }
  | { stream: true; answer: (request: Buffer, caller: Caller) => AsyncIterable<Buffer> };

/** Calls that a worker makes: who it is decides, not a token. */
const OF_WORKERS: ReadonlySet<string> = new Set<keyof typeof WORKFLOW_METHODS>([
  'GetWorkflowContexts',
  'GetWorkflowActions',
  'ReportActionStatus',
  'GetWorkflowContextList',
  'GetWorkflowData',
  'GetWorkflowMetadata',
  'GetWorkflowDataVersion',
  'UpdateWorkflowData',
]);

/** The methods of all services by their paths, without reflection. */
export function rawMethods(calls: TinkerbellCalls, policy: GrpcPolicy): Map<string, Map<string, RawMethod>> {
  const guard = (caller: Caller): void => {
    if (!caller.administrator && !policy.openAdministration) throw notAdministrator();
  };
  const slim = raw(SLIM_METHODS, calls.slim);
  const agent = raw(AGENT_METHODS, calls.agent);
  const reportAsSlim = slim.get('ReportActionStatus');
  const reportAsAgent = agent.get('ReportActionStatus');
  const both: RawMethod = {
    stream: false,
    async answer(request, caller) {
      const method = dialectOf(request) === 'slim' ? reportAsSlim : reportAsAgent;
      if (!method || method.stream) throw new GrpcError('UNIMPLEMENTED', 'there is no such report');
      return method.answer(request, caller);
    },
  };
  return new Map([
    [WORKFLOW_SERVICE, raw(WORKFLOW_METHODS, calls.workflow, (name) => (OF_WORKERS.has(name) ? undefined : guard))],
    [TEMPLATE_SERVICE, raw(TEMPLATE_METHODS, calls.template, () => guard)],
    [HARDWARE_SERVICE, raw(HARDWARE_METHODS, calls.hardware, () => guard)],
    [SLIM_SERVICE, new Map([...slim, ...agent, ['ReportActionStatus', both]])],
  ]);
}

function notAdministrator(): GrpcError {
  return new GrpcError(
    'PERMISSION_DENIED',
    'This call is the administrator’s. Send the token as metadata (authorization: Bearer TOKEN) or, where nobody else can reach this port, start the server with --grpc-admin on.',
  );
}

type Guard = (caller: Caller) => void;

/** Puts the codecs around the handlers of a service. */
function raw<M extends Record<string, AnyMethod>>(
  methods: M,
  handlers: Handlers<M>,
  guardOf: (name: string) => Guard | undefined = () => undefined,
): Map<string, RawMethod> {
  return new Map(
    Object.entries(methods).map(([name, { request, response, stream }]): [string, RawMethod] => {
      const handler = handlers[name] as (message: unknown, caller: Caller) => unknown;
      const guard = guardOf(name);
      const call = (bytes: Buffer, caller: Caller): unknown => {
        guard?.(caller);
        return handler(request.decode(bytes), caller);
      };
      if (!stream)
        return [name, { stream, answer: async (bytes, caller) => response.encode(await call(bytes, caller)) }];
      return [
        name,
        {
          stream,
          async *answer(bytes, caller) {
            for await (const each of call(bytes, caller) as AsyncIterable<unknown>) yield response.encode(each);
          },
        },
      ];
    }),
  );
}
