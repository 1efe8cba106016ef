"""A gRPC client that is not ours: makes the calls that it is told to, one JSON object a line.

{"id", "path", "request": full name, "response": full name, "stream": bool, "message": {...}, "metadata": {...}}
is answered by {"id", "messages": [...]} or {"id", "code", "details", "trailers": {name: base64}}.
{"id", "reflect": "v1" | "v1alpha"} is answered by the services, methods and messages that reflection shows.
"""
import base64
import importlib
import json
import pathlib
import sys
import threading

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, symbol_database

target, compiled = sys.argv[1:3]
sys.path.insert(0, compiled)
for module in pathlib.Path(compiled).glob("*_pb2.py"):
    importlib.import_module(module.stem)
symbols = symbol_database.Default()
options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
if len(sys.argv) > 3:
    certificate = pathlib.Path(sys.argv[3]).read_bytes()
    channel = grpc.secure_channel(target, grpc.ssl_channel_credentials(certificate), options)
else:
    channel = grpc.insecure_channel(target, options)
lock = threading.Lock()


def say(answer):
    with lock:
        print(json.dumps(answer), flush=True)


def shown(message):
    return json_format.MessageToDict(message, preserving_proto_field_name=True)


def call(asked):
    request = json_format.ParseDict(asked.get("message", {}), symbols.GetSymbol(asked["request"])())
    response = symbols.GetSymbol(asked["response"])
    kind = channel.unary_stream if asked.get("stream") else channel.unary_unary
    method = kind(asked["path"], type(request).SerializeToString, response.FromString)
    metadata = list(asked.get("metadata", {}).items())
    result = method(request, timeout=20, metadata=metadata)
    if not asked.get("stream"):
        return {"messages": [shown(result)]}
    if asked.get("first"):
        message = next(result)
        result.cancel()
        return {"messages": [shown(message)]}
    return {"messages": [shown(message) for message in result]}


def reflect(version):
    request = symbols.GetSymbol("grpc.reflection.v1.ServerReflectionRequest")
    response = symbols.GetSymbol("grpc.reflection.v1.ServerReflectionResponse")
    method = channel.stream_stream(
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
        request.SerializeToString,
        response.FromString,
    )

    def ask(**question):
        return next(method(iter([request(**question)]), timeout=20))

    pool = descriptor_pool.DescriptorPool()
    names = [service.name for service in ask(list_services="").list_services_response.service]
    known = set()
    services = {}
    for name in names:
        files = ask(file_containing_symbol=name).file_descriptor_response.file_descriptor_proto
        for file in reversed([descriptor_pb2.FileDescriptorProto.FromString(each) for each in files]):
            if file.name not in known:
                known.add(file.name)
                pool.Add(file)
        found = pool.FindServiceByName(name)
        services[name] = {
            each.name: [
                each.input_type.full_name,
                {field.name: [field.number, field.type] for field in each.input_type.fields},
                each.output_type.full_name,
                {field.name: [field.number, field.type] for field in each.output_type.fields},
            ]
            for each in found.methods
        }
    missing = ask(file_containing_symbol="no.such.Thing").error_response
    return {"services": services, "missing": missing.error_code}


def answer(line):
    asked = json.loads(line)
    try:
        result = reflect(asked["reflect"]) if "reflect" in asked else call(asked)
    except grpc.RpcError as error:
        trailers = {
            key: base64.b64encode(value).decode() for key, value in error.trailing_metadata() or [] if key.endswith("-bin")
        }
        result = {"code": error.code().name, "details": error.details(), "trailers": trailers}
    except Exception as error:  # the test shows it
        result = {"code": "CLIENT", "details": repr(error), "trailers": {}}
    say({"id": asked["id"], **result})


for line in sys.stdin:
    threading.Thread(target=answer, args=(line,), daemon=True).start()
