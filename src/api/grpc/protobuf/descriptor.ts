/** What reflection tells of our tables: google.protobuf.FileDescriptorProto, made from the tables themselves. */
import {
  blob,
  choice,
  type EnumType,
  enumeration,
  explicit,
  flag,
  int32,
  type MessageType,
  many,
  message,
  one,
  type Scalar,
  type Sendable,
  text,
} from './message.ts';
import type { AnyMethod } from './service.ts';

/** One proto file's worth of tables. */
export interface ProtoFile {
  /** `workflow.proto` */
  name: string;
  package: string;
  messages: MessageType<unknown>[];
  services: Record<string, Record<string, AnyMethod & { clientStream?: boolean }>>;
  /** The files that its messages are made of as well. */
  imports: ProtoFile[];
}

const Type = enumeration('Type', {
  TYPE_INT64: 3,
  TYPE_INT32: 5,
  TYPE_BOOL: 8,
  TYPE_STRING: 9,
  TYPE_MESSAGE: 11,
  TYPE_BYTES: 12,
  TYPE_UINT32: 13,
  TYPE_ENUM: 14,
});
const TYPES: Record<Scalar, keyof typeof Type.values> = {
  int64: 'TYPE_INT64',
  int32: 'TYPE_INT32',
  bool: 'TYPE_BOOL',
  string: 'TYPE_STRING',
  bytes: 'TYPE_BYTES',
  uint32: 'TYPE_UINT32',
};
const Label = enumeration('Label', { LABEL_OPTIONAL: 1, LABEL_REPEATED: 3 });

const FieldDescriptorProto = message('FieldDescriptorProto', {
  name: text(1),
  number: int32(3),
  // Label and type have no 0: they are always written.
  label: explicit(choice(4, Label)),
  type: explicit(choice(5, Type)),
  type_name: text(6),
  oneof_index: explicit(int32(9)),
  json_name: text(10),
});
const OneofDescriptorProto = message('OneofDescriptorProto', { name: text(1) });
const EnumValueDescriptorProto = message('EnumValueDescriptorProto', { name: text(1), number: explicit(int32(2)) });
const EnumDescriptorProto = message('EnumDescriptorProto', {
  name: text(1),
  value: many(one(2, EnumValueDescriptorProto)),
});
const DescriptorProto = message('DescriptorProto', {
  name: text(1),
  field: many(one(2, FieldDescriptorProto)),
  // Messages in messages, as their bytes: on the wire that is the same, and the table needs not contain itself.
  nested_type: many(blob(3)),
  oneof_decl: many(one(8, OneofDescriptorProto)),
});
const MethodDescriptorProto = message('MethodDescriptorProto', {
  name: text(1),
  input_type: text(2),
  output_type: text(3),
  client_streaming: flag(5),
  server_streaming: flag(6),
});
const ServiceDescriptorProto = message('ServiceDescriptorProto', {
  name: text(1),
  method: many(one(2, MethodDescriptorProto)),
});
const FileDescriptorProto = message('FileDescriptorProto', {
  name: text(1),
  package: text(2),
  dependency: many(text(3)),
  message_type: many(blob(4)),
  enum_type: many(one(5, EnumDescriptorProto)),
  service: many(one(6, ServiceDescriptorProto)),
  syntax: text(12),
});

/** A file's descriptor, as bytes. @throws Error when a table uses a message that neither the file nor its imports have. */
export function fileDescriptor(file: ProtoFile): Buffer {
  const fullName = (type: MessageType<unknown> | EnumType<string>): string => {
    const home = [file, ...file.imports].find(
      (each) =>
        each.messages.includes(type as MessageType<unknown>) || enumsOf(each).includes(type as EnumType<string>),
    );
    if (!home) throw new Error(`${file.name} uses ${type.name}, which it has not`);
    return `.${home.package}.${type.name}`;
  };
  return FileDescriptorProto.encode({
    name: file.name,
    package: file.package,
    dependency: file.imports.map(({ name }) => name),
    message_type: childrenOf(file, '').map((type) => descriptorOf(file, type, fullName)),
    enum_type: enumsOf(file).map(({ name, values }) => ({
      name,
      value: Object.entries(values).map(([key, number]) => ({ name: key, number })),
    })),
    service: Object.entries(file.services).map(([name, methods]) => ({
      name,
      method: Object.entries(methods).map(([key, { request, response, stream, clientStream }]) => ({
        name: key,
        input_type: fullName(request),
        output_type: fullName(response),
        client_streaming: clientStream ?? false,
        server_streaming: stream,
      })),
    })),
    syntax: 'proto3',
  });
}

/** Full names of what a file has that reflection may be asked for. */
export function symbolsOf(file: ProtoFile): string[] {
  const services = Object.entries(file.services).flatMap(([name, methods]) => [
    name,
    ...Object.keys(methods).map((method) => `${name}.${method}`),
  ]);
  const named = [...services, ...file.messages.map(({ name }) => name), ...enumsOf(file).map(({ name }) => name)];
  return named.map((name) => `${file.package}.${name}`);
}

function enumsOf({ messages }: ProtoFile): EnumType<string>[] {
  const types = messages.flatMap(({ fields }) => Object.values(fields).map(({ type }) => type));
  return [...new Set(types.flatMap((type) => (type.is === 'enum' ? [type.of] : [])))];
}

/** The messages directly in another, or in none (`''`). */
function childrenOf({ messages }: ProtoFile, parent: string): MessageType<unknown>[] {
  return messages.filter(({ name }) => name.slice(0, Math.max(0, name.lastIndexOf('.'))) === parent);
}

function descriptorOf(
  file: ProtoFile,
  type: MessageType<unknown>,
  fullName: (type: MessageType<unknown> | EnumType<string>) => string,
): Buffer {
  const groups = [...new Set(Object.values(type.fields).flatMap(({ oneof }) => (oneof === undefined ? [] : [oneof])))];
  const fields = Object.entries(type.fields).map(
    ([name, field]): Sendable<ReturnType<typeof FieldDescriptorProto.decode>> => ({
      name,
      number: field.number,
      label: field.repeated ? 'LABEL_REPEATED' : 'LABEL_OPTIONAL',
      type:
        field.type.is === 'scalar' ? TYPES[field.type.scalar] : field.type.is === 'enum' ? 'TYPE_ENUM' : 'TYPE_MESSAGE',
      type_name: field.type.is === 'scalar' ? '' : fullName(field.type.of),
      oneof_index: field.oneof === undefined ? undefined : groups.indexOf(field.oneof),
      json_name: camelCase(name),
    }),
  );
  return DescriptorProto.encode({
    name: type.name.slice(type.name.lastIndexOf('.') + 1),
    field: fields,
    nested_type: childrenOf(file, type.name).map((child) => descriptorOf(file, child, fullName)),
    oneof_decl: groups.map((name) => ({ name })),
  });
}

/** The JSON name that protoc gives a field. */
export function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
