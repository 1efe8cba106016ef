/** The workers' calls that come as messages from the HTTP thread, and are answered as express would. */
import { TinsmithError } from '../errors.ts';
import type { DirectRoutes } from '../http/index.ts';
import { tokenOf } from './access.ts';
import { PROBLEM_JSON, toProblemDetails } from './problem.ts';
import { asTinsmithError } from './problem-handler.ts';
import type { Services } from './services.ts';
import { workerCalls } from './worker-calls.ts';

const PREFIX = '/api/v1/worker/';

/** The routes that the HTTP thread takes past express, and their answers. */
export function directRoutes(services: Services): DirectRoutes {
  const { machineOf, calls, questions } = workerCalls(services);
  const paths = (of: object): string[] => Object.keys(of).map((name) => PREFIX + name);
  return {
    paths: { posted: paths(calls), asked: paths(questions) },
    async answer({ path, query, host, authorization, body }) {
      try {
        const { machine } = machineOf(tokenOf(authorization));
        const name = path.slice(PREFIX.length);
        const question = questions[name];
        const call = calls[name];
        if (!question && !call) throw new TinsmithError('NOT_FOUND', `There is nothing at ${path}.`);
        const answer = question
          ? await question(machine, Object.fromEntries(new URLSearchParams(query)), host)
          : await call?.(machine, parsed(body));
        return { status: 200, body: JSON.stringify(answer) };
      } catch (error) {
        const ours = asTinsmithError(error, services.log, path);
        const challenge: Record<string, string> =
          ours.status === 401 ? { 'www-authenticate': 'Bearer realm="tinsmith"' } : {};
        return {
          status: ours.status,
          headers: { 'content-type': `${PROBLEM_JSON}; charset=utf-8`, ...challenge },
          body: JSON.stringify(toProblemDetails(ours)),
        };
      }
    },
  };
}

function parsed(body: string): unknown {
  if (body === '') return undefined;
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw new TinsmithError('INVALID_INPUT', `The body is not JSON: ${String(cause)}`, { cause });
  }
}
