/** What a route throws becomes an answer. */
import type { ErrorRequestHandler } from 'express';
import type { Logger } from 'pino';
import { messageOf, TinsmithError } from '../errors.ts';
import { PROBLEM_JSON, toProblemDetails } from './problem.ts';

/** The last handler of the app: what a route threw becomes an answer; what nobody expected goes to the log as well. */
export function problemHandler(log: Logger): ErrorRequestHandler {
  return (error: unknown, req, res, next) => {
    if (res.headersSent) {
      next(error);
      return;
    }
    const ours = asTinsmithError(error, log, `${req.method} ${req.path}`);
    // RFC 9110 section 11.6.1: whoever is refused for want of a right is told which kind would do.
    if (ours.status === 401) res.set('www-authenticate', 'Bearer realm="tinsmith"');
    res
      .status(ours.status)
      .type(PROBLEM_JSON)
      .send(JSON.stringify(toProblemDetails(ours)));
  };
}

/** Whatever was thrown, as an error for people; what nobody expected goes to the log. */
export function asTinsmithError(error: unknown, log: Logger, what: string): TinsmithError {
  if (error instanceof TinsmithError) return error;
  // Errors of the body parsers and of express carry the status they mean, and are the caller's.
  const { status, type } = error as { status?: number; type?: string };
  if (status !== undefined && status >= 400 && status < 500) {
    const next = type === 'entity.too.large' ? 'Send less at once.' : undefined;
    return new TinsmithError('INVALID_INPUT', `${what}: ${messageOf(error)}`, { next });
  }
  log.error({ err: error, request: what }, 'a request failed');
  return new TinsmithError('INTERNAL', `${what} failed: ${messageOf(error)}`, {
    next: 'See the log of the appliance.',
    cause: error,
  });
}
