/** Errors as they travel: TinsmithError to RFC 9457 problem details and back. */
import { type ErrorCode, isErrorCode, messageOf, type Problem, TinsmithError } from '../errors.ts';
import type { ProblemDetails } from './types.ts';

export const PROBLEM_JSON = 'application/problem+json';
/** Where the kinds of errors are described, on the appliance (RFC 9457 section 3.1.1: it may be relative). */
export const ERROR_PAGE = '/docs/errors';

/** Problem details of any error. One that is not ours shows as INTERNAL, with its message. */
export function toProblemDetails(error: unknown): ProblemDetails {
  const ours = error instanceof TinsmithError ? error : new TinsmithError('INTERNAL', messageOf(error));
  return {
    type: `${ERROR_PAGE}#${ours.code}`,
    // Loaded late: the command line starts without node:http.
    title: process.getBuiltinModule('node:http').STATUS_CODES[ours.status] ?? 'Error',
    status: ours.status,
    detail: ours.message,
    code: ours.code,
    ...(ours.next === undefined ? {} : { next: ours.next }),
    ...(ours.problems.length === 0 ? {} : { problems: ours.problems }),
  };
}

/** The error that problem details tell of; undefined when the value is none. */
export function fromProblemDetails(value: unknown, status: number): TinsmithError | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { code, detail, next, problems } = value as Partial<Record<keyof ProblemDetails, unknown>>;
  if (typeof detail !== 'string') return undefined;
  return new TinsmithError(isErrorCode(code) ? code : codeOfStatus(status), detail, {
    next: typeof next === 'string' ? next : undefined,
    problems: Array.isArray(problems) ? problems.filter(isProblem) : [],
  });
}

/** The nearest code for an HTTP status, for answers that name none. */
export function codeOfStatus(status: number): ErrorCode {
  switch (status) {
    case 401:
      return 'UNAUTHORIZED';
    case 403:
      return 'FORBIDDEN';
    case 404:
      return 'NOT_FOUND';
    case 409:
      return 'CONFLICT';
    case 412:
      return 'PRECONDITION_FAILED';
    case 503:
      return 'UNAVAILABLE';
    default:
      return status >= 400 && status < 500 ? 'INVALID_INPUT' : 'INTERNAL';
  }
}

function isProblem(value: unknown): value is Problem {
  return (
    typeof value === 'object' &&
    value !== null &&
    'field' in value &&
    'message' in value &&
    typeof value.field === 'string' &&
    typeof value.message === 'string'
  );
}
