/** Packages grpc.reflection.v1 and v1alpha, which are alike. */
import { blob, int32, type MessageOf, many, message, one, oneOf, text } from '../protobuf/message.ts';
import { streaming } from '../protobuf/service.ts';

const ExtensionRequest = message('ExtensionRequest', { containing_type: text(1), extension_number: int32(2) });
export const ServerReflectionRequest = message('ServerReflectionRequest', {
  host: text(1),
  file_by_filename: oneOf('message_request', text(3)),
  file_containing_symbol: oneOf('message_request', text(4)),
  file_containing_extension: oneOf('message_request', one(5, ExtensionRequest)),
  all_extension_numbers_of_type: oneOf('message_request', text(6)),
  list_services: oneOf('message_request', text(7)),
});
export type ServerReflectionRequest = MessageOf<typeof ServerReflectionRequest>;

const FileDescriptorResponse = message('FileDescriptorResponse', { file_descriptor_proto: many(blob(1)) });
const ExtensionNumberResponse = message('ExtensionNumberResponse', { base_type_name: text(1) });
const ServiceResponse = message('ServiceResponse', { name: text(1) });
const ListServiceResponse = message('ListServiceResponse', { service: many(one(1, ServiceResponse)) });
const ErrorResponse = message('ErrorResponse', { error_code: int32(1), error_message: text(2) });
export const ServerReflectionResponse = message('ServerReflectionResponse', {
  valid_host: text(1),
  original_request: one(2, ServerReflectionRequest),
  file_descriptor_response: oneOf('message_response', one(4, FileDescriptorResponse)),
  all_extension_numbers_response: oneOf('message_response', one(5, ExtensionNumberResponse)),
  list_services_response: oneOf('message_response', one(6, ListServiceResponse)),
  error_response: oneOf('message_response', one(7, ErrorResponse)),
});
export type ServerReflectionResponse = MessageOf<typeof ServerReflectionResponse>;

export const REFLECTION_MESSAGES = [
  ExtensionRequest,
  ServerReflectionRequest,
  FileDescriptorResponse,
  ExtensionNumberResponse,
  ServiceResponse,
  ListServiceResponse,
  ErrorResponse,
  ServerReflectionResponse,
];
export const REFLECTION_METHODS = {
  ServerReflectionInfo: {
    ...streaming(ServerReflectionRequest, ServerReflectionResponse),
    clientStream: true,
  },
};
