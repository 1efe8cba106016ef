/** The codec of protocol buffers, and what it does with bytes that are none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ActionStatusRequest } from '../../../src/api/grpc/messages/agent.ts';
import { Hardware } from '../../../src/api/grpc/messages/hardware.ts';
import { GetRequest } from '../../../src/api/grpc/messages/template.ts';
import { WorkflowAction, WorkflowActionStatus } from '../../../src/api/grpc/messages/workflow.ts';
import { fromJson, MalformedJson, toJson } from '../../../src/api/grpc/protobuf/json.ts';
import type { MessageType } from '../../../src/api/grpc/protobuf/message.ts';
import { MalformedMessage, rawFields } from '../../../src/api/grpc/protobuf/wire.ts';
import { anyMessage } from './any-message.ts';

const TYPES: MessageType<unknown>[] = [WorkflowAction, WorkflowActionStatus, ActionStatusRequest, Hardware, GetRequest];
for (const type of TYPES) {
  test(`${type.name}: decoding is the opposite of encoding, and JSON of its own`, () => {
    fc.assert(
      fc.property(anyMessage(type), (value) => {
        assert.deepEqual(type.decode(type.encode(value)), value);
        assert.deepEqual(fromJson(type, JSON.parse(JSON.stringify(toJson(type, value)))), value);
      }),
      { numRuns: 200 },
    );
  });
}

test('any bytes are a message, or refused by name', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      try {
        WorkflowActionStatus.decode(Buffer.from(bytes));
      } catch (error) {
        assert.ok(error instanceof MalformedMessage, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});

test('a message cut anywhere is never read past its end', () => {
  const whole = WorkflowActionStatus.encode({
    workflow_id: 'workflow',
    seconds: 300,
    created_at: { seconds: 1_600_000_000, nanos: 1 },
  });
  for (let length = 0; length < whole.length; length++) {
    try {
      WorkflowActionStatus.decode(whole.subarray(0, length));
    } catch (error) {
      assert.ok(error instanceof MalformedMessage);
    }
  }
});

test('unknown fields are skipped, in every form', () => {
  // 15: a number, 8 bytes, text, 4 bytes; then workflow_id.
  const unknown = Buffer.from('787f79000000000000000' + '07a0141' + '7d00000000' + '0a0177', 'hex');
  assert.deepEqual(
    [...rawFields(unknown)].map(({ number, wire }) => `${number} ${wire}`),
    ['15 0', '15 1', '15 2', '15 5', '1 2'],
  );
  assert.equal(WorkflowActionStatus.decode(unknown).workflow_id, 'w');
});

test('what a field cannot be is refused by its name', () => {
  const refused = (hex: string): string => {
    try {
      WorkflowActionStatus.decode(Buffer.from(hex, 'hex'));
    } catch (error) {
      if (error instanceof MalformedMessage) return error.message;
    }
    return assert.fail('it was taken');
  };
  assert.equal(refused('0805'), 'WorkflowActionStatus.workflow_id is a number there');
  assert.equal(refused('220161'), 'WorkflowActionStatus.action_status is not a number there');
  assert.equal(refused('2009'), 'WorkflowActionStatus.action_status is 9, which State has not');
  assert.equal(refused('0a01ff'), 'WorkflowActionStatus.workflow_id is not UTF-8');
  assert.equal(refused('28ffffffffffffffff7f'), 'WorkflowActionStatus.seconds is too large a number');
  assert.equal(refused('0b'), 'field 1 has the form 3, which there is not');
});

test('JSON that is no such message is refused by its field', () => {
  for (const [json, message] of [
    [[], 'the body is not a JSON object, which WorkflowActionStatus is'],
    [{ workflow: 'x' }, 'workflow is not known: WorkflowActionStatus has no such field'],
    [{ workflow_id: 1 }, 'workflow_id is not text'],
    [{ seconds: 'many' }, 'seconds is not a whole number'],
    [{ createdAt: 'today' }, 'createdAt is not a time such as 2020-07-01T12:00:00Z'],
  ] as const) {
    assert.throws(
      () => fromJson(WorkflowActionStatus, json),
      (error) => error instanceof MalformedJson && error.message === message,
    );
  }
});
