/** Answers reflection: which services there are, and the files that describe them. Pure. */
import { PROTO_FILES } from './files.ts';
import type { ServerReflectionRequest, ServerReflectionResponse } from './messages/reflection.ts';
import { fileDescriptor, type ProtoFile, symbolsOf } from './protobuf/descriptor.ts';
import type { Sendable } from './protobuf/message.ts';

const NOT_FOUND = 5;
const INVALID_ARGUMENT = 3;

/** The answer to one request of a reflection stream. */
export function reflect(request: ServerReflectionRequest): Sendable<ServerReflectionResponse> {
  return { valid_host: request.host, original_request: request, ...answer(request) };
}

function answer(request: ServerReflectionRequest): Sendable<ServerReflectionResponse> {
  const { file_by_filename: name, file_containing_symbol: symbol } = request;
  if (request.list_services !== undefined)
    return { list_services_response: { service: serviceNames().map((each) => ({ name: each })) } };
  if (name !== undefined)
    return file(
      PROTO_FILES.find((each) => each.name === name),
      name,
    );
  if (symbol !== undefined)
    return file(
      PROTO_FILES.find((each) => symbolsOf(each).includes(symbol)),
      symbol,
    );
  if (request.file_containing_extension || request.all_extension_numbers_of_type !== undefined)
    return refusal(NOT_FOUND, 'there are no extensions');
  return refusal(INVALID_ARGUMENT, 'nothing is asked');
}

const refusal = (error_code: number, error_message: string): Sendable<ServerReflectionResponse> => ({
  error_response: { error_code, error_message },
});

function file(found: ProtoFile | undefined, what: string): Sendable<ServerReflectionResponse> {
  if (!found) return refusal(NOT_FOUND, `there is no ${what}`);
  return { file_descriptor_response: { file_descriptor_proto: [found, ...found.imports].map(fileDescriptor) } };
}

/** Full names of the services, in order. */
export function serviceNames(): string[] {
  return PROTO_FILES.flatMap((each) => Object.keys(each.services).map((name) => `${each.package}.${name}`)).sort();
}
