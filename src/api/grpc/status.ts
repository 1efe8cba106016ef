/** Errors as gRPC says them. */
import { status as codes, Metadata, type StatusObject } from '@grpc/grpc-js';
import { type ErrorCode, messageOf, TinsmithError } from '../../errors.ts';
import { PreconditionFailure, Status } from './messages/status.ts';
import { MalformedMessage } from './protobuf/wire.ts';

export type CodeName = keyof typeof codes;

/** An answer that is no answer. */
export class GrpcError extends Error {
  readonly code: CodeName;
  /** There is nothing to do: why, for the detail that the newest agent looks for. */
  readonly noAction: { subject: string; description: string } | undefined;

  constructor(code: CodeName, message: string, noAction?: { subject: string; description: string }) {
    super(message);
    this.name = 'GrpcError';
    this.code = code;
    this.noAction = noAction;
  }
}

/** Characters of a message: it travels in a header. */
const LONGEST = 2000;

/** The status that an error travels as. */
export function toStatus(error: unknown): Partial<StatusObject> & { code: codes; details: string } {
  const ours = asGrpcError(error);
  const details = ours.message.slice(0, LONGEST);
  const code = codes[ours.code];
  if (!ours.noAction) return { code, details };
  const metadata = new Metadata();
  const violation = { type: 'NO_ACTION_AVAILABLE', ...ours.noAction };
  const value = PreconditionFailure.encode({ violations: [violation] });
  const any = { type_url: 'type.googleapis.com/google.rpc.PreconditionFailure', value };
  metadata.set('grpc-status-details-bin', Status.encode({ code, message: details, details: [any] }));
  return { code, details, metadata };
}

/** Whatever was thrown, in gRPC's terms. */
export function asGrpcError(error: unknown): GrpcError {
  if (error instanceof GrpcError) return error;
  if (error instanceof MalformedMessage)
    return new GrpcError('INVALID_ARGUMENT', `The message cannot be read: ${error.message}.`);
  if (error instanceof TinsmithError)
    return new GrpcError(codeOf(error.code), error.next ? `${error.message} ${error.next}` : error.message);
  return new GrpcError('INTERNAL', messageOf(error));
}

function codeOf(code: ErrorCode): CodeName {
  switch (code) {
    case 'NOT_FOUND':
      return 'NOT_FOUND';
    case 'INVALID_INPUT':
    case 'USAGE':
      return 'INVALID_ARGUMENT';
    case 'CONFLICT':
      return 'FAILED_PRECONDITION';
    case 'DATA_CONFLICT':
      return 'ABORTED';
    case 'UNAUTHORIZED':
      return 'UNAUTHENTICATED';
    case 'FORBIDDEN':
      return 'PERMISSION_DENIED';
    case 'UNAVAILABLE':
      return 'UNAVAILABLE';
    default:
      return 'INTERNAL';
  }
}
