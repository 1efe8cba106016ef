/**
 * Every error a person can meet, by stable code: the HTTP status it travels with, and the exit code of the command
 * line. The message says what happened, to which machine or file, and why; `next` says what to do.
 */
const CATALOGUE = {
  INTERNAL: { status: 500, exit: 70 },
  USAGE: { status: 400, exit: 64 },
  INVALID_INPUT: { status: 422, exit: 65 },
  NOT_FOUND: { status: 404, exit: 66 },
  CONFLICT: { status: 409, exit: 65 },
  PRECONDITION_FAILED: { status: 412, exit: 65 },
  DATA_CONFLICT: { status: 409, exit: 65 },
  UNAUTHORIZED: { status: 401, exit: 77 },
  FORBIDDEN: { status: 403, exit: 77 },
  UNREACHABLE: { status: 502, exit: 69 },
  UNAVAILABLE: { status: 503, exit: 69 },
  PORT_TAKEN: { status: 503, exit: 69 },
  DATA_DIRECTORY_IN_USE: { status: 503, exit: 75 },
  DATA_DIRECTORY_FOREIGN: { status: 503, exit: 78 },
  DATA_DIRECTORY_UNUSABLE: { status: 503, exit: 73 },
  STORE_CORRUPT: { status: 503, exit: 74 },
  STORE_WRITE_FAILED: { status: 507, exit: 74 },
  TIMED_OUT: { status: 504, exit: 75 },
  WORKFLOW_FAILED: { status: 409, exit: 1 },
} as const satisfies Record<string, { status: number; exit: number }>;

/** Stable name of a kind of error. */
export type ErrorCode = keyof typeof CATALOGUE;

/** Every code there is. */
export const ERROR_CODES = Object.keys(CATALOGUE) as [ErrorCode, ...ErrorCode[]];

/** Whether something is a code of this version: a newer server may know more. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(CATALOGUE, value);
}

/** HTTP status of a kind of error. */
export function statusOf(code: ErrorCode): number {
  return CATALOGUE[code].status;
}

/** Exit code of the command line for a kind of error (sysexits.h). */
export function exitOf(code: ErrorCode): number {
  return CATALOGUE[code].exit;
}

/** One thing wrong with an input: where (field path, or line and column, both from 1), and what. */
export interface Problem {
  /** Field path such as `network.interfaces[0].dhcp.mac`, or `''` for the whole document. */
  field: string;
  message: string;
  line?: number;
  column?: number;
  /** The file it is in, when there is one. */
  file?: string;
}

/** An error written for the person who reads it. */
export class TinsmithError extends Error {
  readonly code: ErrorCode;
  /** What to do about it, one sentence. */
  readonly next: string | undefined;
  /** What is wrong with the input, each with its place; empty when the error is not about an input. */
  readonly problems: readonly Problem[];

  constructor(
    code: ErrorCode,
    message: string,
    more: { next?: string; problems?: readonly Problem[]; cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'TinsmithError';
    this.code = code;
    this.next = more.next;
    this.problems = more.problems ?? [];
  }

  /** HTTP status of this kind of error. */
  get status(): number {
    return statusOf(this.code);
  }

  /** Exit code of the command line for this kind of error (sysexits.h). */
  get exit(): number {
    return exitOf(this.code);
  }
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
