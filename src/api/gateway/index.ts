/**
 * `/v1/workflows`, `/v1/templates`, `/v1/hardware`: the REST paths of Tinkerbell 0.2 to 0.8, which had a gateway from them
 * to its gRPC calls. The calls are the same here; the JSON is the gateway's (grpc-gateway 1).
 */
import express, { type Request, type Response, Router } from 'express';
import type { Logger } from 'pino';
import { TinsmithError } from '../../errors.ts';
import { remoteOf } from '../../http/index.ts';
import { bearerOf, isAdministrator } from '../access.ts';
import type { TinkerbellCalls } from '../grpc/index.ts';
import { HARDWARE_METHODS } from '../grpc/messages/hardware.ts';
import { TEMPLATE_METHODS } from '../grpc/messages/template.ts';
import { WORKFLOW_METHODS } from '../grpc/messages/workflow.ts';
import { fromJson, MalformedJson, toJson } from '../grpc/protobuf/json.ts';
import type { AnyMethod, Caller, Handlers } from '../grpc/protobuf/service.ts';
import { asGrpcError, GrpcError, toStatus } from '../grpc/status.ts';
import { sameSecret } from '../tokens.ts';

/** What the gateway calls, and whom it lets in. */
export interface GatewayParts {
  calls: Pick<TinkerbellCalls, 'workflow' | 'template' | 'hardware'>;
  adminToken: string;
  /** Of basic authentication, as TINK_AUTH_USERNAME and TINK_AUTH_PASSWORD gave them; none without. */
  basic: { username: string; password: string } | undefined;
  log: Logger;
}

/** HTTP statuses of gRPC's codes, as grpc-gateway has them. */
const HTTP_STATUS: Record<number, number> = {
  3: 400,
  4: 504,
  5: 404,
  6: 409,
  7: 403,
  8: 429,
  9: 400,
  10: 409,
  12: 501,
  14: 503,
  16: 401,
};

/** Routes for what is below `/v1`. */
export function gatewayRoutes(parts: GatewayParts): Router {
  const { calls, log } = parts;
  const routes = Router();
  routes.use((req, res, next) => {
    if (isAllowed(req, parts)) {
      next();
      return;
    }
    res.set('www-authenticate', parts.basic ? 'Basic realm="tinsmith", Bearer' : 'Bearer realm="tinsmith"');
    fail(
      res,
      new GrpcError(
        'UNAUTHENTICATED',
        'this needs the administrator’s token, or TINK_AUTH_USERNAME and TINK_AUTH_PASSWORD',
      ),
    );
  });
  routes.use(express.json({ limit: '4mb', strict: false, type: () => true }));

  const serve = <M extends Record<string, AnyMethod>>(methods: M, handlers: Handlers<M>) => {
    return (verb: 'get' | 'post' | 'delete', path: string, name: keyof M & string): void => {
      const method = methods[name];
      const handler = handlers[name] as (message: unknown, caller: Caller) => unknown;
      if (!method) return;
      routes[verb](path, async (req, res) => {
        try {
          const message = fromJson(method.request, requestOf(req));
          const answer = handler(message, callerOf(req, res));
          if (method.stream) await stream(res, method, answer as AsyncIterable<unknown>);
          else res.json(toJson(method.response, await answer));
        } catch (error) {
          if (asGrpcError(error).code === 'INTERNAL' && !(error instanceof MalformedJson))
            log.error({ err: error, request: `${req.method} ${req.path}` }, 'a call through the gateway failed');
          fail(res, error);
        }
      });
    };
  };

  const workflow = serve(WORKFLOW_METHODS, calls.workflow);
  workflow('post', '/workflows', 'CreateWorkflow');
  workflow('get', '/workflows', 'ListWorkflows');
  workflow('get', '/workflows/:id', 'GetWorkflow');
  workflow('delete', '/workflows/:id', 'DeleteWorkflow');
  workflow('get', '/workflows/:id/state', 'GetWorkflowContext');
  workflow('get', '/workflows/:id/events', 'ShowWorkflowEvents');

  const template = serve(TEMPLATE_METHODS, calls.template);
  template('post', '/templates', 'CreateTemplate');
  template('get', '/templates', 'ListTemplates');
  template('get', '/templates/:id', 'GetTemplate');
  template('delete', '/templates/:id', 'DeleteTemplate');

  const hardware = serve(HARDWARE_METHODS, calls.hardware);
  hardware('post', '/hardware', 'Push');
  hardware('post', '/hardware/mac', 'ByMAC');
  hardware('post', '/hardware/ip', 'ByIP');
  hardware('get', '/hardware', 'All');
  hardware('get', '/hardware/:id', 'ByID');
  hardware('delete', '/hardware/:id', 'Delete');
  return routes;
}

/** Body, query and path, of which the path counts most. */
function requestOf(req: Request): unknown {
  const body: unknown = req.body ?? {};
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body;
  return { ...body, ...req.query, ...req.params };
}

function callerOf(req: Request, res: Response): Caller {
  const gone = new AbortController();
  res.once('close', () => gone.abort());
  return { address: remoteOf(req).address, administrator: true, signal: gone.signal };
}

/** A stream is one JSON object a line, each in `result`, or the `error` that it ended with. */
async function stream(res: Response, { response }: AnyMethod, answers: AsyncIterable<unknown>): Promise<void> {
  const iterator = answers[Symbol.asyncIterator]();
  // What fails at once has a status; what fails later, a line.
  let next = await iterator.next();
  res.type('application/json');
  try {
    for (; !next.done && !res.closed; next = await iterator.next())
      res.write(`${JSON.stringify({ result: toJson(response, next.value) })}\n`);
  } catch (error) {
    const { code, details } = statusOf(error);
    const http = HTTP_STATUS[code] ?? 500;
    res.write(`${JSON.stringify({ error: { grpc_code: code, http_code: http, message: details } })}\n`);
  }
  res.end();
}

function fail(res: Response, error: unknown): void {
  const { code, details } = statusOf(error);
  res.status(HTTP_STATUS[code] ?? 500).json({ error: details, code, message: details });
}

function statusOf(error: unknown): { code: number; details: string } {
  return toStatus(error instanceof MalformedJson ? new GrpcError('INVALID_ARGUMENT', `${error.message}.`) : error);
}

function isAllowed(req: Request, { adminToken, basic }: GatewayParts): boolean {
  if (bearerOf(req) !== undefined || !basic) return isAdministrator(req, adminToken);
  const [, encoded] = /^Basic +(\S+)$/i.exec(req.get('authorization') ?? '') ?? [];
  const given = Buffer.from(encoded ?? '', 'base64').toString();
  return sameSecret(given, `${basic.username}:${basic.password}`);
}

/**
 * Reads the variables of the old server.
 * @throws TinsmithError INVALID_INPUT when only one of them is set
 */
export function basicAuthentication(environment: Readonly<Record<string, string | undefined>>): GatewayParts['basic'] {
  const { TINK_AUTH_USERNAME: username, TINK_AUTH_PASSWORD: password } = environment;
  if (!username && !password) return undefined;
  if (username && password) return { username, password };
  const missing = username ? 'TINK_AUTH_PASSWORD' : 'TINK_AUTH_USERNAME';
  throw new TinsmithError('INVALID_INPUT', `${missing} is not set, but the other half of it is.`, {
    next: 'Set both of TINK_AUTH_USERNAME and TINK_AUTH_PASSWORD, or neither.',
    problems: [{ field: missing, message: 'is missing' }],
  });
}
